"""What callers send: bounded, and refused when a field is unknown rather than half understood."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from services.intake.member import MemberKind
from services.intake.treatments import DatasetId, WrittenTreatment
from shared.auth import MemberId
from shared.events.event import Stage
from shared.inbound import Identifier, Paging
from shared.tables.territory import Territory
from shared.words import legible

_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(legible),
]
_Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(legible),
]
_Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(legible),
]
_Words = Annotated[tuple[_Word, ...], Field(max_length=20)]


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid")


class SubmitProject(Body):
    """A project: the problem, the data and skills it needs, its territory (INSEE codes)."""

    title: _Line
    problem: _Text
    theme: _Word
    territory: tuple[Territory, ...] = Field(min_length=1, max_length=100)
    keywords: _Words = ()
    skills: _Words = ()
    dataset_ids: tuple[DatasetId, ...] = Field(default=(), max_length=20)
    treatment: WrittenTreatment | None = None


class ReviewProject(Body):
    """A reviewer's decision and its reason, in French: the holder reads it."""

    decision: Literal["secure", "reject"]
    reason: _Text
    version: int | None = Field(
        default=None,
        ge=1,
        description="`version` of the project that was reviewed: 409 when it changed since",
    )


class ChoosePilotSite(Body):
    """The member where the project is piloted."""

    site_id: MemberId


class FormTeam(Body):
    """The members who work on the project."""

    team: tuple[MemberId, ...] = Field(min_length=1, max_length=30)

    @field_validator("team")
    @classmethod
    def _names_each_once(cls, team: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(team)) < len(team):
            raise ValueError("nomme un membre deux fois")
        return team


class DeliverProject(Body):
    """The full job whose result is delivered, and how the catalogue presents it."""

    job_id: Identifier
    title: _Line
    description: _Text
    licence: _Line
    keywords: _Words = ()


class WithdrawProject(Body):
    """Why the project is given up."""

    reason: _Text = "Retiré par le porteur."


class RegisterMember(Body):
    """A partner: its name, kind, skills and territory (INSEE codes)."""

    name: _Line
    kind: MemberKind
    skills: _Words = ()
    territory: tuple[Territory, ...] = Field(default=(), max_length=100)


class ListProjects(Paging):
    """Which projects: those of one stage, and for the lab's staff those of one holder."""

    stage: Stage | None = None
    holder_id: MemberId | None = None


class ListMembers(Paging):
    """Which members: those with a skill, those present in a department or commune."""

    skill: _Word | None = None
    territory: Territory | None = None
