"""A dataset and its versions: what was uploaded, whether it could be read, what it looks like."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, computed_field

from services.catalog.crossing import Source
from services.catalog.terms import Contact, Frequency, HighValue, Language, Period
from shared.aggregate import LONG_AGO, Aggregate, now
from shared.errors import Unavailable, WrongStage
from shared.events import (
    DatasetPublished,
    DatasetRegistered,
    DatasetRejected,
    Event,
    FileRef,
    Frozen,
    Step,
)
from shared.manifest import Input, Output, Profile

Access = Literal["open", "restricted"]
VersionState = Literal["pending", "published", "rejected"]


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


class Provenance(Frozen):
    """How a project made this version: enough to understand it and to make it again."""

    project_id: str
    job_id: str
    manifest: FileRef
    inputs: tuple[Input, ...]
    sources: tuple[Source, ...] = Field(default=(), description="what to name with the result")
    attribution: str = Field(default="", description="the text to publish with it, in French")
    steps: tuple[Step, ...]
    software: dict[str, str]


class Upload(BaseModel):
    """A file on its way into a dataset, and for a project's result what belongs to it."""

    file: FileRef
    filename: str
    note: str = Field(default="", description="what the owner says about this version")
    files: tuple[Output, ...] = Field(default=(), description="every file of a result")
    provenance: Provenance | None = None


class Version(Upload):
    """One upload of a dataset; `table` and `profile` are there once it is published."""

    number: int = Field(ge=1)
    registered_at: datetime
    state: VersionState = "pending"
    reason: str = ""
    job_id: str | None = None
    table: FileRef | None = None
    profile: Profile | None = None


class Dataset(Aggregate):
    """Data that the lab can offer to projects.

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
    )

    owner_id: str
    metadata: Metadata
    words: list[str] = []
    theme_word: str = ""
    project_id: str | None = None
    source_owners: list[str] = []
    versions: list[Version] = []
    changed_at: datetime = LONG_AGO

    @computed_field  # type: ignore[prop-decorator]
    @property
    def state(self) -> VersionState:
        """Published as soon as one version is, else what became of the newest."""
        return "published" if self.published else self.versions[-1].state

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

    def register(self, upload: Upload) -> None:
        """Add a version that waits to be read; the newest one's bytes again are no new version.

        A rejected version does not count: the same bytes may be tried again, as a new version.
        """
        newest = self.versions[-1] if self.versions else None
        if newest and newest.file.sha256 == upload.file.sha256 and newest.state != "rejected":
            return
        version = Version(**dict(upload), number=len(self.versions) + 1, registered_at=now())
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
            )
        )

    def publish(self, number: int | None, table: FileRef, profile: Profile, job_id: str) -> None:
        """Version `number` (the newest when not said) was read: it can be found from now on."""
        version = self._version(number)
        if version.state == "published":
            return
        version.state, version.reason, version.job_id = "published", "", job_id
        version.table, version.profile = table, profile
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
        if self.state == "pending":
            raise Unavailable(f"{self.id} is still being read; ask again later")
        raise WrongStage(f"no version of {self.id} could be read: {self.versions[-1].reason}")

    def _version(self, number: int | None) -> Version:
        found = next((v for v in self.versions if v.number == number), None)
        if number is not None and found is None:
            raise WrongStage(f"{self.id} has no version {number}")
        return found or self.versions[-1]
