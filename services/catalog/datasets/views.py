"""What the catalogue shows of datasets, by HTTP and RPC."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Literal, TypeAlias

from pydantic import ConfigDict, Field

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import ENDERS, OWNERS, Dataset
from services.catalog.datasets.quality import Criterion, Described, criteria_of, score_of
from services.catalog.datasets.source_record import Harvested
from services.catalog.datasets.versions import Changes, DatasetState, Version, compare
from services.catalog.decisions.dataset_end import Retirement
from shared.auth import Caller, allowed
from shared.engine.tables.files import FileSummary
from shared.engine.tables.manifest import Column, ColumnDescription, Profile
from shared.engine.tables.privacy import at_most
from shared.events.event import FileRef, Frozen

Action: TypeAlias = Literal["answer", "change", "download", "end", "read_uses"]
"""`change` is all that its owner decides about it, `answer` what the staff does to that."""


class FileView(Frozen):
    """A file of a version; hash and size are for insiders and readers: they prove its content."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str | None
    size: int | None
    media_type: str

    def without_hash(self) -> "FileView":
        """Return it for those who may not read it."""
        return self.model_copy(update={"sha256": None})

    def without_size(self) -> "FileView":
        """Return it for those who are no insiders, either."""
        return self.model_copy(update={"size": None})


