"""The erasure of a member's data, its receipt, and what callers are shown of who leaves."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, Field, computed_field

from shared.aggregate import NEVER, Aggregate, View, now
from shared.events import ErasedCount, ErasureCompleted, ErasureRequested, Frozen

_SERVICES = ("catalog", "compute", "intake", "notify")
"""Who answers."""


class ErasurePart(Frozen):
    """What one service erased, and what it keeps."""

    service: str
    at: AwareDatetime
    counts: tuple[ErasedCount, ...]
    kept: tuple[str, ...] = Field(description="what it keeps and why, in French")


class Erasure(Aggregate):
    """An erasure that was asked for; complete once every service has answered."""

    collection: ClassVar[str] = "erasures"
    indexes: ClassVar[tuple[str, ...]] = ("waits_since",)

    member_id: str
    reason: str
    requested_by: str
    requested_at: AwareDatetime = Field(default_factory=now)
    parts: tuple[ErasurePart, ...] = ()

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The services that have not answered yet."""
        answered = {part.service for part in self.parts}
        return tuple(service for service in _SERVICES if service not in answered)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.waits_for

    @computed_field  # type: ignore[prop-decorator]
    @property
    def waits_since(self) -> datetime:
        """When it was asked for; NEVER once it is complete."""
        return NEVER if self.is_complete else self.requested_at

    def request(self) -> None:
        """Ask every service."""
        self.record(ErasureRequested(erasure_id=self.id, member_id=self.member_id))

    def answer(self, service: str, counts: tuple[ErasedCount, ...], kept: tuple[str, ...]) -> None:
        """Note that a service has erased what it held; only its first answer counts."""
        if service not in self.waits_for:
            return
        part = ErasurePart(service=service, at=now(), counts=counts, kept=kept)
        self.parts = tuple(
            sorted((*self.parts, part), key=lambda service_part: service_part.service)
        )
        if self.is_complete:
            self.record(ErasureCompleted(erasure_id=self.id, member_id=self.member_id))


class DepartureView(View):
    """A member who left."""

    member_id: str = Field(validation_alias="id")
    left_at: AwareDatetime
    reason: str


_ELSEWHERE = (
    (
        "Les sauvegardes faites avant l'effacement : un opérateur les détruit à leur échéance, et"
        " refait l'effacement après toute restauration."
    ),
    (
        "Un événement mis de côté à la suite d'une erreur : un opérateur le relance ou le supprime"
        " (datalab parked)."
    ),
    (
        "Les personnes que décrivent les lignes d'un tableau déposé par un autre membre : c'est son"
        " propriétaire qui les efface, par une nouvelle version ou en supprimant le jeu de données."
    ),
)
"""What no service answers for."""


class ErasureView(View):
    """The receipt of an erasure; complete once `waits_for` is empty."""

    id: str
    member_id: str
    reason: str
    requested_by: str
    requested_at: AwareDatetime
    is_complete: bool
    waits_for: tuple[str, ...] = Field(description="services that have not answered yet")
    parts: tuple[ErasurePart, ...]
    elsewhere: tuple[str, ...] = Field(
        default=_ELSEWHERE, description="what else there may be, in French"
    )
