"""What intake tells."""

from pydantic import Field

from shared.events.event import Event
from shared.events.values import FileRef, Treatment


class MemberJoined(Event, source="intake"):
    """A partner became a member of the lab."""

    member_id: str
    name: str
    kind: str
    skills: tuple[str, ...]
    territory: tuple[str, ...]


class ProjectSubmitted(Event, source="intake"):
    """A holder sent in a project."""

    project_id: str
    holder_id: str
    title: str
    problem: str
    theme: str
    territory: tuple[str, ...] = Field(description="INSEE department or commune codes")
    keywords: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = Field(default=(), description="the holder's own datasets")
    treatment: Treatment | None = Field(default=None, description="its proposal number 1")


class TreatmentProposed(Event, source="intake"):
    """A project that is not secured yet says anew what it would do with which data."""

    project_id: str
    holder_id: str
    proposal: int = Field(description="counts what the project proposed")
    treatment: Treatment


class ProjectAdvised(Event, source="intake"):
    """The lab's guidance is attached to the project."""

    project_id: str
    holder_id: str
    datasets: int
    applications: int
    experts: int
    pilot_sites: int


class ProjectSecured(Event, source="intake"):
    """A reviewer found the project lawful and feasible."""

    project_id: str
    holder_id: str
    dataset_ids: tuple[str, ...] = Field(description="what the treatment reads")
    decided_by: str
    reason: str


class ProjectRejected(Event, source="intake"):
    """A reviewer turned the project down."""

    project_id: str
    holder_id: str
    decided_by: str
    reason: str


class ProjectWithdrawn(Event, source="intake"):
    """The holder gave the project up."""

    project_id: str
    holder_id: str
    decided_by: str
    reason: str


class ProjectEquipped(Event, source="intake"):
    """Data access and workspace are open; the trial may run."""

    project_id: str
    holder_id: str
    treatment: Treatment


class ProjectTrialled(Event, source="intake"):
    """The project was tested on a sample."""

    project_id: str
    holder_id: str
    job_id: str
    result: FileRef = Field(description="the trial's manifest")


class ProjectPiloted(Event, source="intake"):
    """A pilot site is found."""

    project_id: str
    holder_id: str
    site_id: str


class ProjectStaffed(Event, source="intake"):
    """A project team is formed."""

    project_id: str
    holder_id: str
    team: tuple[str, ...]


class ProjectDelivered(Event, source="intake"):
    """A digital service exists; its result returns to the catalogue."""

    project_id: str
    holder_id: str
    job_id: str
    title: str
    description: str
    theme: str
    territory: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    licence: str
    result: FileRef = Field(description="the full job's manifest")
