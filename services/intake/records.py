"""What a project remembers: history, checks, guidance, trials, results and its delivery."""

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from shared.events.catalog import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessRequested,
    AccessRevoked,
)
from shared.events.envelope import Envelope
from shared.events.event import FileRef, Frozen, Match, Stage
from shared.words import counted


class Entry(Frozen):
    """One line of a project's history; `why` is French, `by` a member id or a service's name."""

    stage: Stage
    at: AwareDatetime
    by: str
    why: str


Checker = Literal["catalog", "compute"]


class Check(Frozen):
    """What a service found in the way of a treatment, in French.

    With `faults` it can never have a result; `waits` name data that cannot be read yet; `owners`
    are all whose data it would read, None as long as nobody said.
    """

    by: Checker
    at: AwareDatetime
    faults: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    owners: tuple[str, ...] | None = None

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


class Result(Frozen):
    """A full job that ended well, and its manifest."""

    job_id: str
    at: AwareDatetime
    result: FileRef
    warning: str = Field(default="", description="what its table tells about persons, in French")


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
    "requested": "Données demandées à leur propriétaire, que personne ne lit encore",
    "refused": "Accès à des données refusé",
    "expired": "Demande d'accès à des données expirée",
    "revoked": "Accès à des données retiré",
}


class DatasetAccess(Frozen):
    """Whether the project may read a dataset, by the catalogue's event of that `sequence`.

    `reason` is why, in French, it may not read it, or nobody can.
    """

    dataset_id: str
    sequence: int
    state: AccessState = "granted"
    reason: str = ""

    @classmethod
    def of(cls, envelope: Envelope[AccessEvent]) -> Self:
        """What the catalogue's event says of it."""
        event = envelope.data
        return cls(
            dataset_id=event.dataset_id,
            sequence=envelope.sequence,
            state=_STATES[type(event)],
            reason="" if isinstance(event, AccessGranted) else event.reason,
        )

    @model_validator(mode="before")
    @classmethod
    def _ended(cls, saved: Any) -> Any:  # noqa: ANN401 - whatever is to be an access
        """What was saved when only the end of an access was noted."""
        if isinstance(saved, dict) and saved.get("ended"):
            return {**saved, "state": "revoked", "reason": saved["ended"]}
        return saved

    def told_after(self, before: "DatasetAccess | None", *, again: bool) -> str:
        """What the history tells of this change, `again` if all was open once; no usual course."""
        was = before.state if before else "granted"
        if self.state == "granted":
            is_usual = was == "granted" or (was == "requested" and not again)
            return "" if is_usual else "Accès à des données accordé."
        if self.state == "requested" and again and was == "granted":
            return "Données restreintes depuis : leur propriétaire est sollicité."
        return f"{_TOLD[self.state]} : {self.reason}" if self.reason else ""


class Delivery(Frozen):
    """The digital service that came of a project, as it returns to the catalogue."""

    job_id: str
    title: str
    description: str
    licence: str
    keywords: tuple[str, ...] = ()
