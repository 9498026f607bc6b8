"""What reviewers do with results that the rules of release hold back."""

from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from services.compute.jobs.release_decision import ReleaseDecision
from services.compute.jobs.views import DecideRelease, ReleaseRequestPage, ReleaseRequestView
from shared.auth import Caller, MemberId
from shared.http import Call, http
from shared.inbound import Identifier, Paging
from shared.messaging import rpc
from shared.messaging.client import ServiceProxy
from shared.store import Store


class Releasing:
    """For reviewers, who do not decide on their own case."""

    documents: Store
    intake: ServiceProxy

    @property
    def _held(self) -> Queries:
        return Queries(self.documents, self.intake.get_impediment)

    @http("GET", "/release-requests", query=Paging, returns=ReleaseRequestPage, roles={"reviewer"})
    def page_release_requests(self, call: Call) -> ReleaseRequestPage:
        """The jobs whose results wait for a reviewer, oldest first."""
        return self._held.release_requests(call.query)

    @http("GET", "/release-requests/{job_id}", returns=ReleaseRequestView, roles={"reviewer"})
    def read_release_request(self, call: Call, job_id: str) -> ReleaseRequestView:
        """What was checked of a held result, rule by rule; 403 for whose case it is."""
        return ReleaseRequestView.of(self._held.release_request(job_id, call.caller))

    @http(
        "POST",
        "/jobs/{job_id}/release",
        body=DecideRelease,
        returns=ReleaseRequestView,
        roles={"reviewer"},
    )
    def decide_on_release(self, call: Call, job_id: str) -> ReleaseRequestView:
        """Let a held result go to its holder or keep it back, as its `version` was; 409 otherwise.

        Forbidden to the project's holder, to the owners of its data, and to members of their SIREN.
        """
        return self._decide(job_id, call.caller, call.body)

    @rpc
    def list_release_requests(
        self, after: str | None = None, limit: int = 50
    ) -> ReleaseRequestPage:
        """One page of the jobs whose results wait for a reviewer."""
        return self._held.release_requests(Paging(after=after, limit=limit))

    @rpc
    def get_release_request(self, job_id: Identifier, by: MemberId) -> ReleaseRequestView:
        """What was checked of a held result, for the reviewer `by`."""
        return ReleaseRequestView.of(self._held.release_request(job_id, _reviewer(by)))

    @rpc
    def decide_release(
        self, job_id: Identifier, by: MemberId, decision: str, reason: str, version: int
    ) -> ReleaseRequestView:
        """Let a held result go to its holder or keep it back, in a reviewer's name."""
        body = {"decision": decision, "reason": reason, "version": version}
        return self._decide(job_id, _reviewer(by), DecideRelease.model_validate(body))

    def _decide(self, job_id: str, caller: Caller, body: DecideRelease) -> ReleaseRequestView:
        self._held.release_request(job_id, caller)
        parameters = {
            "decision": body.decision,
            "reason": body.reason,
            "decided_by": caller.member_id,
        }
        decision, jobs = ReleaseDecision.model_validate(parameters), self.documents.of(Job)
        job = jobs.change(job_id, lambda job: job.decide_release(decision, body.version))
        return ReleaseRequestView.of(job)


def _reviewer(member_id: str) -> Caller:
    return Caller(member_id, frozenset({"reviewer"}))
