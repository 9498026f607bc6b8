"""Pairs of tables, and what differs between them, written by hand before any rule was."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

Table = dict[str, Any]


class Pair(NamedTuple):
    """Two tables by their columns, and the difference but for what is empty or zero in it."""

    about: str
    before: Table
    after: Table
    difference: dict[str, Any]


def moved(*row: str | None, column: str, before: str, after: str, change: str) -> dict[str, Any]:
    """A figure that moved."""
    return {"row": list(row), "column": column, "before": before, "after": after, "change": change}


def counts(before: int, after: int) -> dict[str, int]:
    """How many rows two tables have."""
    return {"rows_before": before, "rows_after": after}


def text(*cells: str | None) -> Any:
    """A column of texts."""
    return pa.array(cells, pa.string())


def whole(*cells: int | None) -> Any:
    """A column of whole numbers."""
    return pa.array(cells, pa.int64())


PAIRS = (
    Pair(
        "the same rows in another order",
        {"code": text("a", "b"), "pop": whole(1, 2)},
        {"code": text("b", "a"), "pop": whole(2, 1)},
        {**counts(2, 2), "key": ["code"], "changed_rows": 0, "is_empty": True},
    ),
    Pair(
        "the same columns in another order",
        {"code": text("a", "b"), "pop": whole(1, 2)},
        {"pop": whole(1, 2), "code": text("a", "b")},
        {**counts(2, 2), "key": ["code"], "changed_rows": 0, "is_empty": True},
    ),
    Pair(
        "a row more, a row less, and two figures that moved",
        {"code": text("a", "b", "c", "d"), "pop": whole(10, 20, 30, 7)},
        {"code": text("e", "d", "c", "b"), "pop": whole(5, 7, 29, 22)},
        {
            **counts(4, 4),
            "key": ["code"],
            "added_rows": 1,
            "removed_rows": 1,
            "changed_rows": 2,
            "moved_figures": [
                moved("b", column="pop", before="20", after="22", change="2"),
                moved("c", column="pop", before="30", after="29", change="-1"),
            ],
        },
    ),
    Pair(
        "a row twice, so that nothing tells rows apart",
        {"code": text("a", "b"), "pop": whole(1, 2)},
        {"code": text("a", "b", "a"), "pop": whole(1, 2, 1)},
        {
            **counts(2, 3),
            "added_rows": 1,
            "moved_figures": [moved(column="pop", before="3", after="4", change="1")],
        },
    ),
    Pair(
        "a row three times, then once",
        {"code": text("a", "a", "b", "a"), "pop": whole(1, 1, 2, 1)},
        {"code": text("b", "a"), "pop": whole(2, 1)},
        {
            **counts(4, 2),
            "removed_rows": 2,
            "moved_figures": [moved(column="pop", before="5", after="3", change="-2")],
        },
    ),
    Pair(
        "a renamed column",
        {"code": text("a", "b"), "pop": whole(1, 2)},
        {"code": text("a", "b"), "population": whole(1, 2)},
        {
            **counts(2, 2),
            "key": ["code"],
            "changed_rows": 0,
            "added_columns": ["population"],
            "removed_columns": ["pop"],
        },
    ),
    Pair(
        "numbers that became texts",
        {"code": text("a", "b"), "pop": whole(1, 2)},
        {"code": text("a", "b"), "pop": text("1", "n.d.")},
        {
            **counts(2, 2),
            "key": ["code"],
            "changed_rows": 1,
            "changed_kinds": [{"name": "pop", "before": "integer", "after": "text"}],
        },
    ),
    Pair(
        "whole numbers that became decimal ones",
        {"code": text("a", "b"), "taux": whole(1, 2)},
        {"code": text("a", "b"), "taux": pa.array([1.0, 2.5])},
        {
            **counts(2, 2),
            "key": ["code"],
            "changed_rows": 1,
            "changed_kinds": [{"name": "taux", "before": "integer", "after": "decimal"}],
            "moved_figures": [moved("b", column="taux", before="2", after="2.5", change="0.5")],
        },
    ),
    Pair(
        "two empty tables",
        {"code": text(), "pop": whole()},
        {"code": text(), "pop": whole()},
        {**counts(0, 0), "key": ["code"], "changed_rows": 0, "is_empty": True},
    ),
    Pair(
        "an empty table that was filled; a column without values has no kind",
        {"code": text(), "pop": text()},
        {"code": text("a", "b"), "pop": whole(1, 2)},
        {**counts(0, 2), "key": ["code"], "added_rows": 2, "changed_rows": 0},
    ),
    Pair(
        "an empty cell of a key is a value, as that of a total is",
        {"code": text("a", None), "pop": whole(1, 2)},
        {"code": text(None, "a"), "pop": whole(5, 1)},
        {
            **counts(2, 2),
            "key": ["code"],
            "changed_rows": 1,
            "moved_figures": [moved(None, column="pop", before="2", after="5", change="3")],
        },
    ),
    Pair(
        "two empty cells are one value twice",
        {"code": text("a", None), "pop": whole(1, 2)},
        {"code": text("a", None, None), "pop": whole(1, 2, 5)},
        {
            **counts(2, 3),
            "added_rows": 1,
            "moved_figures": [moved(column="pop", before="3", after="8", change="5")],
        },
    ),
    Pair(
        "columns that are filled make a key before those that are not",
        {"sexe": text("F", "H", None), "rang": text("1", "2", "3"), "pop": whole(1, 2, 3)},
        {"sexe": text("F", "H", None), "rang": text("1", "2", "3"), "pop": whole(1, 2, 4)},
        {
            **counts(3, 3),
            "key": ["rang"],
            "changed_rows": 1,
            "moved_figures": [moved("3", column="pop", before="3", after="4", change="1")],
        },
    ),
    Pair(
        "empty cells that are alike, filled and emptied: no figure moved",
        {"code": text("a", "b", "c"), "pop": whole(None, None, 4)},
        {"code": text("a", "b", "c"), "pop": whole(None, 3, None)},
        {**counts(3, 3), "key": ["code"], "changed_rows": 2},
    ),
    Pair(
        "a column that is a key in the first table alone, and one more that makes it one in both",
        {"code": text("a", "b"), "sexe": text("F", "F"), "pop": whole(1, 2)},
        {"code": text("a", "a", "b"), "sexe": text("F", "H", "F"), "pop": whole(1, 9, 3)},
        {
            **counts(2, 3),
            "key": ["code", "sexe"],
            "added_rows": 1,
            "changed_rows": 1,
            "moved_figures": [moved("b", "F", column="pop", before="2", after="3", change="1")],
        },
    ),
    Pair(
        "three columns tell rows apart, and four are not looked for",
        {
            "a": text("1", "1", "1", "1"),
            "b": text("1", "1", "2", "2"),
            "c": text("1", "2", "1", "2"),
            "d": text("x", "x", "x", "x"),
        },
        {"a": text("1", "2"), "b": text("1", "1"), "c": text("1", "1"), "d": text("x", "x")},
        {
            **counts(4, 2),
            "key": ["a", "b", "c"],
            "added_rows": 1,
            "removed_rows": 3,
            "changed_rows": 0,
        },
    ),
    Pair(
        "decimals, to the last digit",
        {
            "code": text("a", "b", "c"),
            "taux": pa.array([0.1, 123456789012.35, 1.5e-7]),
            "montant": pa.array([Decimal("0.10"), Decimal("-5.00"), None], pa.decimal128(12, 2)),
        },
        {
            "code": text("a", "b", "c"),
            "taux": pa.array([0.3, 123456789012.36, 1.5e-7]),
            "montant": pa.array([Decimal("0.10"), Decimal("5.00"), None], pa.decimal128(12, 2)),
        },
        {
            **counts(3, 3),
            "key": ["code"],
            "changed_rows": 2,
            "moved_figures": [
                moved("a", column="taux", before="0.1", after="0.3", change="0.2"),
                moved(
                    "b",
                    column="taux",
                    before="123456789012.35",
                    after="123456789012.36",
                    change="0.01",
                ),
                moved("b", column="montant", before="-5", after="5", change="10"),
            ],
        },
    ),
    Pair(
        "amounts that are kept to more decimals",
        {"code": text("a", "b"), "euros": pa.array([Decimal("1.5"), Decimal(2)])},
        {"code": text("a", "b"), "euros": pa.array([Decimal("1.500"), Decimal("2.125")])},
        {
            **counts(2, 2),
            "key": ["code"],
            "changed_rows": 1,
            "moved_figures": [
                moved("b", column="euros", before="2", after="2.125", change="0.125")
            ],
        },
    ),
    Pair(
        "whole numbers beyond what a double holds, and what is no number",
        {
            "code": text("a", "b", "c"),
            "n": whole(9007199254740992, 9223372036854775807, 1),
            "x": pa.array([float("nan"), float("inf"), 1e300]),
        },
        {
            "code": text("a", "b", "c"),
            "n": whole(9007199254740993, -9223372036854775808, 1),
            "x": pa.array([float("nan"), 1.0, 2e300]),
        },
        {
            **counts(3, 3),
            "key": ["code"],
            "changed_rows": 3,
            "moved_figures": [
                moved(
                    "b",
                    column="n",
                    before="9223372036854775807",
                    after="-9223372036854775808",
                    change="-18446744073709551615",
                ),
                moved(
                    "a", column="n", before="9007199254740992", after="9007199254740993", change="1"
                ),
            ],
        },
    ),
    Pair(
        "days, as a key and as what changed",
        {
            "jour": pa.array([date(2024, 2, 29), date(2024, 3, 1)]),
            "releve": pa.array([date(2024, 3, 2), None]),
        },
        {
            "jour": pa.array([date(2024, 3, 1), date(2024, 2, 29)]),
            "releve": pa.array([date(2024, 3, 3), date(2024, 3, 2)]),
        },
        {**counts(2, 2), "key": ["jour"], "changed_rows": 1},
    ),
    Pair(
        "accents and capitals make other values, in names of columns too",
        {"commune": text("Évreux", "L'Aigle"), "Été": whole(1, 2)},
        {"commune": text("Evreux", "L'Aigle"), "Été": whole(1, 2), "été": whole(0, 0)},
        {
            **counts(2, 2),
            "key": ["commune"],
            "added_rows": 1,
            "removed_rows": 1,
            "changed_rows": 0,
            "added_columns": ["été"],
        },
    ),
    Pair(
        "figures are no key, however different; numbers that number something are",
        {"pop": whole(1, 2), "hommes": whole(3, 4)},
        {"pop": whole(1, 2), "hommes": whole(3, 6)},
        {
            **counts(2, 2),
            "added_rows": 1,
            "removed_rows": 1,
            "moved_figures": [moved(column="hommes", before="7", after="9", change="2")],
        },
    ),
    Pair(
        "a number of rows, which nobody adds up",
        {"id": whole(1, 2), "pop": whole(3, 4)},
        {"id": whole(2, 3), "pop": whole(6, 1)},
        {
            **counts(2, 2),
            "key": ["id"],
            "added_rows": 1,
            "removed_rows": 1,
            "changed_rows": 1,
            "moved_figures": [moved("2", column="pop", before="4", after="6", change="2")],
        },
    ),
    Pair(
        "names that SQL would read",
        {'a"b': text("x'); --", "y"), "value_0": whole(1, 2)},
        {'a"b': text("x'); --", "y"), "value_0": whole(2, 2)},
        {
            **counts(2, 2),
            "key": ['a"b'],
            "changed_rows": 1,
            "moved_figures": [
                moved("x'); --", column="value_0", before="1", after="2", change="1")
            ],
        },
    ),
    Pair(
        "nothing in common",
        {"a": text("x", "y")},
        {"b": text("x")},
        {
            **counts(2, 1),
            "added_rows": 1,
            "removed_rows": 2,
            "added_columns": ["b"],
            "removed_columns": ["a"],
        },
    ),
)
