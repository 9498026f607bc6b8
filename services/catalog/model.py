"""A dataset of the catalogue: who it belongs to, who may know of it, and where it came from."""

from collections.abc import Iterable
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, computed_field

from services.catalog.harvested import Harvested, Taken
from services.catalog.metadata import Metadata
from services.catalog.versioned import Versioned
from services.catalog.versions import Upload
from shared.auth import Caller
from shared.errors import Forbidden, NotFound, WrongStage
from shared.events import (
    DatasetDescribed,
    DatasetHarvested,
    DatasetRetired,
    Event,
)
from shared.harvest import Distribution

DatasetState = Literal["pending", "held", "published", "rejected", "retired"]


class Dataset(Versioned):
    """Data that the lab can offer to projects, or knows from another catalogue (`harvested`).

    `project_id` is the project whose result this is, `source_owners` those whose restricted data
    that result was made of.
    """

    collection: ClassVar[str] = "datasets"
    indexes: ClassVar[tuple[str, ...]] = (
        "state",
        "owner_id",
        "keys",
        "changed_at",
        "source_id",
        "has_held",
    )

    source_owners: list[str] = []
    sent: str = Field(default="", description="fingerprint of the upload that it began with")
    harvested: Harvested | None = None
    retired: str = Field(default="", description="why its source has it no more, in French")
    taken: Taken | None = Field(default=None, description="what was fetched from its source")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> DatasetState:
        """Published once one version is or a source has it, else what became of the newest."""
        if self.retired:
            return "retired"
        return "published" if self.is_known else self.versions[-1].state

    @computed_field  # type: ignore[prop-decorator]
    @property
    def source_id(self) -> str:
        """The source that it was harvested from; empty when it was uploaded."""
        return self.harvested.source_id if self.harvested else ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def keys(self) -> list[str]:
        """The kinds of key columns of the published version."""
        profile = self.published.profile if self.published else None
        return list(profile.keys) if profile else []

    def tell(self, events: Iterable[Event]) -> None:
        """Tell what was found out about this dataset."""
        for event in events:
            self.record(event)

    @property
    def insiders(self) -> tuple[str, ...]:
        """The members who see every version, and of restricted data how it was made.

        All others see published versions with their columns and counts, and how open data was made.
        """
        return (self.owner_id, *self.source_owners)

    def may_be_taken_by(self, caller: Caller) -> bool:
        """Whether `caller` may have its rows outside of the sandbox."""
        return self.metadata.access == "open" or caller.may_see(self.owner_id)

    def check_owner(self, member_id: str, what: str) -> None:
        """Raise Forbidden for another member than the owner, who alone does `what`.

        NotFound, if that member may not even know of it.
        """
        if member_id == self.owner_id:
            return
        if self.is_known or Caller(member_id, frozenset()).may_see(*self.insiders):
            raise Forbidden(f"seul le propriétaire de ce jeu de données {what}")
        raise NotFound.of(self.id)

    def deciders(self, holder_id: str) -> list[str]:
        """Whose consent a project of that holder needs: all owners of restricted data but it."""
        if self.metadata.access == "open":
            return []
        return sorted({self.owner_id, *self.source_owners} - {holder_id})

    @property
    def is_known(self) -> bool:
        """Whether everybody may know of it: it could be read, or another catalogue has it."""
        return bool(self.published or self.harvested)

    @property
    def content(self) -> str:
        """What tells its data from other data: a hash of its bytes, or of what its source says."""
        version = self.shown
        if version:
            return version.file.sha256
        return self.harvested.fingerprint if self.harvested else ""

    @property
    def updated(self) -> date:
        """The day its data was last renewed, as far as the lab knows."""
        version = self.shown
        if version:
            return version.registered_at.date()
        if self.harvested:
            return date.fromisoformat(self.harvested.updated)
        return self.changed_at.date()

    def describe(self, metadata: Metadata) -> None:
        """Its owner says this of it from now on; the same as before changes nothing."""
        before = dict(self.metadata)
        changed = tuple(name for name, value in metadata if value != before[name])
        if not changed:
            return
        self.metadata = metadata
        self.record(DatasetDescribed(**self._about(), changed=changed))

    def register(self, upload: Upload) -> None:
        """Add a version; raises WrongStage when it would be invisible."""
        self.check_present()
        super().register(upload)

    def check_present(self) -> None:
        """Raise WrongStage, with the reason in French, when its source has it no more."""
        if self.retired:
            raise WrongStage(f"ce jeu de données est retiré : {self.retired}")

    def harvest(self, found: Harvested) -> None:
        """Its source tells of it for the first time, otherwise than before, or again.

        The same told twice changes nothing.
        """
        if self.harvested == found and not self.retired:
            return
        self.harvested, self.retired = found, ""
        self.record(
            DatasetHarvested(
                **self._about(),
                source_id=found.source_id,
                harvest_id=found.harvest_id,
                change=found.change,
            )
        )

    @property
    def outdated(self) -> Distribution | None:
        """Where to fetch again what was taken in, when the source tells of it otherwise since.

        None as well when its owner brought other data later.
        """
        found, taken, newest = self.harvested, self.taken, self._newest
        if not (found and taken and newest and newest.file.sha256 == taken.sha256):
            return None
        now_there = found.again(taken)
        if now_there is None or self.retired:
            return None
        before = (taken.distribution, taken.modified)
        return now_there if (now_there, found.dated(now_there)) != before else None

    def retire(self, reason: str) -> None:
        """Its source has it no more: it is kept, but no longer found."""
        if self.retired:
            return
        self.retired = reason
        self.record(
            DatasetRetired(
                **self._about(),
                source_id=self.source_id,
                reason=reason,
            )
        )
