"""What callers send: bounded, and refused when a field is unknown rather than half understood."""

import json
import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator
from stdnum.fr import siren as sirens

from services.intake.invitations import Answer
from services.intake.reviewing import ReviewDecision
from shared.auth import MemberId
from shared.catalogues.markup import plain_text
from shared.engine.tables.territory import Territories
from shared.events.event import Step, Treatment
from shared.events.intake import ProjectPart
from shared.inbound import Body, Identifier, Paging
from shared.stages import Stage

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(plain_text),
    AfterValidator(lambda text: " ".join(text.split())),
]
Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(plain_text),
]
_Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(plain_text),
]
Words = Annotated[tuple[Word, ...], Field(max_length=20)]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""What tables and roles are called: safe as file, SQL and document names."""


def _a_siren(text: str) -> str:
    """Nine digits, which people write in groups; empty for who has none."""
    number: str = sirens.compact(text)
    if number and not sirens.is_valid(number):
        raise ValueError("n'est pas un SIREN : neuf chiffres, dont une clé de contrôle")
    return number


Siren = Annotated[str, AfterValidator(_a_siren)]
"""The number of an organisation in INSEE's register (SIRENE); empty for one that has none."""

_PART = r"[^\s@<>\"(),:;\[\]\\]+"


def _a_mail(text: str) -> str:
    if not re.fullmatch(rf"{_PART}@{_PART}\.{_PART}", text):
        raise ValueError("n'est pas une adresse de courriel, comme nom@exemple.fr")
    return text


Mail = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=254),
    AfterValidator(_a_mail),
]
"""An address of electronic mail, without case: RFC 5321, 4.5.3.1, bounds its length."""

DatasetId = Annotated[str, StringConstraints(pattern=r"^dts_[0-9A-Za-z_-]{1,60}$")]

_PARAMETERS = 300_000
"""Bytes of JSON of one step, which may hold code, and of all together: events carry them."""

_LARGEST = 2**53
_DEPTH = 20


