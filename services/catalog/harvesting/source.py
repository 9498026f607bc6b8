"""Another catalogue that the lab harvests, now and then or on request."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from shared.aggregate import NEVER, Aggregate, now
from shared.events.event import CatalogueKind


class RemoteSource(Aggregate):
    """Where another catalogue is, and what its records are taken to be where they say nothing.

    Without a `url`, files are uploaded. `harvest_id` is its latest harvest, `completed_id` the
    latest that went through: its pages need not be read again where they are the same.
    """

    collection: ClassVar[str] = "sources"
    indexes: ClassVar[tuple[str, ...]] = ("owner_id", "next_at")

    owner_id: str
    title: str
    catalogue: CatalogueKind
    url: str = ""
    theme: str
    licence: str
    every_hours: int | None = None
    next_at: datetime = NEVER
    harvest_id: str = ""
    completed_id: str = ""
    sent: str = Field(default="", description="fingerprint of what it was added with")

    def claim(self, harvest_id: str, has_ended: Callable[[str], bool]) -> None:
        """Let that harvest be the latest, unless one is under way: then it stays the latest."""
        if self.harvest_id and not has_ended(self.harvest_id):
            return
        self.harvest_id = harvest_id
        self.plan(self.every_hours)

    def note_completed(self, harvest_id: str) -> None:
        """That harvest saw all pages."""
        self.completed_id = harvest_id

    def plan(self, every_hours: int | None) -> None:
        """Harvest it so often from now on, if it has an address; only on request for None."""
        self.every_hours = every_hours
        is_planned = every_hours is not None and self.url != ""
        self.next_at = now() + timedelta(hours=every_hours or 0) if is_planned else NEVER
