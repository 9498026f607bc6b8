"""Who may read what, who decides on it, and what became of it."""

from typing import Any

from services.catalog.access import requests, usage
from services.catalog.access.bodies import NewDecision, RequestQuery
from services.catalog.access.views import AccessRequest, GrantedDataset, RequestPage, UsePage
from services.catalog.ledger import commands as ledger
from services.catalog.ledger.views import ReleaseClaim, ReleasePage
from shared.events import JobKind, Treatment
from shared.http import OWNER, Call, as_rpc, http
from shared.inbound import Identifier, Paging
from shared.messaging import rpc
from shared.store import Store


class Granting:
    """For the owners of data and the projects that ask for it."""

    documents: Store

    @as_rpc("dataset_id", "after", "limit")
    @http("GET", "/datasets/{dataset_id}/uses", query=Paging, returns=UsePage)
    def list_uses(self, call: Call, dataset_id: str) -> UsePage:
        """Who used the caller's dataset, for which project and with what result."""
        return usage.list_uses(self.documents, dataset_id, call.query, call.caller)

    @as_rpc("dataset_id", "after", "limit")
    @http("GET", "/datasets/{dataset_id}/releases", query=Paging, returns=ReleasePage)
    def list_releases(self, call: Call, dataset_id: str) -> ReleasePage:
        """What left of the caller's restricted dataset, newest first; staff reads more."""
        return ledger.list_releases(self.documents, dataset_id, call.query, call.caller)

    @as_rpc(OWNER, "waiting", "after", "limit")
    @http("GET", "/access-requests", query=RequestQuery, returns=RequestPage)
    def list_access_requests(self, call: Call) -> RequestPage:
        """The requests for the caller's restricted data; all of them for staff."""
        return requests.list_requests(self.documents, call.query, call.caller)

    @as_rpc("request_id")
    @http("GET", "/access-requests/{request_id}", returns=AccessRequest)
    def get_access_request(self, call: Call, request_id: str) -> AccessRequest:
        """What is asked of whom, in sentences, and what was decided."""
        return requests.read_request(self.documents, request_id, call.caller)

    @as_rpc("request_id", OWNER, "decision", "reason")
    @http("POST", "/access-requests/{request_id}/decision", body=NewDecision, returns=AccessRequest)
    def decide_access(self, call: Call, request_id: str) -> AccessRequest:
        """Grant, refuse or revoke a project's access to the caller's data."""
        member_id = call.caller.member_id
        return requests.decide_access(self.documents, request_id, member_id, call.body)

    @rpc
    def open_dataset(
        self,
        project_id: Identifier,
        dataset_id: Identifier,
        job_id: Identifier | None = None,
        treatment: dict[str, Any] | None = None,
        kind: JobKind | None = None,
        *,
        version: int | None = None,
    ) -> GrantedDataset:
        """What a project with a grant reads with that treatment, and for which of its jobs.

        A `version` is that of a job that is repeated; without one it is the newest.

        A trial (`kind`) needs no grant of others' restricted tables: where no protected tables
        answer it gets an `invention`, from which compute makes rows, and nothing of the data.

        Forbidden without a grant, or when the treatment reads or shows more than was granted.
        `columns` are all that may be read of `file`, which is the whole table: compute cuts them
        out in a sandbox of its own, and no job sees the rest.
        """
        checked_treatment = None if treatment is None else Treatment.model_validate(treatment)
        if version:
            ended = usage.read_by_ended(self.documents, project_id, dataset_id, version)
            if ended:
                return ended
        about = (project_id, dataset_id, job_id or "", checked_treatment)
        return usage.open_dataset(self.documents, *about, kind=kind, number=version)

    @rpc
    def open_readable(
        self, treatment: dict[str, Any], member_id: str = ""
    ) -> tuple[GrantedDataset, ...]:
        """The data of a treatment that a member reads without asking anybody; compute tries on it.

        Open data and the member's own, without a member open data alone; of others' restricted
        tables what rows are invented from. Nothing is recorded.
        """
        checked_treatment = Treatment.model_validate(treatment)
        return usage.open_readable(self.documents, checked_treatment, member_id)

    @rpc
    def reserve_releases(
        self, project_id: Identifier, job_id: Identifier, claims: list[dict[str, Any]]
    ) -> None:
        """Enter a job's result into the release ledgers of the data that it was made of.

        Each claim names a `place` (the `ledger_length` that `open_dataset` told), the `entry` and
        the `file` of its cells. Conflict when another result took a place meanwhile: the job is to
        be checked against that one as well.
        """
        release_claims = [ReleaseClaim.model_validate(claim) for claim in claims]
        usage.reserve_releases(self.documents, project_id, job_id, release_claims)
