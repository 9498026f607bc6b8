"""What reviewers do with results of others' restricted data, which wait for them."""

from services.compute.jobs.commands import Commands
from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from services.compute.jobs.release_review import ReleaseDecision
from services.compute.jobs.views import (
    AnswerReviewer,
    AskHolder,
    DecideRelease,
    JobView,
    ReleaseRequestPage,
    ReleaseRequestView,
)
from shared.auth import INSIDE
from shared.engine.tables.release import ReviewedTable
from shared.errors import Forbidden
from shared.http import BY, Call, as_rpc, http
from shared.inbound import Paging
from shared.messaging.client import ServiceProxy
from shared.storage import Storage
from shared.store import Store


class Releasing:
    """For reviewers, who do not decide on their own case."""

    documents: Store
    files: Storage
    intake: ServiceProxy

    @property
    def _held(self) -> Queries:
        return Queries(self.documents, self.intake.get_impediment)

    @as_rpc("after", "limit")
    @http("GET", "/release-requests", query=Paging, returns=ReleaseRequestPage, roles={"reviewer"})
    def list_release_requests(self, call: Call) -> ReleaseRequestPage:
        """The jobs whose results wait for a reviewer, oldest first."""
        return self._held.release_requests(call.query, call.caller)

    @as_rpc("job_id", BY)
    @http("GET", "/release-requests/{job_id}", returns=ReleaseRequestView, roles={"reviewer"})
    def get_release_request(self, call: Call, job_id: str) -> ReleaseRequestView:
        """What was checked of a held result, rule by rule; 403 for whose case it is."""
        return ReleaseRequestView.of(self._held.release_request(job_id, call.caller))

    @as_rpc("job_id", BY)
    @http("GET", "/release-requests/{job_id}/table", returns=ReviewedTable, roles={"reviewer"})
    def get_reviewed_table(self, call: Call, job_id: str) -> ReviewedTable:
        """The first rows of a held result, and which figures a rule is on; 403 as above."""
        job = self._held.release_request(job_id, call.caller)
        if job.reviewed is None:
            return ReviewedTable()
        return ReviewedTable.model_validate_json(self.files.read(job.reviewed))

    @as_rpc("job_id", BY, "question")
    @http(
        "POST",
        "/jobs/{job_id}/release-question",
        body=AskHolder,
        returns=ReleaseRequestView,
        roles={"reviewer"},
    )
    def ask_holder(self, call: Call, job_id: str) -> ReleaseRequestView:
        """Ask the holder of a held result before deciding; 409 while it did not answer the last."""
        self._held.release_request(job_id, call.caller)
        question, by = call.body.question, call.caller.member_id
        jobs = self.documents.of(Job)
        return ReleaseRequestView.of(jobs.change(job_id, lambda job: job.ask_holder(question, by)))

    @as_rpc("job_id", "answer")
    @http("POST", "/jobs/{job_id}/release-answer", body=AnswerReviewer, returns=JobView)
    def answer_reviewer(self, call: Call, job_id: str) -> JobView:
        """Answer what a reviewer asked of one's job; 409 where no question waits."""
        job = self._held.job(job_id, call.caller)
        if call.caller != INSIDE and call.caller.member_id != job.owner_id:
            raise Forbidden("seul le porteur répond à ce qu'un relecteur lui demande")
        answer, jobs = call.body.answer, self.documents.of(Job)
        job = jobs.change(job_id, lambda asked: asked.answer_reviewer(answer))
        return self._held.view(job, call.caller)

    @as_rpc("job_id", BY, "decision", "reason", "version")
    @http(
        "POST",
        "/jobs/{job_id}/release",
        body=DecideRelease,
        returns=ReleaseRequestView,
        roles={"reviewer"},
    )
    def decide_release(self, call: Call, job_id: str) -> ReleaseRequestView:
        """Let a held result go to its holder, with cells masked or not, or keep it back.

        It is decided as its `version` was read; 409 otherwise, and where nothing can be masked.

        Forbidden to the project's holder, to the owners of its data, and to members of their SIREN.
        """
        job = self._held.release_request(job_id, call.caller)
        fields = call.body.model_dump(include={"decision", "reason"})
        decision = ReleaseDecision(**fields, decided_by=call.caller.member_id)
        commands = Commands(self.documents)
        return ReleaseRequestView.of(commands.decide_release(job, decision, call.body.version))
