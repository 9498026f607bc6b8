"""How a restricted result is opened to everybody: asked for, decided, and shown."""

from services.catalog.datasets.model import OWNERS
from services.catalog.entrypoints import DATASET
from services.catalog.results import opening_commands
from services.catalog.results.views import NewOpening, NewWord, OpeningPage, OpeningView
from shared.http import MEMBER, OWNER, Call, as_rpc, http
from shared.inbound import Paging
from shared.store import Store


class Opening:
    """For the owner of a result, and those whose data went into it."""

    documents: Store

    @as_rpc("dataset_id", OWNER, "reason")
    @http("POST", f"{DATASET}/opening", body=NewOpening, returns=OpeningView, roles=OWNERS)
    def request_opening(self, call: Call, dataset_id: str) -> OpeningView:
        """Ask all whose restricted data went into the caller's result to open it to everybody."""
        reason = call.body.reason
        return opening_commands.ask_opening(self.documents, dataset_id, call.caller, reason)

    @as_rpc("dataset_id", MEMBER, "decision", "version", "reason")
    @http("POST", f"{DATASET}/opening/decision", body=NewWord, returns=OpeningView)
    def decide_on_opening(self, call: Call, dataset_id: str) -> OpeningView:
        """Agree, refuse or take back one's word; it is open once all whose data went in agree."""
        return opening_commands.decide_opening(self.documents, dataset_id, call.caller, call.body)

    @as_rpc("dataset_id")
    @http("GET", f"{DATASET}/opening", returns=OpeningView)
    def get_opening(self, call: Call, dataset_id: str) -> OpeningView:
        """Whose data went into a result, what of it comes out, and what each says of opening it."""
        return opening_commands.read_opening(self.documents, dataset_id, call.caller)

    @as_rpc(MEMBER, "after", "limit")
    @http("GET", "/openings", query=Paging, returns=OpeningPage)
    def list_openings(self, call: Call) -> OpeningPage:
        """The results whose opening waits for the word of the caller, whose data went in."""
        return opening_commands.list_openings(self.documents, call.query, call.caller)
