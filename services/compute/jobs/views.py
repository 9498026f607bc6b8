"""What compute takes in and gives out over HTTP and RPC."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field

from services.compute.jobs.comparison import Comparison
from services.compute.jobs.model import AnyKind, HeldState, Job, JobState
from services.compute.jobs.release_review import Decision, ReleaseDecision, ReleaseQuestion
from services.compute.jobs.workspace import (
    MOST_QUOTA_SECONDS,
    QuotaAnswer,
    QuotaDecision,
    QuotaRequest,
)
from shared.aggregate import OptionalDate, View, ViewPage
from shared.engine.tables.exports import ExportFormat
from shared.engine.tables.manifest import Output
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.release import ReleaseRecord
from shared.events.compute import StaleCause
from shared.events.event import FileRef, Treatment
from shared.inbound import Body, Identifier, Paging


class SubmitJob(Body):
    """Which project's full job to run."""

    project_id: Identifier


class ListJobs(Paging):
    """Which jobs."""

    project_id: Identifier | None = None
    state: JobState | HeldState | None = None
    newest: bool = Field(default=False, description="those first; else the oldest")


class ReadResult(Body):
    """Which of a job's files, or in which format its table."""

    name: str = "result.csv"
    format: ExportFormat | None = Field(
        default=None,
        description="the table, whatever the name: csv as a French Excel opens it, xlsx with its"
        " sources on a second sheet, or parquet; without it, the file of that name as it is stored",
    )


class StaleView(View):
    """Why a result is not up to date any more."""

    cause: StaleCause
    read_id: str = Field(description="the dataset that changed; empty for a recipe")
    since: AwareDatetime
    change: str = Field(description="the same as a French clause, with the day")


class JobView(View):
    """A job as its project's holder, its dataset's owner and the lab's staff see it."""

    id: str
    kind: AnyKind
    project_id: str | None
    dataset_id: str | None
    state: JobState | HeldState = Field(
        description="held: with others' restricted data, from its start until a reviewer decided;"
        " staff reads how far it is"
    )
    progress: float = Field(description="0 to 1")
    message: str
    queue_place: str = Field(
        default="",
        description="where it stands while it waits for its turn, in French, as of this answer",
    )
    log_tail: str
    reason: str = Field(description="why it failed, was cancelled or given up")
    attempt: int = Field(description="how often the sandbox was started for it")
    cancel_requested: bool
    queued_at: AwareDatetime
    started_at: OptionalDate
    ended_at: OptionalDate
    seconds: float = Field(description="wall clock in the sandbox, all attempts together")
    outputs: tuple[Output, ...]
    result: FileRef | None = Field(description="the manifest")
    privacy: Privacy | None = Field(description="what the table that it made tells about persons")
    warning: str = Field(description="what to think of before it leaves the lab, in French")
    is_held: bool = Field(description="whether its holder waits for a reviewer's decision")
    questions: tuple[ReleaseQuestion, ...] = Field(
        description="of reviewers to its holder, before they decide on its result"
    )
    decision: ReleaseDecision | None = Field(description="what became of a held result")
    masking: str = Field(description="what a reviewer masked in its result, in French; or empty")
    is_empty: bool = Field(description="whether the table that it made has no row")
    fault: str = Field(description="why what it made is no success, in French; or empty")
    near: str = Field(description="a value of its data that a filter may have meant, in French")
    replays: str = Field(default="", description="of a replay, which job it repeats")
    comparison: Comparison | None = Field(
        default=None,
        description="what came of a replay: not_run where data may not be read any more, or is"
        " another; of others' restricted data no more than identical or different",
    )
    staleness: tuple[StaleView, ...] = Field(
        description="what its result was made of and changed since, once for each cause"
    )
    edition: int = Field(description="of its result: one more than that of the job it `renews`")
    renews: str = Field(description="the job whose stale result it makes anew; or empty")
    renewed_by: str = Field(description="the job that made the next edition; or empty")
    may_rerun: bool = Field(
        default=False, description="whether its result is stale and can be made anew"
    )
    may_run_again: bool = Field(
        default=False,
        description="whether it is a project's last full job, came to nothing, and `POST /jobs`"
        " runs another",
    )

    def for_holder(self, job: Job) -> Self:
        """Return the view of that job, which reads others' restricted data, without its runs."""
        changes: dict[str, object] = {"state": job.public_state}
        changes |= {"ended_at": self.decision.decided_at if self.decision else None}
        changes |= {"progress": 0.0, "message": "", "attempt": 1, "seconds": 0.0, "log_tail": ""}
        changes |= {"is_held": job.public_state == "held"}
        return self.model_copy(update=changes)

    def withholding(self, reason: str) -> Self:
        """Return the view without what it tells of the rows that the job read.

        A fault may quote them, and a hash prove what they are.
        """
        untold: dict[str, object] = {"log_tail": "", "reason": "", "outputs": (), "result": None}
        untold |= {"privacy": None, "warning": "", "message": reason, "is_empty": False}
        untold |= {"fault": "", "near": "", "masking": ""}
        return self.model_copy(update=untold)


