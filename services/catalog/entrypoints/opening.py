"""How a restricted result is opened to everybody: asked for, decided, and shown."""

from services.catalog.entrypoints.owning import DATASET, OWNERS
from services.catalog.results import opening_commands
from services.catalog.results.views import NewOpening, NewWord, OpeningPage, OpeningView
from shared.auth import INSIDE, Caller
from shared.http import Call, http
from shared.inbound import Identifier, Paging
from shared.messaging import rpc
from shared.store import Store


class Opening:
    """For the owner of a result, and those whose data went into it."""

    documents: Store

    @http("POST", f"{DATASET}/opening", body=NewOpening, returns=OpeningView, roles=OWNERS)
    def ask_opening(self, call: Call, dataset_id: str) -> OpeningView:
        """Ask all whose restricted data went into the caller's result to open it to everybody."""
        member_id, reason = call.caller.member_id, call.body.reason
        return opening_commands.ask_opening(self.documents, dataset_id, member_id, reason)

    @http("POST", f"{DATASET}/opening/decision", body=NewWord, returns=OpeningView)
    def decide_opening(self, call: Call, dataset_id: str) -> OpeningView:
        """Agree, refuse or take back one's word; it is open once all whose data went in agree."""
        return opening_commands.decide_opening(self.documents, dataset_id, call.caller, call.body)

    @http("GET", f"{DATASET}/opening", returns=OpeningView)
    def read_opening(self, call: Call, dataset_id: str) -> OpeningView:
        """Whose data went into a result, what of it comes out, and what each says of opening it."""
        return opening_commands.read_opening(self.documents, dataset_id, call.caller)

    @http("GET", "/openings", query=Paging, returns=OpeningPage)
    def read_openings(self, call: Call) -> OpeningPage:
        """The results whose opening waits for the word of the caller, whose data went in."""
        member_id = call.caller.member_id
        return opening_commands.list_openings(self.documents, call.query, member_id)

    @rpc
    def request_opening(
        self, dataset_id: Identifier, owner_id: Identifier, reason: str = ""
    ) -> OpeningView:
        """Ask all whose restricted data went into that owner's result to open it to everybody."""
        asked = NewOpening(reason=reason)
        return opening_commands.ask_opening(self.documents, dataset_id, owner_id, asked.reason)

    @rpc
    def decide_on_opening(
        self,
        dataset_id: Identifier,
        member_id: Identifier,
        decision: str,
        version: int,
        reason: str = "",
        *,
        fingerprint: str = "",
    ) -> OpeningView:
        """Agree to the opening of a result, refuse it or take that back, in a member's name."""
        word = NewWord(decision=decision, version=version, reason=reason, fingerprint=fingerprint)
        member = Caller(member_id, frozenset())
        return opening_commands.decide_opening(self.documents, dataset_id, member, word)

    @rpc
    def get_opening(self, dataset_id: Identifier) -> OpeningView:
        """Whose data went into a result, what of it comes out, and what each says of opening it."""
        return opening_commands.read_opening(self.documents, dataset_id, INSIDE)

    @rpc
    def list_openings(
        self, member_id: Identifier, after: str | None = None, limit: int = 50
    ) -> OpeningPage:
        """One page of the results whose opening waits for a member's word."""
        query = Paging(after=after, limit=limit)
        return opening_commands.list_openings(self.documents, query, member_id)