class WrittenStep(Step, Body):
    """One step; compute knows the applications and checks their parameters."""

    application: Name
    inputs: dict[Name, Name] = Field(min_length=1, max_length=10)
    parameters: dict[str, Any] = {}
    output: Name

    @field_validator("parameters")
    @classmethod
    def _can_be_stored(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        _check_storable(parameters, _DEPTH)
        try:
            size = _size(parameters)
        except ValueError as error:
            raise ValueError("doit être du JSON") from error
        if size > _PARAMETERS:
            raise ValueError(f"ne doit pas dépasser {_PARAMETERS} octets de JSON")
        return parameters


class WrittenTreatment(Treatment, Body):
    """Named datasets, then one to ten applications; each step reads what is there before it."""

    inputs: dict[Name, DatasetId] = Field(min_length=1, max_length=20)
    steps: tuple[WrittenStep, ...] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _is_wired(self) -> Self:
        tables = set(self.inputs)
        for number, step in enumerate(self.steps):
            for role, table in step.inputs.items():
                if table not in tables:
                    raise ValueError(
                        f"steps.{number}.inputs.{role} : aucune table ne s'appelle « {table} »"
                        " avant cette étape"
                    )
            if step.output in tables:
                raise ValueError(f"steps.{number}.output : la table « {step.output} » existe déjà")
            tables.add(step.output)
        if sum(_size(step.parameters) for step in self.steps) > _PARAMETERS:
            raise ValueError(
                f"steps : les paramètres de toutes les étapes ne doivent pas dépasser {_PARAMETERS}"
                " octets de JSON"
            )
        return self


class ReplaceTreatment(WrittenTreatment):
    """The treatment that takes the place of the one that was read, if that is still there."""

    instead_of: int | None = Field(
        default=None,
        ge=0,
        description="`proposal` of the project that was read: 409 when another came since",
    )


def _size(parameters: dict[str, Any]) -> int:
    return len(json.dumps(parameters, allow_nan=False, ensure_ascii=False).encode())


def _check_storable(value: object, depth: int) -> None:
    """Documents keep numbers of 64 bits, nest so deep, and read `$`, `.` and NUL in keys."""
    if depth == 0:
        raise ValueError(f"a plus de {_DEPTH} niveaux")
    if isinstance(value, dict):
        for key, part in value.items():
            if not key or key.startswith("$") or "." in key or "\0" in key:
                raise ValueError(
                    f"la clé {key!r} est vide, commence par $ ou contient un point ou NUL"
                )
            _check_storable(part, depth - 1)
    elif isinstance(value, list):
        for part in value:
            _check_storable(part, depth - 1)
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError("contient un nombre trop grand")


class SubmitProject(Body):
    """A project: its problem and territory (names or INSEE codes), the data and skills it needs."""

    title: Line
    problem: _Text
    theme: Word
    territory: Territories = Field(min_length=1, max_length=300)
    keywords: Words = ()
    skills: Words = ()
    dataset_ids: tuple[DatasetId, ...] = Field(default=(), max_length=20)
    treatment: WrittenTreatment | None = None


class ReviewProject(Body):
    """A reviewer's decision and its reason, in French: the holder reads it.

    `complete` decides nothing yet: its reason is what the holder is asked to complete.
    """

    decision: ReviewDecision
    reason: _Text
    version: int = Field(
        ge=1, description="`version` of the project that was reviewed: 409 when it changed since"
    )
    conditions: tuple[Line, ...] = Field(
        default=(), max_length=20, description="what securing it binds the project to, in French"
    )
    seen: str = Field(
        default="", max_length=50_000, description="the evidence as it was shown: it is kept"
    )

    @model_validator(mode="after")
    def _binds_what_goes_on(self) -> Self:
        if self.conditions and self.decision != "secure":
            raise ValueError("conditions : seul un projet sécurisé a des conditions")
        return self


class CompleteProject(Body):
    """What the holder answers to what the review asked, in French."""

    answer: _Text


_Then = Annotated[
    tuple[MemberId, ...],
    Field(max_length=30, description="who is asked next, in this order, where one does not"),
]


class ChoosePilotSite(Body):
    """The member where the project is piloted."""

    site_id: MemberId
    then: _Then = ()


class FormTeam(Body):
    """The members who work on the project."""

    team: tuple[MemberId, ...] = Field(min_length=1, max_length=30)
    then: _Then = ()

    @field_validator("team")
    @classmethod
    def _names_each_once(cls, team: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(team)) < len(team):
            raise ValueError("nomme un membre deux fois")
        return team


class AnswerInvitation(Body):
    """What a member says who is asked for a part in the project; declining needs a reason."""

    answer: Answer
    reason: _Text = ""
    part: ProjectPart | None = Field(
        default=None, description="for which part, if it is asked for both"
    )


class DeliverProject(Body):
    """The full job whose result is delivered, and how the catalogue presents it."""

    job_id: Identifier
    title: Line
    description: _Text
    licence: Line
    keywords: Words = ()
    conditions_met: bool = Field(
        default=False, description="that the conditions of the review are met, if it set any"
    )


class WithdrawProject(Body):
    """Why the project is given up."""

    reason: _Text = "Retiré par le porteur."


class LeaveLab(Body):
    """Why a member leaves, in French."""

    reason: _Text = "À la demande du membre."
    unregistered: bool = Field(default=False, description="an operator ends an id unknown here")


class EraseMember(Body):
    """Whose data is to be erased, and why: who asked for it, and when."""

    member_id: MemberId
    reason: _Text


class ListProjects(Paging):
    """Which projects: those of one stage, and for the lab's staff those of one holder.

    With `mine` those that the caller holds or is named in: asked for a part, or taking one; with
    `named` the latter alone. With `waiting` those that wait for the caller, with `invited` for its
    answer to an invitation: a page may have fewer of these than its limit. With `for_staff` those
    that wait for the staff beside reviews.
    """

    q: str = Field(
        default="", max_length=200, description="beginnings of words of its title, theme"
    )
    stage: Stage | None = None
    mine: bool = False
    waiting: bool = False
    newest: bool = Field(default=False, description="the newest first")
    counted: bool = Field(default=False, description="tell how many there are, 1,000 at most")
    named: bool = False
    invited: bool = False
    for_staff: bool = False
    holder_id: MemberId | None = None
