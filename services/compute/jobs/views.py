"""What compute takes in and gives out over HTTP and RPC."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field

from services.compute.jobs.model import JobState
from shared.aggregate import OptionalDate, View, ViewPage
from shared.events.event import FileRef, JobKind, Treatment
from shared.inbound import Body, Identifier, Paging
from shared.tables.exports import ExportFormat
from shared.tables.manifest import Output
from shared.tables.privacy import Privacy


class SubmitJob(Body):
    """Which project's full job to run."""

    project_id: Identifier


class ListJobs(Paging):
    """Which jobs, oldest first."""

    project_id: Identifier | None = None
    state: JobState | None = None


class ReadResult(Body):
    """Which of a job's files, or in which format its table."""

    name: str = "result.csv"
    format: ExportFormat | None = Field(
        default=None,
        description="the table, whatever the name: csv as a French Excel opens it, xlsx with its"
        " sources on a second sheet, or parquet; without it, the file of that name as it is stored",
    )


class JobView(View):
    """A job as its project's holder, its dataset's owner and the lab's staff see it."""

    id: str
    kind: JobKind
    project_id: str | None
    dataset_id: str | None
    state: JobState
    progress: float = Field(description="0 to 1")
    message: str
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

    def withholding(self, reason: str) -> Self:
        """The same without what it tells of the rows that the job read; `reason` is French.

        A fault may quote them, and a hash prove what they are.
        """
        untold: dict[str, object] = {"log_tail": "", "reason": "", "outputs": (), "result": None}
        untold |= {"privacy": None, "warning": "", "message": reason}
        return self.model_copy(update=untold)


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
    dataset_ids: tuple[str, ...]
    treatment: Treatment | None
    staffed_at: OptionalDate
    reason: str = Field(description="why it is closed")
