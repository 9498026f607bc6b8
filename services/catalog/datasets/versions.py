"""The versions of a dataset: how each came about, what reading it showed, how they follow."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

from services.catalog.datasets.legal_basis import LegalBasis, covers
from services.catalog.datasets.metadata import Day
from services.catalog.decisions.fingerprint import fingerprint_of
from services.catalog.decisions.not_personal import NotPersonal, lifted, still_true
from services.catalog.licences.licences import LicensedInput
from shared.engine.tables.manifest import Column, Input, Output, Profile
from shared.engine.tables.privacy import Privacy
from shared.errors import WrongStage
from shared.events.event import AcceptedRepair, FileRef, Frozen, Step

DatasetState = Literal["pending", "held", "published", "rejected", "retired", "deleted"]
VersionState = Literal["pending", "held", "published", "rejected"]
"""Held is what names persons, until its owner confirms the legal basis."""


class VersionProvenance(Frozen):
    """How a project made this version: enough to understand it and to make it again."""

    project_id: str
    job_id: str
    manifest: FileRef
    inputs: tuple[Input, ...]
    restricted_ids: tuple[str, ...] = Field(
        default=(), description="those of its inputs that were restricted then"
    )
    sources: tuple[LicensedInput, ...] = Field(
        default=(), description="what to name with the result"
    )
    attribution: str = Field(default="", description="the text to publish with it, in French")
    privacy: Privacy | None = Field(
        default=None, description="what the treatment knew it to tell about persons"
    )
    steps: tuple[Step, ...]
    software: dict[str, str]

    def without_hashes(self) -> "VersionProvenance":
        """The same without the hashes of restricted inputs: a hash proves what somebody has."""
        inputs = (
            input_version.model_copy(update={"sha256": ""})
            if input_version.dataset_id in self.restricted_ids
            else input_version
            for input_version in self.inputs
        )
        return self.model_copy(update={"inputs": tuple(inputs)})

    def without_content(self) -> "VersionProvenance":
        """The same of a deleted result: which data it was made of, and not what was done to it."""
        return self.model_copy(update={"steps": (), "privacy": None})


class VersionContent(BaseModel):
    """A file on its way into a dataset, and for a project's result what belongs to it."""

    file: FileRef
    filename: str
    note: str = Field(default="", description="what the owner says about this version")
    modified: Day | None = Field(default=None, description="the day its source last changed it")
    files: tuple[Output, ...] = Field(default=(), description="every file of a result")
    provenance: VersionProvenance | None = None
    accepted_repairs: tuple[AcceptedRepair, ...] = Field(
        default=(), description="what the owner lets be mended when the file is read"
    )
    sheet: str = Field(default="", description="of a workbook, the sheet that the owner chose")


class Version(VersionContent):
    """One upload of a dataset; `table` and `profile` are there once it was read."""

    number: int = Field(ge=1)
    registered_at: datetime
    state: VersionState = "pending"
    reason: str = ""
    reason_sequence: int = Field(default=-1, description="of the event that said why it waits")
    again: bool = Field(default=False, description="read before, it waits to be read anew")
    job_id: str | None = None
    table: FileRef | None = None
    listing: FileRef | None = Field(default=None, description="of files, what each of them is")
    profile: Profile | None = None
    keys_file: FileRef | None = Field(default=None, description="values of its key columns")
    manifest: FileRef | None = Field(default=None, description="of the job that read it")
    legal_basis: LegalBasis | None = None
    not_personal: tuple[NotPersonal, ...] = Field(
        default=(), description="what its owner declares to be no personal data, in their order"
    )

    @property
    def screened_privacy(self) -> Privacy | None:
        """What screening found in its table about persons; None when it was not screened."""
        return self.profile.privacy if self.profile else None

    @property
    def privacy(self) -> Privacy | None:
        """The findings that count: without those that declarations lift."""
        return self.screened_privacy and lifted(self.not_personal, self.screened_privacy)

    @property
    def readable(self) -> FileRef | None:
        """What projects read of it: its table, or the files as they came; None while not read."""
        return self.file if self.listing else self.table

    @property
    def described_columns(self) -> tuple[Column, ...]:
        """What its columns were read to hold, without values: by it their text is read again."""
        return self.profile.without_values().columns if self.profile else ()

    @property
    def is_refused(self) -> bool:
        """Whether the staff refused what its owner declared of it."""
        return any(declaration.answer == "refuse" for declaration in self.not_personal)

    @property
    def about_persons(self) -> str:
        """Findings about persons and the owner's declarations, in French; empty if unscreened."""
        if self.screened_privacy is None:
            return ""
        sentences = [
            declaration.in_french()
            for declaration in self.not_personal
            if declaration.answer != "withdraw"
        ]
        if self.screened_privacy.is_unexamined and self.legal_basis:
            sentences.append(self.legal_basis.in_french())
        return " ".join((self.screened_privacy.in_french(), *sentences))

    @property
    def derived_files(self) -> tuple[FileRef, ...]:
        """The files that reading it left in the file store."""
        files = (self.table, self.listing, self.keys_file, self.manifest)
        return tuple(file for file in files if file)

    @property
    def changed_on(self) -> date | None:
        """When its data last changed: of a result when the lab made it; None when nobody said."""
        return self.registered_at.date() if self.provenance else self.modified

    @property
    def stored(self) -> Iterator[FileRef]:
        """All files of this version in the file store."""
        yield self.file
        yield from self.derived_files
        yield from (output.file for output in self.files)
        if self.provenance:
            yield self.provenance.manifest

    @property
    def marks(self) -> frozenset[str]:
        """What identifies its content: its file, its table, and the counts of its columns.

        The last stays the same when the table is written in another format.
        """
        columns = self.profile.columns if self.profile else ()
        counted = [f"{column.name} {column.filled} {column.distinct}" for column in columns]
        stored = [file.sha256 for file in (self.file, self.table) if file]
        return frozenset((*stored, *([fingerprint_of(*counted)] if counted else [])))

    def without_content(self) -> "Version":
        """What stays of it when the dataset is deleted: its dates, its hash, its origin."""
        basis = self.legal_basis
        return Version(
            number=self.number,
            registered_at=self.registered_at,
            state=self.state,
            file=self.file,
            filename="",
            modified=self.modified,
            job_id=self.job_id,
            legal_basis=basis and basis.model_copy(update={"note": ""}),
            not_personal=tuple(declaration.without_content() for declaration in self.not_personal),
            provenance=self.provenance and self.provenance.without_content(),
        )


