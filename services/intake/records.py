"""What a project remembers: history, checks, guidance, trials, results and its delivery."""

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.errors import WrongStage
from shared.events.catalog import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessRequested,
    AccessRevoked,
)
from shared.events.compute import (
    JobCancelled,
    JobFailed,
    JobGivenUp,
    JobRetried,
    JobSucceeded,
)
from shared.events.envelope import Envelope
from shared.events.event import FileRef, Frozen, InputNote, JobKind, Match, RecipeMatch, Stage
from shared.words import counted, french_date


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
    read, None as long as nobody said. The newest is that of the highest `sequence`.
    """

    by: Checker
    at: AwareDatetime
    faults: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    persons: tuple[InputNote, ...] = ()
    owners: tuple[str, ...] | None = None
    sequence: int = -1

    @property
    def told(self) -> Iterator[str]:
        """What the history tells of it."""
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
    warning: str = Field(default="", description="what its table tells about persons, in French")


ResultState = Literal["released", "held", "refused"]
"""Held: a reviewer decides whether it leaves the lab; refused: it does not."""


class Result(Frozen):
    """A full job that ended well, and its manifest; `reason` is why it is refused, in French."""

    job_id: str
    at: AwareDatetime
    result: FileRef
    state: ResultState = "released"
    reason: str = ""
    warning: str = Field(default="", description="what its table tells about persons, in French")

    def check_released(self) -> None:
        """Raise WrongStage, in French, for a result that does not leave the lab, or not yet."""
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
    def told(self) -> str:
        """What the history tells of it."""
        what = "L'essai" if self.kind == "trial" else "Le calcul complet"
        if not self.reason:
            return f"{what} va reprendre, à la demande d'un exploitant du lab."
        return f"{what} n'avance plus : {self.reason}. Un exploitant doit le relancer ou l'annuler."


AccessState = Literal["requested", "granted", "refused", "expired", "revoked"]

AccessEvent = AccessRequested | AccessGranted | AccessRefused | AccessExpired | AccessRevoked
"""What changes the status of a project's access to a dataset."""

_STATES: dict[type[AccessEvent], AccessState] = {
    AccessRequested: "requested",
    AccessGranted: "granted",
    AccessRefused: "refused",
    AccessExpired: "expired",
    AccessRevoked: "revoked",
}

_TOLD: dict[AccessState, str] = {
    "refused": "Accès à des données refusé",
    "expired": "Demande d'accès à des données expirée",
    "revoked": "Accès à des données retiré",
}


class Wait(Frozen):
    """Whose word a project waits for (nobody's name where it was not kept); `why` is French."""

    dataset_id: str
    title: str
    member_id: str | None
    why: str


class DatasetAccess(Frozen):
    """Whether the project may read a dataset, by the catalogue's event of that `sequence`.

    `reason` is why, in French, it may not read it, or nobody can; `awaited` are those who were
    asked and have to answer; `conditions` is what those who granted it want to be kept to.
    """

    dataset_id: str
    sequence: int
    state: AccessState = "granted"
    reason: str = ""
    title: str = ""
    owners: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    purpose: str = ""
    until: str | None = None
    conditions: tuple[str, ...] = ()

    @classmethod
    def of(cls, envelope: Envelope[AccessEvent]) -> Self:
        """What the catalogue's event says of it."""
        event = envelope.data
        about = {
            "dataset_id": event.dataset_id,
            "sequence": envelope.sequence,
            "state": _STATES[type(event)],
            "title": event.title,
        }
        if isinstance(event, AccessRequested):
            asked = event.member_id or event.owner_id
            owners = tuple(dict.fromkeys((event.owner_id, asked)))
            return cls(**about, reason=event.reason, owners=owners, awaited=(asked,))
        about["owners"] = (event.owner_id, *event.member_ids)
        if isinstance(event, AccessGranted):
            told = {"purpose": event.purpose, "until": event.until, "conditions": event.conditions}
            return cls(**about, **told)
        return cls(**about, reason=event.reason)

    @model_validator(mode="before")
    @classmethod
    def _ended(cls, saved: Any) -> Any:  # noqa: ANN401 - whatever is to be an access
        """What was saved when only the end of an access was noted."""
        if isinstance(saved, dict) and saved.get("ended"):
            return {**saved, "state": "revoked", "reason": saved["ended"]}
        return saved

    @property
    def waits(self) -> Iterator[Wait]:
        """Whose word on it is missing."""
        missing = (self.awaited or (None,)) if self.state == "requested" else ()
        for member_id in missing:
            who = member_id or "son propriétaire"
            why = f"Attend l'accord de {who} sur « {self.title or self.dataset_id} »."
            yield Wait(dataset_id=self.dataset_id, title=self.title, member_id=member_id, why=why)

    def after(self, before: "DatasetAccess | None") -> "DatasetAccess":
        """The same, with what was known before: each who decides is asked by an event of its own.

        A grant or a refusal is the word of all.
        """
        if before is None:
            return self
        known = {"owners": tuple(dict.fromkeys((*before.owners, *self.owners)))}
        if before.state == self.state == "requested":
            known["awaited"] = tuple(dict.fromkeys((*before.awaited, *self.awaited)))
        return self.model_copy(update={"title": self.title or before.title, **known})

    def told_after(self, before: "DatasetAccess | None") -> str:
        """What the history tells of this change; nothing of what is granted unasked."""
        was = before or DatasetAccess(dataset_id=self.dataset_id, sequence=0)
        if self.state == "granted":
            is_new = was.state != "granted" or was.bound != self.bound
            return " ".join(("Accès à des données accordé.", *self.bound)) if is_new else ""
        if self.state == "requested":
            known = was.awaited if was.state == "requested" else ()
            new = [wait.why for wait in self.waits if wait.member_id not in known]
            return " ".join((*new, self.reason)).strip() if new else ""
        return f"{_TOLD[self.state]} : {self.reason}" if self.reason else ""

    @property
    def bound(self) -> tuple[str, ...]:
        """What the grant is bound to, as French sentences."""
        purpose = [f"Pour : {self.purpose}."] if self.purpose else []
        until = [f"Jusqu'au {french_date(self.until)}."] if self.until else []
        return (*purpose, *until, *(f"Condition : « {one} »." for one in self.conditions))


class Delivery(Frozen):
    """The digital service that came of a project, as it returns to the catalogue."""

    job_id: str
    title: str
    description: str
    licence: str
    keywords: tuple[str, ...] = ()
