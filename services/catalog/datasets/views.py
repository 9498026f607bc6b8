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
from shared.engine.tables.manifest import ColumnDescription
from shared.events.event import FileRef, Frozen

Action: TypeAlias = Literal["answer", "change", "download", "end", "read_uses"]
"""`change` is all that its owner decides about it, `answer` what the staff does to that."""


class FileView(Frozen):
    """A file of a version; its hash is for those who may read it: it proves what somebody has."""

    model_config = ConfigDict(from_attributes=True)

    sha256: str | None
    size: int
    media_type: str


class OutputView(Frozen):
    """A file that came with a project's result."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    file: FileView


class VersionView(Version):
    """A version, and what it changed of the one published before it."""

    file: FileView  # type: ignore[assignment]  # a reference that may lack its hash
    files: tuple[OutputView, ...] = ()  # type: ignore[assignment]
    table: FileView | None = None  # type: ignore[assignment]
    keys_file: FileView | None = Field(  # type: ignore[assignment]
        default=None, description="values of its key columns"
    )
    listing: FileRef | None = Field(default=None, exclude=True)
    manifest: FileRef | None = Field(default=None, exclude=True)
    changes: Changes | None = None

    def without_hashes(self) -> "VersionView":
        """The same for those who may not read it."""
        hidden = {
            "file": _without_hash(self.file),
            "files": tuple(
                output.model_copy(update={"file": _without_hash(output.file)})
                for output in self.files
            ),
            "table": self.table and _without_hash(self.table),
            "keys_file": self.keys_file and _without_hash(self.keys_file),
        }
        return self.model_copy(update=hidden)


class DatasetSummary(Metadata):
    """A dataset as lists show it."""

    columns: tuple[ColumnDescription, ...] = Field(default=(), exclude=True)
    id: str
    owner_id: str
    state: DatasetState
    project_id: str | None
    version: int | None = Field(description="the published one")
    rows: int | None
    files: int | None = Field(default=None, description="of a dataset of files, how many there are")
    keys: list[str]
    quality: int | None = Field(description="points of 100, by the criteria; of a published one")


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
    same_bytes: list[SameBytes] = Field(
        default=[], description="answering an upload: the same bytes, in versions that one may read"
    )
    ended_inputs: list[EndedInput] = Field(
        default=[], description="what its versions were made of and that ended since"
    )


def summary_of(dataset: Dataset) -> DatasetSummary:
    """A dataset as lists show it."""
    files = dataset.profile.files if dataset.profile else None
    return DatasetSummary(
        **dataset.metadata.model_dump(),
        id=dataset.id,
        owner_id=dataset.owner_id,
        state=dataset.state,
        project_id=dataset.project_id,
        version=dataset.published.number if dataset.published else None,
        rows=dataset.profile.rows if dataset.profile and not files else None,
        files=files and files.count,
        keys=dataset.keys,
        quality=score_of(_described(dataset)) if dataset.is_known else None,
    )


def view_of(dataset: Dataset, caller: Caller) -> DatasetView:
    """A dataset as `caller` may see it."""
    versions = _compared(versions_of(dataset, caller))
    descriptions, unknown = dataset.metadata.columns, dataset.unknown_columns
    if not caller.may_see(*dataset.insiders):
        descriptions, unknown = dataset.known_descriptions, []
    return DatasetView(
        **summary_of(dataset).model_dump(),
        may=_actions_of(dataset, caller),
        columns=descriptions,
        unknown_columns=unknown,
        versions=[
            _with_descriptions(dataset, _with_readable_hashes(version, dataset, caller))
            for version in versions
        ],
        criteria=criteria_of(_described(dataset)) if dataset.is_known else [],
        harvested=dataset.harvested,
        retired=dataset.retired,
        retirement=dataset.retirement,
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


def _as_others_see(version: Version, dataset: Dataset, caller: Caller) -> Version:
    hidden: dict[str, object] = {}
    if not dataset.may_be_downloaded_by(caller):
        # Steps name columns and values of what a result was made of, profiles invalid values.
        hidden["provenance"] = None
        hidden["profile"] = version.profile and version.profile.without_values()
    if version.legal_basis:
        hidden["legal_basis"] = version.legal_basis.model_copy(update={"note": ""})
    return version.model_copy(update=hidden)


def _with_readable_hashes(version: VersionView, dataset: Dataset, caller: Caller) -> VersionView:
    """The version without the hashes of what `caller` may not read."""
    if caller.may_see(dataset.owner_id):
        return version
    origin = version.provenance and version.provenance.without_hashes()
    view = version.model_copy(update={"provenance": origin})
    return view if dataset.may_be_downloaded_by(caller) else view.without_hashes()


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


def _described(dataset: Dataset) -> Described:
    return Described(dataset.metadata, dataset.profile, is_result=bool(dataset.project_id))


def _without_hash(file: FileView) -> FileView:
    return file.model_copy(update={"sha256": None})
