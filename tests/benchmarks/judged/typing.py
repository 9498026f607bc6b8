"""Types, values and units on the judged files of tests/corpora/typing, each half by itself.

A finer word of the corpus (its README says which) is right as the plainer type, too. A column of a
type that a contender does not know counts neither for nor against it. What a column is called that
is no code, and is taken for one, is a false code. Values and units are ours alone to read.
"""

import contextlib
import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shared.engine.database import open_database
from shared.engine.reading.columns.typed_values import typed_table
from shared.engine.tables.manifest import Profile
from tests.integration.compute.jobs import ingest

CORPUS = Path(__file__).resolve().parents[2] / "corpora" / "typing"

_TEXT = {"text", "free_text", "category"}
_WHOLE = {"integer", "year"}
_NUMBER = {*_WHOLE, "decimal"}
_AS_TEXT = (
    "category",
    "identifier",
    "version",
    "colour",
    "school_year",
    "time",
    "duration",
    "week",
    "quarter",
    "wkt",
)
RIGHT: Mapping[str, Collection[str]] = {
    **{word: {word, *_TEXT} for word in _AS_TEXT},
    "text": _TEXT,
    "month": {"month", "date", *_TEXT},
    "lambert_x": {"lambert_x", *_NUMBER},
    "lambert_y": {"lambert_y", *_NUMBER},
}
"""What else is right for a word of the corpus."""

WHOLE_TOO = ("category", "identifier")
"""Of these, columns of plain whole numbers without a first zero are right as integers."""

_IDENTIFIERS = {"siret", "siren", "tva", "epci", "uai", "rna", "rnb", "finess", "naf", "nir"}
CODES = {*_IDENTIFIERS, "iris", "postcode", "commune", "departement", "region"}

_SAME_UNIT = {"m2": "m²", "m3": "m³", "km2": "km²"}

Typer = Callable[[list[str]], Mapping[str, list[str]]]
"""What a contender says the columns of each file are."""


def is_right(judged: str, told_type: str) -> bool:
    """Whether what is told of a column is right, where that is what it holds."""
    return told_type in RIGHT.get(judged, {judged})


@dataclass(frozen=True)
class Judged:
    """A column of the corpus: what is right, and what it holds."""

    path: str
    at: int
    name: str
    type: str
    values: tuple[str, ...]
    reads: Mapping[str, Any]
    unit: str | None

    def is_right(self, told_type: str) -> bool:
        """Whether a contender's word for it is right."""
        if is_right(self.type, told_type):
            return True
        is_whole = all(pair.isascii() and pair.isdigit() and pair[0] != "0" for pair in self.values)
        return self.type in WHOLE_TOO and is_whole and told_type in _WHOLE

    def is_known(self, types_told: Collection[str]) -> bool:
        """Whether a contender that knows these types can be right."""
        return bool(set(RIGHT.get(self.type, {self.type})) & set(types_told))


def judged(half: str) -> Iterator[Judged]:
    """Every column of a half of the corpus."""
    folder = CORPUS / half
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    for file, right in expected.items():
        rows = _rows(folder / file)
        for at, name in enumerate(rows[0]):
            if name not in right["types"]:
                continue
            cells = tuple(filter(None, (row[at].strip() for row in rows[1:] if at < len(row))))
            reads, unit = right.get("values", {}).get(name, {}), right.get("units", {}).get(name)
            yield Judged(
                str(folder / file), at, name, right["types"][name], cells, reads, _plain(unit)
            )


def report(
    half: str, typers: Mapping[str, Typer], names_of_types: Mapping[str, Collection[str]]
) -> None:
    """Print how many columns of a half each contender types right, and how many codes are false."""
    columns = list(judged(half))
    paths = sorted({column.path for column in columns})
    print(f"\n  corpus, {half}: {len(paths)} files, {len(columns)} columns")
    for name, types in typers.items():
        types_by_path = types(paths)
        counted = [
            column for column in columns if column.is_known(names_of_types.get(name, {column.type}))
        ]
        type_by_column = {id(column): _told(types_by_path, column) for column in columns}
        right = sum(column.is_right(type_by_column[id(column)]) for column in counted)
        false = sum(type_by_column[id(column)] in CODES - {column.type} for column in columns)
        share = f"{right:>4} of {len(counted):>4}   {right / len(counted):>6.1%}"
        print(f"  {name:<20}{share:>24}   false codes {false}")
    ours = read_back(half)
    print(
        f"  ours: values read right {ours.values_right} of {ours.values},"
        f" units {ours.units_right} of {ours.units}"
    )


@dataclass
class ReadBack:
    """How many written values read as the corpus says, and how many units are told so.

    `types_by_path` holds what the columns of each file are said to be.
    """

    types_by_path: dict[str, list[str]] = field(default_factory=dict)
    values: int = 0
    values_right: int = 0
    units: int = 0
    units_right: int = 0


def read_back(half: str) -> ReadBack:
    """The values and units of a half as a typed result has them."""
    counted, files = ReadBack(), defaultdict[str, list[Judged]](list)
    for column in judged(half):
        files[column.path].append(column)
    for path, columns in files.items():
        with TemporaryDirectory() as home, contextlib.redirect_stdout(io.StringIO()):
            _read_back(Path(home), Path(path), columns, counted)
    return counted


def _read_back(home: Path, path: Path, columns: list[Judged], counted: ReadBack) -> None:
    run = ingest(home / "job", path, path.name)
    described = Profile.model_validate(run.reports[0]).columns
    counted.types_by_path[str(path)] = [
        column.meaning.type if column.meaning else column.kind for column in described
    ]
    profile = {column.name: column for column in described}
    with open_database(home / "job", 1_000_000_000) as database:
        database.read_parquet(str(run.output_path("table.parquet"))).create_view("given")
        typed = typed_table(database, "given", profile.values())
        written = database.sql("FROM given").to_arrow_table().to_pydict()
        read = database.sql(typed.select).to_arrow_table().to_pydict()
    for column in columns:
        meaning = profile[column.name].meaning if column.name in profile else None
        unit = meaning.unit if meaning else None
        if column.unit or unit:
            counted.units += 1
            counted.units_right += bool(column.unit and unit and unit.startswith(column.unit))
        pairs = zip(written.get(column.name, ()), read.get(column.name, ()), strict=True)
        pairs_by_text = {(text or "").strip(): value for text, value in pairs}
        for text, right in column.reads.items():
            counted.values += 1
            counted.values_right += _json(pairs_by_text.get(text)) == right


def _json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def wrong(half: str, types_by_path: Mapping[str, list[str]]) -> Iterator[tuple[Judged, str]]:
    """The columns that are typed wrong, with what was said of each."""
    for column in judged(half):
        told_type = _told(types_by_path, column)
        if not column.is_right(told_type):
            yield column, told_type


def _told(types_by_path: Mapping[str, list[str]], column: Judged) -> str:
    types = types_by_path.get(column.path, [])
    return types[column.at] if column.at < len(types) else "nothing"


def _plain(unit: str | None) -> str | None:
    return _SAME_UNIT.get(unit or "", unit)


def _rows(path: Path) -> list[list[str]]:
    lines = path.read_text("utf-8-sig").splitlines()
    delimiter = max(";,\t|", key=lines[0].count)
    return list(csv.reader(lines, delimiter=delimiter))
