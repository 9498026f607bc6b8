"""Values that repeat are tested once each: what is told of them is what their cells tell."""

import random
from collections import Counter

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.database import Database
from shared.engine.reading.misleading.mixed_conventions import mixed_conventions
from shared.engine.reading.values.repeated_values import CELLS, TEXT, cells_with, values_of
from shared.engine.tables.manifest import Column

TEXTS = st.lists(st.none() | st.text(st.sampled_from("0a1 é\x00\u00a0'\","), max_size=3))
POOLS = {
    "code": ("011", "65", " 011 ", "007", "A12", "", "012", "65 "),
    "taux": ("0,4", "0.9", "12,5", "45", "100", "0", ""),
    "pourcent": ("12 %", "7", "50%", "0", " 7 "),
    "annee": ("2019", "2020", "19", "'20", "2021", "00"),
    "heure": ("08:15", "9h", "9 h 30", "1745", "8:15 pm", ""),
    "choix": ("oui", "Non", "o", "1", "0", "VRAI"),
    "mois": ("janvier", "Février", "03", "12", "décembre "),
    "jour": ("2020-01-31", "31/01/2020", "43861", "2020-02-01"),
}
"""Values by the name of their column: spaces around them, blanks, and several conventions."""

CELL_COUNT = 60


def table(columns: dict[str, list[str | None]]) -> Database:
    """A database with the columns as its table `t`."""
    database = duckdb.connect()
    texts_by_column = {name: pa.array(texts, pa.string()) for name, texts in columns.items()}
    database.from_arrow(pa.table(texts_by_column)).create("t")
    return database


def column(name: str, *, distinct: int) -> Column:
    """A column of text that repeats, unless as many of its values are distinct."""
    return Column(name=name, kind="text", filled=CELL_COUNT, distinct=distinct)


@settings(deadline=None, max_examples=100)
@given(texts=TEXTS)
def test_counted_values_are_the_cells(texts: list[str | None]) -> None:
    """Each text as often as it stands in the column, whatever the column is called."""
    database = table({"value": texts})
    for distinct in (2, CELL_COUNT):
        source = values_of("t", column("value", distinct=distinct))
        counted = Counter[str | None]()
        for text, cells in database.execute(f"FROM {source} SELECT value, {CELLS}").fetchall():
            counted[text] += cells
        assert counted == Counter(texts)
        has_text = cells_with(f"{TEXT} IS NOT NULL")
        by_value = database.execute(f"FROM {source} SELECT {has_text}").fetchall()
        assert by_value == database.execute(f"FROM t SELECT count({TEXT})").fetchall()


@pytest.mark.parametrize("seed", range(20))
def test_mixed_conventions_are_told_of_values_as_of_cells(seed: int) -> None:
    """The same rows and examples, whether values are looked at once or in each cell."""
    chance = random.Random(seed)
    pools = {name: chance.sample(pool, chance.randint(2, 4)) for name, pool in POOLS.items()}
    cells: dict[str, list[str | None]] = {
        name: [chance.choice(pool) for _ in range(CELL_COUNT)] for name, pool in pools.items()
    }
    database = table(cells)
    by_value, by_cell = (
        mixed_conventions(database, "t", [column(name, distinct=distinct) for name in cells])
        for distinct in (2, CELL_COUNT)
    )
    assert by_value == by_cell
    assert by_value
