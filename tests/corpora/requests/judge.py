"""Judges how protected tables answer the requests: beside the same steps on the rows themselves."""

import io
import json
from bisect import bisect
from collections.abc import Collection, Mapping, Sequence
from contextlib import redirect_stdout
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from pyarrow import parquet

from shared.engine.analysis.answers import UnansweredError, answering_steps, repeated_columns
from shared.engine.analysis.known_tables import KnownColumn, KnownTable
from shared.engine.contract.policy import MadeTables, ReleasePolicy
from shared.engine.contract.work import Work
from shared.engine.reading.columns.profile import describe
from shared.engine.running.__main__ import main
from shared.engine.tables.manifest import RESULT, TABLE, Column
from shared.events.event import Step, Treatment
from tests.corpora.requests.worlds import worlds

_MEMORY_BYTES = 1_000_000_000
_EXACTLY = 1e-6
Row = Mapping[str, Any]


class Request(NamedTuple):
    """A request, and whether it is one that leaves at once.

    Of the columns `estimated` the class is right that the table's policy has.
    """

    id: str
    table: str
    treatment: Treatment
    leaves: bool
    estimated: frozenset[str] = frozenset()


class Judgement(NamedTuple):
    """What became of a request: why it was refused, or how many of its figures are shown right."""

    refusal: str
    figures: int = 0
    shown: int = 0
    wrong: int = 0


class Taken(NamedTuple):
    """A table as a job gets it."""

    content: bytes
    columns: tuple[Column, ...]


def requests(half: str) -> list[Request]:
    """The requests of a half."""
    cases = json.loads(Path(__file__).with_name(f"{half}.json").read_text("utf-8"))
    return [
        Request(
            case["id"],
            case["table"],
            Treatment(
                inputs=case["inputs"],
                steps=tuple(Step.model_validate(step) for step in case["steps"]),
            ),
            case["expected"] == "leaves",
            frozenset(case.get("estimated", ())),
        )
        for case in cases
    ]


def judge(request: Request) -> Judgement:
    """Answer a request from tables, and from the rows."""
    inputs = {name: taken(table) for name, table in request.treatment.inputs.items()}
    known, tables = protected(request.table)
    names = [name for name, table in request.treatment.inputs.items() if table == request.table]
    columns = {
        name: tuple(column.name for column in table.columns) for name, table in inputs.items()
    }
    others = [table.columns for name, table in inputs.items() if name not in names]
    repeated = repeated_columns(others)
    try:
        steps = answering_steps(
            request.treatment.steps, dict.fromkeys(names, known), columns, repeated
        )
    except UnansweredError as error:
        return Judgement(str(error))
    answer = rows_of(steps, {**inputs, **dict.fromkeys(names, tables)})
    truth = rows_of(request.treatment.steps, inputs)
    if request.estimated:
        answer = [_in_classes(request, row) for row in answer]
        truth = [_in_classes(request, row) for row in truth]
    open_names = {column.name for columns in others for column in columns}
    return _compared(truth, answer, open_names)


@cache
def taken(name: str) -> Taken:
    """A table of the corpus."""
    columns = worlds()[name].cells
    content = io.BytesIO()
    parquet.write_table(
        pa.table({column: pa.array(cells, pa.string()) for column, cells in columns.items()}),
        content,
    )
    with TemporaryDirectory() as home, duckdb.connect() as database:
        path = Path(home) / "table.parquet"
        path.write_bytes(content.getvalue())
        database.read_parquet(str(path)).create("table")
        described = describe(database, "table", lambda _share, _message: None)[1]
    return Taken(content.getvalue(), tuple(described))


@cache
def protected(name: str) -> tuple[KnownTable, Taken]:
    """The protected tables of a restricted table: made, and read as the catalogue reads a CSV."""
    table, policy = taken(name), ReleasePolicy.model_validate(worlds()[name].policy)
    work = Work(kind="protect", inputs={"t": "in/0"}, described={"t": table.columns}, policy=policy)
    with _job(work, [table.content]) as (folder, result):
        made = MadeTables.model_validate(result["reports"][0]["made"])
        csv = (folder / "out" / "tableaux.csv").read_bytes()
    work = Work(kind="ingest", inputs={"source": "in/0"}, filename="tableaux.csv")
    with _job(work, [csv]) as (folder, result):
        columns = [Column.model_validate(column) for column in result["reports"][0]["columns"]]
        content = (folder / "out" / TABLE).read_bytes()
    known = tuple(map(KnownColumn.of, table.columns))
    return KnownTable(dataset_id=name, columns=known, facts=made), Taken(content, tuple(columns))


