"""What a job leaves behind: its manifest, and the profile of a table it took in."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from shared.engine.tables.files import FileSummary
from shared.engine.tables.misleading import ColumnWarning, RowRange, TotalRows
from shared.engine.tables.privacy import Privacy
from shared.engine.tables.provenance import PolicyReference, Provenance
from shared.engine.tables.release import EarlierCells, EarlierRelease, ProtectedInput
from shared.events.event import FileRef, Frozen, JobKind, Step, Verdict

INVENTED = "Essai sur des lignes inventées : aucun chiffre n'est vrai."
"""What is said of every result of a trial that invented rows went into."""

PARQUET = "application/vnd.apache.parquet"
"""The media type of tables."""

RESULT_TYPES = (PARQUET, "text/csv", "image/png", "image/svg+xml", "text/html")
"""The media types of what a treatment makes: tables, pictures and pages."""

TABLE = "table.parquet"
"""What an ingest job calls the table that it read."""

RESULT = "result.parquet"
"""What a job calls the table of its last step."""

REVIEWED = "reviewed.json"
"""What a reviewer reads of a result of others' restricted data."""

DESCRIBED = "described"
"""Where the report of a result's last step says what its columns hold."""


class Input(Frozen):
    """A dataset as it was when a job read it."""

    name: str
    dataset_id: str
    version: int
    sha256: str = Field(description="of its source; results have none of others' restricted data")
    title: str = ""
    licence: str = ""
    purpose: str = Field(default="", description="what its owners granted it for")
    until: str | None = Field(default=None, description="the last day of the grant, an ISO date")
    columns: tuple[str, ...] | None = Field(
        default=None, description="the only ones that the job was given; null for all"
    )
    table_columns: tuple[str, ...] = Field(
        default=(), exclude=True, description="the names of all columns; the manifest has them not"
    )
    described: tuple["Column", ...] = Field(
        default=(), exclude=True, description="its columns as read; the manifest has them not"
    )
    conditions: tuple[str, ...] = Field(
        default=(), description="what its owners ask to be kept to, as written"
    )
    grant_id: str = Field(default="", description="the access request that its owners granted")
    granted_by: tuple[str, ...] = Field(default=(), description="the members who did")
    attribution: str = Field(
        default="", description="what to name its sources by in what is published, in French"
    )
    total_rows: tuple[RowRange, ...] = Field(
        default=(), exclude=True, description="that sum others; its dataset's profile has them"
    )
    likely_total_rows: int = Field(
        default=0, exclude=True, description="rows that look like totals, and are counted"
    )
    is_protected: bool = Field(
        default=False, description="others' restricted data: a reviewer decides what leaves"
    )
    policy: PolicyReference | None = Field(
        default=None, description="of protected tables that answered for others' restricted data"
    )
    personal: Verdict = Field(default="none", exclude=True, description="on persons in its table")
    minimum_units: int | None = Field(
        default=None, exclude=True, description="behind a figure, as its owner raised it"
    )
    releases: tuple[EarlierRelease, ...] = Field(
        default=(), exclude=True, description="what left of it before, of any version"
    )
    ledger_length: int = Field(
        default=0, exclude=True, description="of its release ledger, when it was opened"
    )
    upload: str = Field(
        default="", exclude=True, description="of a dataset of files, what they came as"
    )
    unit: str = Field(default="", exclude=True, description="the column that tells whose rows are")
    unit_type: str = Field(default="", exclude=True, description="what that column holds")
    is_published: bool = Field(default=False, description="others than the holder show it to all")
    on_cluster: bool = Field(
        default=False, exclude=True, description="machines of a cluster may have it"
    )
    is_invented: bool = Field(
        default=False, description="a trial read invented rows in its place, and none of its own"
    )

    @property
    def kept_columns(self) -> tuple[str, ...]:
        """Return the granted columns, and that of units, by which the rules of release count."""
        granted_columns = self.columns or ()
        return (
            granted_columns
            if not self.unit or self.unit in granted_columns
            else (*granted_columns, self.unit)
        )

    @property
    def in_results(self) -> "Input":
        """Return it as results name it: a hash would prove others' restricted data."""
        return self.model_copy(update={"sha256": ""}) if self.is_protected else self

    def protected(self, earlier: Mapping[str, str]) -> ProtectedInput:
        """Return what the rules of release need of it; `earlier` maps hashes to paths."""
        # Both take what they have of the same name, and ignore the rest.
        return ProtectedInput(
            **dict(self),
            earlier=tuple(
                EarlierCells(**dict(release), path=earlier[release.file.sha256])
                for release in self.releases
            ),
            is_unit_given=self.columns is None or self.unit in self.columns,
        )


