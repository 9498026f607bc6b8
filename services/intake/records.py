"""What a project remembers: history, checks, guidance, trials, results and its delivery."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import AwareDatetime, Field

from shared.errors import WrongStage
from shared.events.compute import JobCancelled, JobFailed, JobGivenUp, JobRetried, JobSucceeded
from shared.events.envelope import Envelope
from shared.events.event import (
    FileRef,
    Frozen,
    InputNote,
    JobKind,
    Match,
    ReadingChange,
    RecipeMatch,
)
from shared.language.french import counted
from shared.stages import Stage


class Entry(Frozen):
    """One line of a project's history; `why` is French, `by` a member id or a service's name."""

    stage: Stage
    at: AwareDatetime
    by: str
    why: str


Checker = Literal["catalog", "compute"]


class Check(Frozen):
    """What a service found in the way of a treatment, in French.

    With `faults` it can never have a result; `waits` name data that cannot be read yet; `persons`
    tell what its data says about persons, and owners of that; `owners` are all whose data it would
    read, None as long as nobody said; `changes` what it reads or shows beyond the reviewed one. The
    newest is that of the highest `sequence`.
    """

    by: Checker
    at: AwareDatetime
    faults: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    persons: tuple[InputNote, ...] = ()
    owners: tuple[str, ...] | None = None
    changes: tuple[ReadingChange, ...] = ()
    proposal: int = Field(default=0, description="the treatment's number; 0 of before")
    sequence: int = -1

    def left_by(self, proposal: int) -> Self:
        """What still holds of it once that treatment is changed: whose its data was."""
        gone: dict[str, object] = {"faults": (), "waits": (), "persons": (), "changes": ()}
        return self.model_copy(update={**gone, "proposal": proposal})

    @property
    def history_texts(self) -> Iterator[str]:
        """The French sentences that the project's history has of this check."""
        yield from (f"Le traitement ne peut pas aboutir : {fault}" for fault in self.faults)
        yield from (f"Le traitement devra attendre : {wait}" for wait in self.waits)


MemberKind = Literal[
    "local_authority",
    "company",
    "startup",
    "laboratory",
    "school",
    "association",
    "computing_centre",
]


class SuggestedApplication(Frozen):
    """An application that fits a project, and why (in French)."""

    application: str
    reasons: tuple[str, ...]


class SuggestedMember(Frozen):
    """A member who can help a project, and why (in French)."""

    member_id: str
    name: str
    reasons: tuple[str, ...]


class Guidance(Frozen):
    """What the lab found for a project; fixed once given."""

    datasets: tuple[Match, ...] = ()
    applications: tuple[SuggestedApplication, ...] = ()
    recipes: tuple[RecipeMatch, ...] = ()
    experts: tuple[SuggestedMember, ...] = ()
    pilot_sites: tuple[SuggestedMember, ...] = ()

    def in_french(self) -> str:
        """How much was found of each kind, as the history tells it."""
        return (
            f"Conseils du lab : {counted(len(self.datasets), 'jeu', 'jeux')} de données,"
            f" {counted(len(self.applications), 'application', 'applications')},"
            f" {counted(len(self.experts), 'expert', 'experts')},"
            f" {counted(len(self.pilot_sites), 'site pilote', 'sites pilotes')}."
        )


class Trial(Frozen):
    """The end of a trial job: its manifest, or the reason why there is none."""

    job_id: str
    at: AwareDatetime
    result: FileRef | None = None
    reason: str | None = None
    is_empty: bool = Field(default=False, description="whether its table has no row")
    fault: str = Field(default="", description="why it is no success, in French")
    warning: str = Field(default="", description="what its table tells about persons, in French")


ResultState = Literal["released", "held", "refused"]
"""Refused: it does not leave the lab. Results of before were told of while they were held."""


class Result(Frozen):
    """A full job that ended well, and its manifest; `reason` is why it is refused, in French.

    `fault`, in French, is why it is no success: it has no row, or a column without any value.
    """

    job_id: str
    at: AwareDatetime
    result: FileRef
    proposal: int = Field(default=0, description="of the treatment that made it; 0 of before")
    state: ResultState = "released"
    reason: str = ""
    fault: str = ""
    warning: str = Field(default="", description="what its table tells about persons, in French")

    def is_of(self, proposal: int) -> bool:
        """Whether that treatment made it, as far as it is known."""
        return self.proposal in {0, proposal}

    def check_deliverable(self, proposal: int) -> None:
        """Raise WrongStage, in French, for one of another treatment, or that is no success.

        So for a result that does not leave the lab, or not yet.
        """
        if not self.is_of(proposal):
            raise WrongStage("ce résultat est d'un traitement qui a changé depuis")
        if self.fault:
            raise WrongStage(f"ce résultat ne peut pas être livré : {self.fault}")
        if self.state == "held":
            raise WrongStage("ce résultat attend la décision d'un relecteur du Datalab")
        if self.state == "refused":
            raise WrongStage(f"ce résultat ne sort pas du Datalab : {self.reason}")


JobEvent = JobGivenUp | JobRetried | JobSucceeded | JobFailed | JobCancelled
"""What tells whether a job waits for an operator."""


class GivenUpJob(Frozen):
    """A trial or full job that the lab gave up, which an operator must retry or cancel.

    `reason` is French, and empty once somebody did; the event of that `sequence` said so.
    """

    job_id: str
    kind: JobKind
    at: AwareDatetime
    reason: str
    sequence: int

    @classmethod
    def of(cls, envelope: Envelope[JobEvent]) -> Self:
        """What compute's event says of it."""
        event = envelope.data
        return cls(
            job_id=event.job_id,
            kind=event.kind,
            at=envelope.time,
            reason=event.reason if isinstance(event, JobGivenUp) else "",
            sequence=envelope.sequence,
        )

    @property
    def history_text(self) -> str:
        """The French sentence that the project's history has of this job."""
        what = "L'essai" if self.kind == "trial" else "Le calcul complet"
        if not self.reason:
            return f"{what} va reprendre, à la demande d'un exploitant du lab."
        return f"{what} n'avance plus : {self.reason}. Un exploitant doit le relancer ou l'annuler."


class Delivery(Frozen):
    """The digital service that came of a project, as it returns to the catalogue."""

    job_id: str
    title: str
    description: str
    licence: str
    keywords: tuple[str, ...] = ()