class OutputView(Frozen):
    """A file that came with a project's result."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    file: FileView


class ColumnView(Column):
    """A column; its counts are for insiders and readers."""

    model_config = ConfigDict(from_attributes=True)

    filled: int | None  # type: ignore[assignment]
    distinct: int | None  # type: ignore[assignment]

    def for_others(self) -> "ColumnView":
        """Return what it holds, and no count of it, nor marks that may stand in one cell."""
        none: dict[str, object] = {"filled": None, "distinct": None, "missing": (), "withheld": ()}
        none["meaning"] = self.meaning and self.meaning.without_counts()
        return self.model_copy(update=none)


class ProfileView(Profile):
    """A profile; to those who may not read the data it says what columns hold.

    Whoever knows all rows but one reads that one off any exact number: of rows that have a value,
    of distinct values, of repairs, of the smallest group.
    """

    model_config = ConfigDict(from_attributes=True)

    columns: tuple[ColumnView, ...]

    def for_others(self) -> "ProfileView":
        """Return it for those who may not read the data."""
        none: dict[str, object] = {"repairs": (), "totals": (), "likely_totals": ()}
        none |= {
            "rows": at_most(self.rows),
            "columns": tuple(column.for_others() for column in self.columns),
            "privacy": self.privacy and self.privacy.without_counts(),
            "files": self.files and _files_for_others(self.files),
        }
        return self.model_copy(update=none)


def _files_for_others(files: FileSummary) -> FileSummary:
    kinds = {media_type: at_most(number) for media_type, number in files.media_types.items()}
    bounds = {"count": at_most(files.count), "size": at_most(files.size)}
    return files.model_copy(update={**bounds, "media_types": kinds})


class VersionView(Version):
    """A version, and what it changed of the one published before it."""

    file: FileView  # type: ignore[assignment]  # a reference that may lack its hash
    files: tuple[OutputView, ...] = ()  # type: ignore[assignment]
    table: FileView | None = None  # type: ignore[assignment]
    keys_file: FileView | None = Field(  # type: ignore[assignment]
        default=None, description="values of its key columns"
    )
    profile: ProfileView | None = None
    listing: FileRef | None = Field(default=None, exclude=True)
    manifest: FileRef | None = Field(default=None, exclude=True)
    changes: Changes | None = Field(default=None, description="for insiders and readers")
    may: tuple[Literal["download"], ...] = Field(
        default=(), description="what the caller may do with it now, by its number"
    )

    def without_hashes(self) -> "VersionView":
        """The same for those who may not read it."""
        return self._with_files(FileView.without_hash)

    def for_others(self) -> "VersionView":
        """The same for those who are no insiders, either."""
        view = self._with_files(FileView.without_size)
        profile = self.profile and self.profile.for_others()
        return view.model_copy(update={"profile": profile, "changes": None})

    def _with_files(self, shown: Callable[[FileView], FileView]) -> "VersionView":
        return self.model_copy(
            update={
                "file": shown(self.file),
                "files": tuple(
                    output.model_copy(update={"file": shown(output.file)}) for output in self.files
                ),
                "table": self.table and shown(self.table),
                "keys_file": self.keys_file and shown(self.keys_file),
            }
        )


class DatasetSummary(Metadata):
    """A dataset as lists show it."""

    columns: tuple[ColumnDescription, ...] = Field(default=(), exclude=True)
    id: str
    owner_id: str
    state: DatasetState
    project_id: str | None
    version: int | None = Field(description="the published one")
    rows: int | None = Field(description="of restricted data at most so many, to two digits")
    files: int | None = Field(default=None, description="of a dataset of files, the same")
    keys: list[str]
    quality: int | None = Field(
        description="points of 100, by the criteria; of restricted data without those of its cells,"
        " but for who may know these; of a published one"
    )


class EndedInput(Frozen):
    """Data that a result was made of and that was retired or deleted since, by whom and when."""

    dataset_id: str
    title: str
    state: DatasetState
    ended_by: str
    ended_at: datetime
    reason: str


class SameBytes(Frozen):
    """A version that the bytes of an upload are, and what to make of it, in French."""

    dataset_id: str
    title: str
    version: int
    message: str


class DatasetView(DatasetSummary):
    """A dataset with its versions, as its insiders and staff or as others may see it."""

    may: tuple[Action, ...] = Field(description="what the caller may do with it now")
    columns: tuple[ColumnDescription, ...] = Field(
        default=(), description="what is said of columns: those of the table, and unknown ones"
    )
    unknown_columns: list[str] = Field(
        default=[], description="those of these names that the version shown does not have"
    )
    versions: list[VersionView]
    criteria: list[Criterion] = Field(description="what its quality is judged by")
    harvested: Harvested | None = Field(description="what another catalogue says of it")
    retired: str = Field(description="why it is found no more, in French")
    retirement: Retirement | None = Field(description="who took it out of this catalogue, and when")
    tables_of: str = Field(
        default="", description="the restricted dataset whose protected tables these are"
    )
    tables_id: str = Field(
        default="", description="the dataset of its protected tables, once they can be read"
    )
    has_open_tables: bool = Field(
        default=False, description="whether everybody can read these, not only granted projects"
    )
    same_bytes: list[SameBytes] = Field(
        default=[], description="answering an upload: the same bytes, in versions that one may read"
    )
    ended_inputs: list[EndedInput] = Field(
        default=[], description="what its versions were made of and that ended since"
    )
    stale_since: datetime | None = Field(
        default=None, description="of a result, since when it is not what its sources would give"
    )


def summary_of(dataset: Dataset) -> DatasetSummary:
    """A dataset as lists show it."""
    profile, is_open = dataset.profile, dataset.metadata.access == "open"
    files = profile.files if profile else None
    rows = profile.rows if profile and not files else None
    return DatasetSummary(
        **dataset.metadata.model_dump(),
        id=dataset.id,
        owner_id=dataset.owner_id,
        state=dataset.state,
        project_id=dataset.project_id,
        version=dataset.published.number if dataset.published else None,
        rows=rows if rows is None or is_open else at_most(rows),
        files=files and (files.count if is_open else at_most(files.count)),
        keys=dataset.keys,
        quality=score_of(_described(dataset, is_open)) if dataset.is_known else None,
    )


def view_of(dataset: Dataset, caller: Caller) -> DatasetView:
    """A dataset as `caller` may see it."""
    descriptions, unknown = dataset.metadata.columns, dataset.unknown_columns
    if not caller.may_see(*dataset.insiders):
        descriptions, unknown = dataset.known_descriptions, []
    described = _described(dataset, dataset.shows_counts_to(caller)) if dataset.is_known else None
    return DatasetView(
        **summary_of(dataset).model_dump() | {"quality": described and score_of(described)},
        may=_actions_of(dataset, caller),
        columns=descriptions,
        unknown_columns=unknown,
        versions=list(version_views(dataset, caller)),
        criteria=criteria_of(described) if described else [],
        harvested=dataset.harvested,
        retired=dataset.retired,
        retirement=dataset.retirement,
        tables_of=dataset.tables_of,
        tables_id=dataset.tables_id if dataset.answering_tables else "",
        has_open_tables=dataset.open_tables is not None,
    )


def _actions_of(dataset: Dataset, caller: Caller) -> tuple[Action, ...]:
    """What a caller may do with the dataset as it is: the commands refuse the rest alike."""
    checks: dict[Action, Callable[[], object]] = {
        "answer": partial(dataset.check_answerable, caller),
        "change": partial(dataset.check_changeable, caller.member_id, ""),
        "download": partial(dataset.check_downloadable, caller),
        "end": partial(dataset.check_endable, caller),
        "read_uses": partial(dataset.check_insider, caller, ""),
    }
    return allowed(caller, checks, {"change": OWNERS, "end": ENDERS})


def versions_of(dataset: Dataset, caller: Caller) -> list[Version]:
    """The versions that `caller` may see, without what of them it may not."""
    if caller.may_see(*dataset.insiders):
        return dataset.versions
    published = (version for version in dataset.versions if version.state == "published")
    return [_as_others_see(version, dataset, caller) for version in published]


def version_views(dataset: Dataset, caller: Caller) -> Iterator[VersionView]:
    """The same as they are shown, with each column's description beside it."""
    is_reader = dataset.may_be_downloaded_by(caller)
    shows_counts = dataset.shows_counts_to(caller)
    for version in _compared(versions_of(dataset, caller)):
        view = _with_descriptions(dataset, version)
        download = partial(dataset.check_downloadable, caller, version.number)
        may = allowed(caller, {"download": download}, {})
        view = view.model_copy(update={"may": may})
        if not caller.may_see(dataset.owner_id):
            origin = version.provenance and version.provenance.without_hashes()
            view = view.model_copy(update={"provenance": origin})
            view = view if is_reader else view.without_hashes()
        yield view if shows_counts else view.for_others()


