"""What callers are shown of projects and members."""

from pydantic import AwareDatetime, Field

from services.intake.records import (
    AccessState,
    Checker,
    Delivery,
    Entry,
    Guidance,
    MemberKind,
    Result,
    Trial,
    Wait,
)
from shared.aggregate import OptionalDate, View, ViewPage
from shared.events.event import Stage, Treatment


class ProjectSummary(View):
    """A project in a list."""

    id: str
    holder_id: str
    title: str
    theme: str
    territory: tuple[str, ...]
    stage: Stage
    submitted_at: AwareDatetime


class AccessView(View):
    """How a project stands with a dataset; `reason`, in French, is why it cannot read it.

    What a grant is bound to is told as those who granted it wrote it.
    """

    dataset_id: str
    state: AccessState
    reason: str
    purpose: str = Field(description="what the data may be used for, in French")
    until: str | None = Field(description="the last day, as an ISO date, in metropolitan France")
    conditions: tuple[str, ...]


class CheckView(View):
    """What a service found in the way of a treatment, in French; `waits` pass, `faults` do not."""

    by: Checker
    at: AwareDatetime
    faults: tuple[str, ...]
    waits: tuple[str, ...]


class ProjectView(ProjectSummary):
    """A project whole: its stage, guidance with reasons, and history, oldest first.

    `version` grows with every change; a review names the one that was read.
    """

    version: int
    problem: str
    keywords: tuple[str, ...]
    skills: tuple[str, ...]
    dataset_ids: tuple[str, ...]
    treatment: Treatment | None
    checks: tuple[CheckView, ...] = Field(
        description="what the catalogue and compute found in the treatment's way, once they looked"
    )
    guidance: Guidance | None
    history: list[Entry]
    access_open: bool = Field(description="whether it may read all its data now")
    accesses: tuple[AccessView, ...] = Field(
        description="how it stands with each dataset, or last stood"
    )
    waits_for: tuple[Wait, ...] = Field(description="whose word on which data is missing")
    workspace_open: bool
    trials: list[Trial]
    results: list[Result]
    site_id: str | None
    team: tuple[str, ...]
    delivery: Delivery | None


class ProjectPage(ViewPage[ProjectSummary]):
    """Projects by age, and the cursor of the next page."""


class MemberView(View):
    """A member of the lab."""

    id: str
    name: str
    kind: MemberKind
    siren: str
    skills: tuple[str, ...]
    territory: tuple[str, ...]
    joined_at: AwareDatetime
    left_at: OptionalDate = Field(description="null while it is a member")


class MemberPage(ViewPage[MemberView]):
    """Members by age, and the cursor of the next page."""


class DepartureView(View):
    """A member who left."""

    member_id: str = Field(validation_alias="id")
    left_at: AwareDatetime
    reason: str
