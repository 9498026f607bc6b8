"""The erasure of a member's data, and its receipt: what each service erased, and what it keeps."""

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime, Field, computed_field

from shared.aggregate import NEVER, Aggregate, now
from shared.events import ErasedCount, ErasureCompleted, ErasureRequested, Frozen

SERVICES = ("catalog", "compute", "intake", "notify")
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
        return tuple(service for service in SERVICES if service not in answered)

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
