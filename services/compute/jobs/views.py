"""What compute takes in and gives out over HTTP and RPC."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.compute.jobs.model import Job, JobState
from services.compute.workspaces.model import Workspace
from shared.aggregate import NEVER
from shared.events.event import FileRef, JobKind, Treatment
from shared.inbound import Identifier, Paging
from shared.tables.manifest import Output
from shared.tables.privacy import Privacy


class SubmitJob(BaseModel):
    """Which project's full job to run."""

    model_config = ConfigDict(extra="forbid")

    project_id: Identifier


class ListJobs(Paging):
    """Which jobs, oldest first."""

    project_id: Identifier | None = None


class ReadResult(BaseModel):
    """Which of a job's files."""

    model_config = ConfigDict(extra="forbid")

    name: str = "result.csv"


class JobView(BaseModel):
    """A job as its project's holder, its dataset's owner and the lab's staff see it."""

    id: str
    kind: JobKind
    project_id: str | None
    dataset_id: str | None
    state: JobState
    progress: float = Field(description="0 to 1")
    message: str
    log_tail: str
    reason: str = Field(description="why it failed or was cancelled")
    attempt: int = Field(description="how often the sandbox was started for it")
    cancel_requested: bool
    queued_at: AwareDatetime
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    seconds: float = Field(description="wall clock in the sandbox, all attempts together")
    outputs: tuple[Output, ...]
    result: FileRef | None = Field(description="the manifest")
    privacy: Privacy | None = Field(description="what the table that it made tells about persons")
    warning: str = Field(description="what to think of before it leaves the lab, in French")

    @classmethod
    def of(cls, job: Job, withheld: str = "") -> "JobView":
        """The view of a job; `withheld` says in French why what it tells of its data is hidden."""
        fields = job.model_dump()
        dates = {name: _date(fields[name]) for name in ("started_at", "ended_at")}
        told = {"message": withheld, **_UNTOLD} if withheld else {"warning": job.warning}
        return cls.model_validate({**fields, **dates, **told})


_UNTOLD: dict[str, Any] = {
    "log_tail": "",
    "reason": "",
    "outputs": (),
    "result": None,
    "privacy": None,
    "warning": "",
}
"""In place of what a job tells of the rows that it read; a fault may quote them, a hash prove
what they are."""


class JobPage(BaseModel):
    """A page of jobs; `next` is the cursor of the following one."""

    items: list[JobView]
    next: str | None


class WorkspaceView(BaseModel):
    """A project's right to compute."""

    project_id: str
    state: Literal["new", "open", "closed"]
    holder_id: str
    quota_seconds: int
    used_seconds: float
    remaining_seconds: float
    dataset_ids: tuple[str, ...]
    treatment: Treatment | None
    staffed_at: AwareDatetime | None
    reason: str = Field(description="why it is closed")

    @classmethod
    def of(cls, workspace: Workspace) -> "WorkspaceView":
        """The view of a workspace."""
        return cls(
            project_id=workspace.id,
            used_seconds=workspace.used_seconds,
            remaining_seconds=workspace.remaining_seconds,
            staffed_at=_date(workspace.staffed_at),
            **workspace.model_dump(
                include={
                    "state",
                    "holder_id",
                    "quota_seconds",
                    "dataset_ids",
                    "treatment",
                    "reason",
                }
            ),
        )


def _date(value: AwareDatetime) -> AwareDatetime | None:
    return None if value == NEVER else value