def _as_others_see(version: Version, dataset: Dataset, caller: Caller) -> Version:
    hidden: dict[str, object] = {}
    if not dataset.may_be_downloaded_by(caller):
        # Steps name columns and values of what a result was made of, profiles invalid values.
        hidden["provenance"] = None
        hidden["profile"] = version.profile and version.profile.without_values()
    if version.legal_basis:
        hidden["legal_basis"] = version.legal_basis.model_copy(update={"note": ""})
    return version.model_copy(update=hidden)


def _with_descriptions(dataset: Dataset, version: VersionView) -> VersionView:
    """The version with each column's description beside it."""
    if version.profile is None:
        return version
    texts = {column.name: column.description for column in dataset.metadata.columns}
    columns = tuple(
        column.model_copy(update={"description": texts.get(column.name, "")})
        for column in version.profile.columns
    )
    profile = version.profile.model_copy(update={"columns": columns})
    return version.model_copy(update={"profile": profile})


def _compared(versions: list[Version]) -> Iterator[VersionView]:
    """The versions, each published one with its changes since the one published before."""
    before: Version | None = None
    for version in versions:
        changes = None
        if before and before.profile and version.profile:
            changes = compare(before.number, before.profile, version.profile)
        yield VersionView(**dict(version), changes=changes)
        before = version if version.state == "published" else before


def _described(dataset: Dataset, shows_counts: bool) -> Described:
    is_result = bool(dataset.project_id)
    return Described(dataset.metadata, dataset.profile, is_result, shows_counts)