class DecideRelease(Body):
    """A reviewer's answer to a held result, as its `version` was read."""

    decision: Decision
    reason: str = Field(min_length=1, max_length=5000, description="in French: the holder reads it")
    version: int = Field(ge=1)


class AskHolder(Body):
    """What a reviewer wants to know before deciding."""

    question: str = Field(
        min_length=1, max_length=5000, description="in French, without anything of the data"
    )


class AnswerReviewer(Body):
    """What a holder says of what was asked."""

    answer: str = Field(min_length=1, max_length=5000, description="in French")


class ReleaseRequestView(View):
    """A held result as those see it who may decide on it: every rule with its counts."""

    job_id: str = Field(validation_alias="id")
    version: int = Field(description="a decision names it")
    kind: AnyKind
    project_id: str | None
    owner_id: str = Field(description="the project's holder")
    treatment: Treatment | None
    release: ReleaseRecord | None
    questions: tuple[ReleaseQuestion, ...]
    decision: ReleaseDecision | None
    may_mask: bool = Field(description="whether it may leave with cells masked")
    outputs: tuple[Output, ...]
    log_tail: str
    warning: str
    ended_at: OptionalDate


class ReleaseRequestPage(ViewPage[JobView]):
    """A page of jobs whose results wait; `next` is the cursor of the following one."""


class JobPage(ViewPage[JobView]):
    """A page of jobs; `next` is the cursor of the following one."""


class WorkspaceView(View):
    """A project's right to compute."""

    project_id: str = Field(validation_alias="id")
    state: Literal["new", "open", "closed"]
    holder_id: str
    quota_seconds: int
    used_seconds: float
    remaining_seconds: float
    quota_request: QuotaRequest | None = Field(description="what waits for the staff's decision")
    quota_decision: QuotaDecision | None = Field(description="the last one")
    dataset_ids: tuple[str, ...]
    treatment: Treatment | None
    staffed_at: OptionalDate
    reason: str = Field(description="why it is closed")


class AskQuota(Body):
    """Which quota a project's holder asks for."""

    seconds: int = Field(
        ge=1, le=MOST_QUOTA_SECONDS, description="of all the project's jobs together, past ones too"
    )
    reason: str = Field(min_length=1, max_length=5000, description="in French")


class DecideQuota(Body):
    """The staff's decision on a project's quota, as its `version` was read."""

    decision: QuotaAnswer
    seconds: int | None = Field(
        default=None, ge=1, le=MOST_QUOTA_SECONDS, description="the quota from then on, if granted"
    )
    reason: str = Field(min_length=1, max_length=5000, description="in French: the holder reads it")
    version: int = Field(ge=1)


class QuotaRequestView(View):
    """A project's quota as the staff decides on it, asked for or not."""

    project_id: str = Field(validation_alias="id")
    version: int = Field(description="a decision names it")
    title: str
    holder_id: str
    state: Literal["new", "open", "closed"]
    quota_seconds: int
    used_seconds: float
    remaining_seconds: float
    quota_request: QuotaRequest | None
    quota_decision: QuotaDecision | None = Field(description="the last one")


class QuotaRequestPage(ViewPage[QuotaRequestView]):
    """A page of projects that ask for a quota; `next` is the cursor of the following one."""