class VersionHistory(NamedTuple):
    """All versions of one dataset, the oldest first; none of data that is only referenced."""

    dataset_id: str
    versions: list[Version]

    @property
    def newest(self) -> Version | None:
        """The last one, whatever became of it."""
        return self.versions[-1] if self.versions else None

    @property
    def published(self) -> Version | None:
        """The newest version that could be read."""
        return next(
            (version for version in reversed(self.versions) if version.state == "published"), None
        )

    def published_before(self, number: int) -> Version | None:
        """The newest of a lower number that could be read."""
        earlier = [version for version in self.versions if version.number < number]
        return VersionHistory(self.dataset_id, earlier).published

    @property
    def current_version(self) -> Version | None:
        """The published version, else the newest."""
        return self.published or self.newest

    def numbered(self, number: int | None) -> Version:
        """The version of that number, by default the newest; raises WrongStage without it."""
        version = next((version for version in self.versions if version.number == number), None)
        if number is None:
            version = self.newest
        if version is None:
            missing = f"de version {number}" if number else "encore de version"
            raise WrongStage(f"{self.dataset_id} n'a pas {missing}")
        return version

    def held(self, number: int | None) -> Version:
        """The held version of that number, the newest one when not said; raises WrongStage."""
        held = [v for v in self.versions if v.state == "held" and number in {None, v.number}]
        if not held:
            raise WrongStage(f"{self.dataset_id} n'a pas de version en attente d'une base légale")
        return held[-1]

    def confirmed(self, privacy: Privacy | None) -> LegalBasis | None:
        """The newest legal basis confirmed for a version whose findings include `privacy`."""
        for version in reversed(self.versions):
            confirmed_privacy = version.profile.privacy if version.profile else None
            if version.legal_basis and covers(confirmed_privacy, privacy):
                return version.legal_basis
        return None

    def declared(self, profile: Profile) -> tuple[NotPersonal, ...]:
        """The declarations of the latest version that still hold for this table.

        Of files nothing: no two are alike in a way that anybody could look for.
        """
        if profile.files:
            return ()
        for version in reversed(self.versions):
            if version.not_personal and version.profile and profile.privacy:
                taken = tuple(still_true(version.not_personal, version.profile, profile))
                if taken:
                    return taken
        return ()


class Retyped(Frozen):
    """A column whose values are of another kind, or another identifier, than before."""

    name: str
    before: str
    after: str


class Coverage(Frozen):
    """How much of a key column is filled, as shares of the rows from 0 to 1."""

    name: str
    key: str
    before: float
    after: float


class Changes(Frozen):
    """A version beside the one published before it; columns by name, in the order of the table."""

    since: int = Field(description="number of the version it is compared with")
    rows: int = Field(description="rows more, or less when negative")
    files: int = Field(default=0, description="of a dataset of files, the same")
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[Retyped, ...] = ()
    coverage: tuple[Coverage, ...] = Field(
        default=(), description="key columns that are filled more or less than before"
    )


def compare(since: int, before: Profile, after: Profile) -> Changes:
    """What `after` changed of `before`, which is version `since`."""
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    kept = [(old[name], column) for name, column in new.items() if name in old]
    return Changes(
        since=since,
        rows=after.rows - before.rows,
        files=_files(after) - _files(before),
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        retyped=tuple(_retyped(kept)),
        coverage=tuple(_coverage(kept, before.rows, after.rows)),
    )


def _files(profile: Profile) -> int:
    return profile.files.count if profile.files else 0


def _retyped(kept: list[tuple[Column, Column]]) -> Iterator[Retyped]:
    for old, new in kept:
        before, after = old.key or old.kind, new.key or new.kind
        if before != after:
            yield Retyped(name=new.name, before=before, after=after)


def _coverage(
    kept: list[tuple[Column, Column]], rows_before: int, rows_after: int
) -> Iterator[Coverage]:
    for old, new in kept:
        before, after = old.filled / max(1, rows_before), new.filled / max(1, rows_after)
        if new.key and before != after:
            yield Coverage(name=new.name, key=new.key, before=before, after=after)