def rows_of(steps: Sequence[Step], inputs: Mapping[str, Taken]) -> list[Row]:
    """The rows of a treatment's result."""
    work = Work(
        kind="full",
        inputs={name: f"in/{number}" for number, name in enumerate(inputs)},
        described={name: table.columns for name, table in inputs.items()},
        steps=tuple(steps),
    )
    with _job(work, [table.content for table in inputs.values()]) as (folder, _):
        rows: list[Row] = parquet.read_table(folder / "out" / RESULT).to_pylist()
        return rows


class _job:  # noqa: N801 - used as a function
    """A job's folder, once it is done; raises AssertionError with its reason when it failed."""

    def __init__(self, work: Work, inputs: Sequence[bytes]) -> None:
        self._work, self._inputs = work, inputs
        self._home = TemporaryDirectory(prefix="datalab-request-")

    def __enter__(self) -> tuple[Path, dict[str, Any]]:
        folder = Path(self._home.name)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        for number, content in enumerate(self._inputs):
            (folder / f"in/{number}").write_bytes(content)
        (folder / "job.json").write_text(self._work.model_dump_json())
        with redirect_stdout(io.StringIO()):
            main(folder, _MEMORY_BYTES)
        result: dict[str, Any] = json.loads((folder / "out" / "result.json").read_text())
        assert "error" not in result, result["error"]
        return folder, result

    def __exit__(self, *_: object) -> None:
        self._home.cleanup()


def _in_classes(request: Request, row: Row) -> Row:
    """A row with the number of its class in place of what is estimated."""
    policy = ReleasePolicy.model_validate(worlds()[request.table].policy)
    bounds = next(part.bounds for part in policy.dimensions if part.bounds)
    return {
        name: bisect(bounds, cell) if name in request.estimated and cell is not None else cell
        for name, cell in row.items()
    }


def _compared(truth: list[Row], answer: list[Row], open_names: Collection[str]) -> Judgement:
    """Match each row of the answer with one of the truth that says nothing else."""
    left, wrong, shown = list(truth), 0, 0
    for row in answer:
        match = next((other for other in left if _agrees(row, other)), None)
        if match is None:
            # A hidden cell may be one of nobody: what stands beside it is another row's as well.
            wrong += any(map(_is_figure, _without(row, open_names))) and not _is_of_nobody(
                row, truth
            )
            continue
        left.remove(match)
        shown += sum(
            _is_figure(match[name]) and cell is not None
            for name, cell in row.items()
            if name not in open_names
        )
    figures = sum(_is_figure(cell) for row in truth for cell in _without(row, open_names))
    return Judgement("", figures, shown, wrong)


def _is_of_nobody(row: Row, truth: Sequence[Row]) -> bool:
    """Whether a row has hidden figures, and shows no others than rows of the truth do."""
    figures = {name: cell for name, cell in row.items() if _is_figure(cell)}
    return None in row.values() and any(
        all(_same(cell, other[name]) for name, cell in figures.items()) for other in truth
    )


def _without(row: Row, open_names: Collection[str]) -> list[Any]:
    """The cells of a row that do not come of open tables."""
    return [cell for name, cell in row.items() if name not in open_names]


def _agrees(row: Row, other: Row) -> bool:
    if list(row) != list(other):
        return False
    # Where the rows have none of a group, its cell shows 0.
    return all(
        cell is None or _same(cell, 0 if other[name] is None else other[name])
        for name, cell in row.items()
    )


def _same(cell: Any, other: Any) -> bool:
    if _is_figure(cell) and _is_figure(other):
        cell, other = float(cell), float(other)
        return bool(abs(cell - other) <= _EXACTLY * max(1, abs(other)))
    return str(cell) == str(other)


def _is_figure(cell: Any) -> bool:
    return isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)
