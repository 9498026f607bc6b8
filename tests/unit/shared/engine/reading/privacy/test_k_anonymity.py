"""k and l, held against their definitions."""

from collections import defaultdict

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shared.engine.reading.privacy.k_anonymity import Anonymity, measure
from shared.engine.tables.privacy import K_ENOUGH

CELLS = st.sampled_from([None, "", " ", "a", " a", "b", "B"])
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=60)
NAMES = ['a "b"', "group", "c;d", "e"]
Row = tuple[str | None, str | None, str | None, str | None]


def by_hand(rows: list[Row]) -> Anonymity:
    """Grouping by the first two columns; the others are sensitive."""
    cleaned = [tuple((cell or "").strip() or None for cell in row) for row in rows]
    groups = defaultdict(list)
    for first, second, *sensitive in cleaned:
        groups[first, second].append(sensitive)
    sizes = [len(group) for group in groups.values()]
    return Anonymity(
        k=min(sizes),
        groups=len(sizes),
        groups_below=sum(size < K_ENOUGH for size in sizes),
        rows_below=sum(size for size in sizes if size < K_ENOUGH),
        diversity=tuple(
            min(len({row[at] for row in group}) for group in groups.values()) for at in (0, 1)
        ),
    )


@given(ROWS)
def test_k_and_l_are_those_of_their_definitions(rows: list[Row]) -> None:
    """Missing values count as a value; spaces around text do not; any column name works."""
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    with duckdb.connect() as database:
        database.register("people", pa.table(columns, names=NAMES))
        assert measure(database, "people", NAMES[:2], NAMES[2:]) == by_hand(rows)
