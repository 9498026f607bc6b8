"""Joins stand in the order of their use, as tests/corpora/joins has judged it."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import Join
from shared.engine.tables.key_file import KeyColumn, blocks_of

CORPUS = Path(__file__).parents[3] / "corpora" / "joins"
HALVES = {
    half: json.loads((CORPUS / f"{half}.json").read_text()) for half in ("tuning", "held_out")
}


def put(index: JoinIndex, dataset_id: str, columns: list[dict[str, Any]]) -> None:
    """Put a dataset of the corpus into an index."""
    blocks = []
    for columns_by_table in columns:
        values = [
            (f"{number:05}", rows)
            for first, last, rows in columns_by_table["keys"]
            for number in range(first, last + 1)
        ]
        rows = sum(rows for _, rows in values)
        about = {
            name: columns_by_table[name]
            for name in ("columns", "space", "via", "cost")
            if name in columns_by_table
        }
        column = KeyColumn.model_validate({**about, "rows": rows, "distinct": len(values)})
        blocks += list(blocks_of(column, values))
    index.replace(dataset_id, blocks)


def place(joins: list[Join], expected_join: str | dict[str, Any]) -> int:
    """Where the first join stands that fits what a case names."""
    fields = {"dataset": expected_join} if isinstance(expected_join, str) else expected_join
    for at, join in enumerate(joins):
        facts = {
            "dataset": join.there.dataset_id,
            "via_here": join.here.column.via,
            "columns_here": list(join.here.column.columns),
        }
        if all(facts[name] == value for name, value in fields.items()):
            return at
    raise AssertionError(f"no join is {fields}")


def is_in_order(case: dict[str, Any]) -> bool:
    """Whether the joins of a case stand as they were judged."""
    index = JoinIndex()
    put(index, "here", case["here"])
    for name, columns in case["others"].items():
        put(index, name, columns)
    joins = list(index.joins("here"))
    groups = [tied if isinstance(tied, list) else [tied] for tied in case["best_first"]]
    places = [[place(joins, expected_join) for expected_join in group] for group in groups]
    return all(max(a) < min(b) for a, b in pairwise(places))


@pytest.mark.parametrize("half", HALVES)
def test_joins_stand_in_the_judged_order(half: str) -> None:
    """Those that add columns to most rows first; how many do not is all that is told."""
    assert sum(not is_in_order(case) for case in HALVES[half]) == 0
