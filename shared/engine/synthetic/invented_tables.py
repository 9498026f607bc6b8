"""Makes the tables that stand in a trial for restricted ones: Parquet, as if they were taken in."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from shared.engine.contract.policy import AREA_LEVELS, Invention, MadeTables
from shared.engine.contract.work import Work
from shared.engine.database import Database, literal, open_database, quoted
from shared.engine.synthetic.cells import DrawnRows, draw_rows
from shared.engine.synthetic.places import communes_in, communes_of
from shared.engine.synthetic.typed_cells import Cells
from shared.engine.synthetic.values import InventedRows
from shared.engine.tables.manifest import Column

_PLAIN_TYPE = re.compile(r"[A-Z][A-Z_ ]*(\([0-9, ]+\))?")
"""Types that a text can be cast to; others, such as lists, stay text."""


def invent(folder: Path, work: Work, memory_bytes: int) -> Work:
    """Return the work with invented tables in the place of inputs that it only knows about."""
    if not work.invented:
        return work
    inputs = dict(work.inputs)
    with open_database(folder, memory_bytes) as database:
        for number, (name, invention) in enumerate(work.invented.items()):
            path = f"out/invented-{number}.parquet"
            source = f"read_parquet({literal(str(folder / work.inputs[name]))})"
            rows = min(invention.rows, work.sample_rows or invention.rows)
            columns = work.described.get(name, ())
            cells = invented_cells(database, source, invention, columns, rows)
            _write(database, folder / path, columns, cells)
            inputs[name] = path
    return work.model_copy(update={"inputs": inputs})


def invented_cells(
    database: Database, source: str, invention: Invention, columns: Sequence[Column], rows: int
) -> Mapping[str, Cells]:
    """Invent so many rows, by column: text as the source of the restricted table writes it.

    `source` are its protected tables in SQL, if there are any.
    """
    chance = np.random.default_rng(int(sha256(invention.seed.encode()).hexdigest()[:16], 16))
    facts = invention.facts
    drawn = draw_rows(database, source, facts, rows, chance) if facts else DrawnRows({}, {})
    numbers = (1 + chance.permutation(rows)).tolist()
    communes = _communes(facts, drawn, invention.territory, rows, chance)
    invented = InventedRows(numbers, communes, chance)
    dimensions = {part.column: part for part in facts.policy.dimensions} if facts else {}
    measures = {part.column: part for part in facts.policy.measures} if facts else {}
    cells: dict[str, Cells] = {}
    for column in columns:
        name = column.name
        if name in dimensions:
            cells[name] = invented.of_dimension(column, dimensions[name], drawn.classes[name])
        elif name in measures:
            cells[name] = invented.of_measure(column, measures[name], drawn.means[name])
        else:
            cells[name] = invented.cells(column)
    return cells


def _communes(
    facts: MadeTables | None,
    drawn: DrawnRows,
    territory: Sequence[str],
    rows: int,
    chance: np.random.Generator,
) -> list[str]:
    """Return a commune for each row, in the area that is drawn for it if there is one."""
    anywhere = communes_of(territory)
    communes = [anywhere[at] for at in chance.integers(0, len(anywhere), rows).tolist()]
    dimensions = facts.policy.dimensions if facts else ()
    for dimension in (dimension for dimension in dimensions if dimension.is_area):
        for row, place in enumerate(drawn.classes[dimension.column]):
            if place and dimension.levels[place[0]] in AREA_LEVELS:
                inside = communes_in(dimension.levels[place[0]], place[1])
                communes[row] = str(chance.choice(inside)) if inside else communes[row]
    return communes


def _write(
    database: Database, path: Path, columns: Sequence[Column], cells: Mapping[str, Cells]
) -> None:
    """Write the cells as Parquet, text but for columns that the source stores as another type."""
    table = pa.table({name: pa.array(texts, pa.string()) for name, texts in cells.items()})
    database.register("invented", table)
    chosen = ", ".join(
        f"TRY_CAST({quoted(column.name)} AS {column.stored}) AS {quoted(column.name)}"
        if _PLAIN_TYPE.fullmatch(column.stored)
        else quoted(column.name)
        for column in columns
    )
    database.execute(
        f"COPY (SELECT {chosen} FROM invented) TO {literal(str(path))}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    database.unregister("invented")
