"""A dataset and its versions: what was uploaded, whether it could be read, what it looks like."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field, computed_field

from services.catalog.harvested import Harvested
from services.catalog.terms import Contact, Frequency, HighValue, Language, Period
from services.catalog.versions import Upload, Version
from shared.aggregate import LONG_AGO, Aggregate, now
from shared.errors import Unavailable, WrongStage
from shared.events import (
    DatasetHarvested,
    DatasetPublished,
    DatasetRegistered,
    DatasetRejected,
    DatasetRetired,
    Event,
    FileRef,
    Frozen,
)
from shared.manifest import Profile

Access = Literal["open", "restricted"]
DatasetState = Literal["pending", "published", "rejected", "retired"]


class Metadata(Frozen):
    """What an owner says about a dataset; `territory` holds INSEE department or commune codes."""

    title: str
    description: str = ""
    theme: str
    keywords: tuple[str, ...] = ()
    territory: tuple[str, ...] = ()
    licence: str
    access: Access
    producer: str = ""
    source_url: str | None = None
    temporal: Period | None = Field(default=None, description="the days the data is about")
    frequency: Frequency | None = Field(default=None, description="how often it is renewed")
    contact: Contact | None = Field(default=None, description="whom to ask about it")
    hvd: HighValue | None = Field(default=None, description="category of a high-value dataset")
    language: Language = "fr"


class Dataset(Aggregate):
    """Data that the lab can offer to projects, or knows from another catalogue (`harvested`).

    `words` and `theme_word` are the metadata as search compares them, `project_id` the project
    whose result this is, `source_owners` those whose restricted data that result was made of,
    `changed_at` the time of its newest event, by which indexes find what they have not seen.
    """

    collection: ClassVar[str] = "datasets"
    indexes: ClassVar[tuple[str, ...]] = (
        "state",
        "owner_id",
        "theme_word",
        "keys",
        "words",
        "changed_at",
        "source_id",
    )

    owner_id: str
    metadata: Metadata
    words: list[str] = []
    theme_word: str = ""
    project_id: str | None = None
    source_owners: list[str] = []
    versions: list[Version] = []
    changed_at: datetime = LONG_AGO
    harvested: Harvested | None = None
    retired: str = Field(default="", description="why its source has it no more, in French")

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

    def record(self, event: Event) -> None:
        """Keep `event` to be published, and that the dataset changed."""
        self.changed_at = now()
        super().record(event)

    @property
    def insiders(self) -> tuple[str, ...]:
        """The members who see every version, and of restricted data how it was made.

        All others see published versions with their columns and counts, and how open data was made.
        """
        return (self.owner_id, *self.source_owners)

    def deciders(self, holder_id: str) -> list[str]:
        """Whose consent a project of that holder needs: all owners of restricted data but it."""
        if self.metadata.access == "open":
            return []
        return sorted({self.owner_id, *self.source_owners} - {holder_id})

    @property
    def published(self) -> Version | None:
        """The newest version that could be read."""
        return next((v for v in reversed(self.versions) if v.state == "published"), None)

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

    @property
    def shown(self) -> Version | None:
        """The published version, else the newest; None of data that is only referenced."""
        return self.published or self._newest

    @property
    def _newest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    def harvest(self, found: Harvested) -> None:
        """Its source tells of it for the first time, otherwise than before, or again.

        The same told twice changes nothing.
        """
        if self.harvested == found and not self.retired:
            return
        self.harvested, self.retired = found, ""
        self.record(
            DatasetHarvested(
                dataset_id=self.id,
                owner_id=self.owner_id,
                title=self.metadata.title,
                source_id=found.source_id,
                harvest_id=found.harvest_id,
                change=found.change,
            )
        )

    def retire(self, reason: str) -> None:
        """Its source has it no more: it is kept, but no longer found."""
        if self.retired:
            return
        self.retired = reason
        self.record(
            DatasetRetired(
                dataset_id=self.id,
                owner_id=self.owner_id,
                title=self.metadata.title,
                source_id=self.source_id,
                reason=reason,
            )
        )

    def register(self, upload: Upload) -> None:
        """Add a version that waits to be read; the newest one's bytes again are no new version.

        Repairs accepted before are made again, and one more makes another version of the same
        bytes. A rejected version does not count: its bytes may be tried again.
        """
        newest = self._newest
        before = newest.accepted_repairs if newest else ()
        repairs = tuple(dict.fromkeys((*before, *upload.accepted_repairs)))
        same = newest and (newest.file.sha256, before) == (upload.file.sha256, repairs)
        if newest and same and newest.state != "rejected":
            return
        given = dict(upload) | {"accepted_repairs": repairs}
        version = Version(**given, number=len(self.versions) + 1, registered_at=now())
        self.versions.append(version)
        self.record(
            DatasetRegistered(
                dataset_id=self.id,
                owner_id=self.owner_id,
                title=self.metadata.title,
                version=version.number,
                file=version.file,
                filename=version.filename,
                project_id=self.project_id,
                accepted_repairs=version.accepted_repairs,
            )
        )

    def publish(
        self,
        number: int | None,
        table: FileRef,
        profile: Profile,
        job_id: str,
        keys_file: FileRef | None = None,
    ) -> None:
        """Version `number` (the newest when not said) was read: it can be found from now on."""
        version = self._version(number)
        if version.state == "published":
            return
        version.state, version.reason, version.job_id = "published", "", job_id
        version.table, version.profile, version.keys_file = table, profile, keys_file
        self.record(
            DatasetPublished(
                dataset_id=self.id,
                owner_id=self.owner_id,
                title=self.metadata.title,
                version=version.number,
                rows=profile.rows,
                keys=profile.keys,
                project_id=self.project_id,
            )
        )

    def reject(self, number: int | None, reason: str, job_id: str) -> None:
        """Version `number` (the newest when not said) cannot be read as a table."""
        version = self._version(number)
        if version.state != "pending":
            return
        version.state, version.reason, version.job_id = "rejected", reason, job_id
        self.record(
            DatasetRejected(
                dataset_id=self.id,
                owner_id=self.owner_id,
                version=version.number,
                reason=reason,
            )
        )

    def readable(self) -> tuple[Version, FileRef]:
        """The published version and its table.

        Raises Unavailable while the first is still being read, WrongStage when none could be.
        """
        version = self.published
        if version and version.table:
            return version, version.table
        if self._newest and self._newest.state == "pending":
            raise Unavailable(f"{self.id} is still being read; ask again later")
        if not self._newest:
            raise WrongStage(f"the data of {self.id} is with its producer, not in the lab")
        raise WrongStage(f"no version of {self.id} could be read: {self._newest.reason}")

    def _version(self, number: int | None) -> Version:
        found = next((v for v in self.versions if v.number == number), None)
        if number is None:
            found = self._newest
        if found is None:
            raise WrongStage(f"{self.id} has no version {number}")
        return found