Opaque = Literal["", "figure", "file", "html", "table", "log"]
"""What holders' own code made that no rule can look into: a reviewer has to; empty for the rest."""


class Output(Frozen):
    """A file that a job made."""

    name: str = Field(description="file name, e.g. result.parquet")
    file: FileRef
    is_internal: bool = Field(
        default=False, description="for the ledger of releases: nobody downloads it"
    )
    opaque: Opaque = Field(default="", description="what of own code no rule can look into")


class Manifest(Frozen):
    """Everything needed to understand and repeat a job."""

    job_id: str
    kind: JobKind
    project_id: str | None = None
    inputs: tuple[Input, ...] = ()
    steps: tuple[Step, ...] = ()
    outputs: tuple[Output, ...] = ()
    reports: tuple[dict[str, Any], ...] = Field(default=(), description="one per step")
    software: dict[str, str] = {}
    provenance: Provenance = Provenance()
    started: AwareDatetime
    ended: AwareDatetime

    def output(self, name: str) -> FileRef | None:
        """Return the file called `name`, if the job made it."""
        return next((out.file for out in self.outputs if out.name == name), None)

    @property
    def is_invented(self) -> bool:
        """Whether its figures are of invented rows."""
        return any(read_input.is_invented for read_input in self.inputs)

    @property
    def descriptions(self) -> tuple["ColumnDescription", ...]:
        """Return the descriptions of its table's columns; raises ValidationError if malformed."""
        descriptions = (
            description for report in self.reports for description in report.get(DESCRIBED, ())
        )
        return tuple(ColumnDescription.model_validate(description) for description in descriptions)


class Meaning(Frozen):
    """What a column holds, by its values; of personal kinds no value is shown."""

    type: str = Field(description="commune, siret, email, ...")
    confidence: float = Field(ge=0, le=1)
    valid: float = Field(ge=0, le=1, description="share of the filled rows that are valid")
    invalid: tuple[str, ...] = Field(default=(), description="examples of the others")
    invalid_rows: int = Field(default=0, ge=0, description="rows with one of the others")
    invalid_at: tuple[int, ...] = Field(default=(), description="of codes, their first rows")
    repair: str | None = Field(
        default=None, description="leading_zero: codes that lost their first zero"
    )
    format: str | None = Field(
        default=None,
        description="of dates and months as strftime writes it, of numbers as # ##0,0, of wkt the"
        " kinds of geometry",
    )
    unit: str | None = Field(
        default=None,
        description="of numbers, as cells or the column's name write it: 12,5 % is 12.5 in %",
    )
    also: tuple[str, ...] = Field(
        default=(),
        description="other types, or formats of dates and numbers, that fit the values too",
    )
    year: int | None = Field(
        default=None, description="of communes, the latest year whose official codes fit best"
    )
    year_from: int | None = Field(
        default=None, description="the first year whose codes fit as well, when not `year` itself"
    )
    codes: dict[str, int] = Field(
        default={},
        description="of communes, how many distinct codes are today those of a commune, or are"
        " delegated, associated, district, gone or unknown",
    )

    def without_counts(self) -> "Meaning":
        """Return it for those who may not read restricted data: what it holds, by and large.

        One cell may decide which other formats fit as well, of which year codes are, and how sure
        the type is, which counts as 1.
        """
        none: dict[str, object] = {"invalid_rows": 0, "codes": {}, "also": ()}
        none |= {"year": None, "year_from": None, "confidence": 1.0, "valid": round(self.valid, 1)}
        return self.model_copy(update=none)


class ColumnDescription(Frozen):
    """What a data dictionary says of the column of that name."""

    name: str
    description: str


_SQL_TYPES = {
    **dict.fromkeys(("integer", "year"), "BIGINT"),
    **dict.fromkeys(("decimal", "latitude", "longitude"), "DOUBLE"),
    "date": "DATE",
    "datetime": "TIMESTAMP",
}


_KINDS = ("integer", "decimal", "date")
"""What is both recognised in a column, and a kind of all its values."""


