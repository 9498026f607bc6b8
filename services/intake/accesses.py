"""How a project stands with the data that it reads: what it may read, and whose word is missing."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self

from pydantic import model_validator

from shared.errors import WrongStage
from shared.events.catalog import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessRequested,
    AccessRevoked,
)
from shared.events.envelope import Envelope
from shared.events.event import Frozen
from shared.language.french import french_date

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
    refused_columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, envelope: Envelope[AccessEvent]) -> Self:
        """Return the access that the catalogue's event describes."""
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
            terms = {"purpose": event.purpose, "until": event.until, "conditions": event.conditions}
            return cls(**about, **terms)
        if isinstance(event, AccessRefused):
            about["refused_columns"] = event.refused_columns
        return cls(**about, reason=event.reason)

    @model_validator(mode="before")
    @classmethod
    def _ended(cls, saved: Any) -> Any:  # noqa: ANN401 - whatever is to be an access
        """What was saved when only the end of an access was noted."""
        if isinstance(saved, dict) and saved.get("ended"):
            return {**saved, "state": "revoked", "reason": saved["ended"]}
        return saved

    @property
    def is_lost(self) -> bool:
        """Whether it may not be read, and nobody is asked for a word on it."""
        return self.state not in {"requested", "granted"}

    @property
    def waits(self) -> Iterator[Wait]:
        """Whose word on it is missing."""
        missing = (self.awaited or (None,)) if self.state == "requested" else ()
        for member_id in missing:
            who = member_id or "son propriétaire"
            why = f"Attend l'accord de {who} sur « {self.title or self.dataset_id} »."
            yield Wait(dataset_id=self.dataset_id, title=self.title, member_id=member_id, why=why)

    def after(self, before: "DatasetAccess | None") -> "DatasetAccess":
        """Return this access with what the one `before` it knew of owners and open answers.

        A grant or a refusal is the word of all.
        """
        if before is None:
            return self
        merged = {"owners": tuple(dict.fromkeys((*before.owners, *self.owners)))}
        if before.state == self.state == "requested":
            merged["awaited"] = tuple(dict.fromkeys((*before.awaited, *self.awaited)))
        return self.model_copy(update={"title": self.title or before.title, **merged})

    def told_after(self, before: "DatasetAccess | None") -> str:
        """Return the history's sentence for this change; empty if there is nothing to tell."""
        was = before or DatasetAccess(dataset_id=self.dataset_id, sequence=0)
        if self.state == "granted":
            is_new = was.state != "granted" or was.bound != self.bound
            return " ".join(("Accès à des données accordé.", *self.bound)) if is_new else ""
        if self.state == "requested":
            asked_before = was.awaited if was.state == "requested" else ()
            new = [wait.why for wait in self.waits if wait.member_id not in asked_before]
            return " ".join((*new, self.reason)).strip() if new else ""
        return f"{_TOLD[self.state]} : {self.reason}" if self.reason else ""

    @property
    def bound(self) -> tuple[str, ...]:
        """French sentences that say what the grant is bound to."""
        purpose = [f"Pour : {self.purpose}."] if self.purpose else []
        until = [f"Jusqu'au {french_date(self.until)}."] if self.until else []
        return (
            *purpose,
            *until,
            *(f"Condition : « {condition} »." for condition in self.conditions),
        )


def check_readable(accesses: Iterable[DatasetAccess]) -> None:
    """Raise WrongStage, with the reason in French, if access to some data was revoked."""
    revoked = (access.reason for access in accesses if access.state == "revoked")
    if reason := next(revoked, ""):
        raise WrongStage(f"l'accès à des données du projet a été retiré : {reason}")


def with_access(
    accesses: tuple[DatasetAccess, ...], access: DatasetAccess
) -> tuple[DatasetAccess, ...]:
    """Return the accesses with `access` in place of the older one to the same dataset."""
    accesses_by_dataset = {other.dataset_id: other for other in accesses}
    return tuple((accesses_by_dataset | {access.dataset_id: access}).values())


def with_owners(
    accesses: tuple[DatasetAccess, ...], dataset_id: str, owners: tuple[str, ...]
) -> tuple[DatasetAccess, ...]:
    """Return the accesses with these owners on the one to that dataset."""
    return tuple(
        access.model_copy(update={"owners": owners}) if access.dataset_id == dataset_id else access
        for access in accesses
    )


def after_deletion(
    accesses: tuple[DatasetAccess, ...], dataset_id: str, reason: str
) -> tuple[DatasetAccess, ...]:
    """Return the accesses, where a granted one to the deleted dataset has ended."""
    ended = {"state": "revoked", "reason": f"Ces données sont supprimées : {reason}"}
    return tuple(
        access.model_copy(update=ended)
        if access.dataset_id == dataset_id and access.state == "granted"
        else access
        for access in accesses
    )