class Column(Frozen):
    """One column of a profiled table; `key` names the kind of identifier its values are."""

    name: str
    kind: str = Field(description="text, integer, decimal, date or boolean, by value")
    filled: int = Field(ge=0, description="rows with a value")
    distinct: int = Field(ge=0)
    key: str | None = Field(default=None, description="commune, siren, postcode, ...")
    meaning: Meaning | None = None
    missing: tuple[str, ...] = Field(
        default=(), description="what the source writes for no value here, e.g. NA"
    )
    withheld: tuple[str, ...] = Field(
        default=(),
        description="of numbers, what it writes in place of one that is secret or has no meaning,"
        " e.g. s; the table keeps it",
    )
    description: str = Field(
        default="", description="what its owner says it holds, where it is shown; no job tells it"
    )
    names: str = Field(
        default="", description="commune: its texts name communes, whose codes can be added"
    )
    stored: str = Field(
        default="", description="where its table does not store text, the type that it stores"
    )
    warnings: tuple[ColumnWarning, ...] = Field(default=(), description="what treatments mistake")

    @property
    def sql_type(self) -> str:
        """Return DuckDB's name of the type that a query gets it as."""
        if self.stored or self.key or self.meaning is None or self.meaning.repair:
            return self.stored or "VARCHAR"
        if self.type == "boolean" and self.kind == "integer":
            return "BIGINT"
        return _SQL_TYPES.get(self.type, "VARCHAR")

    @property
    def as_known(self) -> "Column":
        """Return what everybody may know of it in restricted data: neither values nor counts."""
        column = _without_values(self)
        meaning = column.meaning and column.meaning.without_counts()
        return column.model_copy(update={"filled": 0, "distinct": 0, "meaning": meaning})

    @property
    def type(self) -> str:
        """Return what the profile recognised in it, or nothing."""
        return self.meaning.type if self.meaning else ""


class Repair(Frozen):
    """Something that was mended so that a file is a table; `message` says it in French."""

    code: str = Field(description="short_rows, blank_names, mixed_encoding, ...")
    message: str
    count: int = Field(ge=1, description="how many lines, columns or files it was done to")
    first_line: int | None = Field(default=None, description="where it was done first, from 1")


class Profile(Frozen):
    """What the ingest application reports: the table's shape and its key columns.

    Of `files`, which are no table, it has neither rows nor columns.
    """

    rows: int = Field(ge=0)
    format: str = Field(default="csv", description="csv, xlsx, json, geojson, shp, parquet, ...")
    encoding: str = Field(description="encoding the source was read with; binary for Parquet")
    delimiter: str | None = None
    sheet: str | None = Field(
        default=None, description="of a workbook, or the layer of a map, that was read"
    )
    columns: tuple[Column, ...]
    repairs: tuple[Repair, ...] = ()
    privacy: Privacy | None = Field(default=None, description="what it tells about persons")
    files: FileSummary | None = Field(default=None, description="of a dataset of files")
    totals: tuple[TotalRows, ...] = Field(default=(), description="rows that sum others")
    likely_totals: tuple[TotalRows, ...] = Field(
        default=(), description="rows that look so and sum nothing: steps count them"
    )

    def without_values(self) -> "Profile":
        """Return the profile for those who may not see the data: without values and file names."""
        files = self.files and self.files.model_copy(update={"names": ()})
        columns = tuple(map(_without_values, self.columns))
        return self.model_copy(update={"columns": columns, "files": files})

    @property
    def total_rows(self) -> tuple[RowRange, ...]:
        """Return the rows that sum other rows."""
        return tuple(chain.from_iterable(total.ranges for total in self.totals))

    @property
    def likely_total_ranges(self) -> tuple[RowRange, ...]:
        """Return the rows that look like totals, and are counted."""
        return tuple(chain.from_iterable(likely.ranges for likely in self.likely_totals))

    @property
    def likely_total_rows(self) -> int:
        """Count the rows that look like totals, and are counted."""
        return sum(total.count for total in self.likely_totals)

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the kinds of key columns, each once, sorted."""
        return tuple(sorted({column.key for column in self.columns if column.key}))


def _without_values(column: Column) -> Column:
    meaning = column.meaning and column.meaning.model_copy(update={"invalid": (), "invalid_at": ()})
    warnings = tuple(warning.without_values() for warning in column.warnings)
    # One word among numbers makes a column's cells text, and would be told by it.
    kind = column.type if column.type in _KINDS else column.kind
    return column.model_copy(update={"kind": kind, "meaning": meaning, "warnings": warnings})
