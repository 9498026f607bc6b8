"""What differs between two tables: pairs of them whose answers were written before the rule."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.engine.contract.table_difference import TableComparison, TableDifference
from shared.engine.contract.work import TABLE_REQUEST
from shared.engine.difference.__main__ import main
from tests.integration.compute.difference.pairs import PAIRS, Pair, counts, text, whole
from tests.integration.compute.jobs import ingested_once

NOTHING = {
    "added_columns": [],
    "removed_columns": [],
    "changed_kinds": [],
    "key": [],
    "added_rows": 0,
    "removed_rows": 0,
    "changed_rows": None,
    "moved_figures": [],
    "is_empty": False,
}


def compared(
    folder: Path, before: Path, after: Path, comparison: TableComparison
) -> TableDifference:
    """What differs, as the job says it."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    for number, table in enumerate((before, after)):
        (folder / "in" / str(number)).write_bytes(table.read_bytes())
    (folder / TABLE_REQUEST).write_text(comparison.model_dump_json())
    main(folder, memory_bytes=1_000_000_000)
    (report,) = json.loads((folder / "out" / "result.json").read_text())["reports"]
    return TableDifference.model_validate(report)


def differing(folder: Path, before: dict[str, Any], after: dict[str, Any]) -> TableDifference:
    """What differs between tables of these columns."""
    paths = folder / "before.parquet", folder / "after.parquet"
    for path, columns in zip(paths, (before, after), strict=True):
        parquet.write_table(pa.table(columns), path)
    return compared(folder / "job", *paths, TableComparison())


def taken_in(folder: Path, before: str, after: str) -> TableDifference:
    """What differs between two files, as they are read."""
    outcomes = [ingested_once(content.encode()) for content in (before, after)]
    described = [outcome.reports[0]["columns"] for outcome in outcomes]
    comparison = TableComparison(before=described[0], after=described[1])
    paths = [outcome.output_path("table.parquet") for outcome in outcomes]
    return compared(folder, paths[0], paths[1], comparison)


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.about for pair in PAIRS])
def test_difference_is_what_was_written_by_hand(tmp_path: Path, pair: Pair) -> None:
    """Of a pair of tables."""
    difference = differing(tmp_path, pair.before, pair.after)
    assert difference.model_dump(mode="json") == {**NOTHING, **pair.difference}


def test_most_of_each_column_is_told_and_no_more_than_twenty(tmp_path: Path) -> None:
    """Columns take turns: one in large units leaves room for the others."""
    codes = [f"{number:02}" for number in range(30)]
    before = {"code": text(*codes), "euros": whole(*[0] * 30), "places": whole(*[0] * 30)}
    after = before | {
        "euros": whole(*(1000 * number for number in range(30))),
        "places": whole(*(number % 5 for number in range(30))),
    }
    figures = differing(tmp_path, before, after).moved_figures
    euros, places = figures[:10], figures[10:]
    assert [figure.row for figure in euros] == [(code,) for code in reversed(codes[20:])]
    assert {figure.column for figure in places} == {"places"}
    # Those that moved as much stand by their rows.
    assert [(*figure.row, figure.change) for figure in places] == [
        *((f"{number:02}", "4") for number in (4, 9, 14, 19, 24, 29)),
        *((f"{number:02}", "3") for number in (3, 8, 13, 18)),
    ]


def test_what_is_written_otherwise_is_the_same(tmp_path: Path) -> None:
    """Points for commas, other columns first, an ISO day: no row changed."""
    difference = taken_in(
        tmp_path,
        "com;ouverture;montant;logements\n01004;31/01/2024;1 234,50;12\n14118;01/02/2024;3,00;7\n",
        "com,logements,montant,ouverture\n14118,7,3,2024-02-01\n01004,12,1234.5,2024-01-31\n",
    )
    assert (difference.key, difference.changed_rows) == (("com",), 0)
    assert difference.is_empty, difference


def test_secret_figure_is_another_value_and_no_figure(tmp_path: Path) -> None:
    """A mark in place of a number counts as it is written."""
    head = "com;annee;menages\n14118;2020;12\n14118;2021;13\n01004;2020;20\n"
    difference = taken_in(
        tmp_path, f"{head}01004;2021;s\n27229;2020;s\n", f"{head}01004;2021;nc\n27229;2020;s\n"
    )
    assert (difference.key, difference.changed_rows) == (("com", "annee"), 1)
    assert difference.moved_figures == ()


def test_key_of_one_column_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """Behind many others that tell no rows apart."""
    others = {f"libelle{number}": text("x", "x", "y") for number in range(40)}
    before, after = ({**others, "sigle": text(*"abc"), "n": whole(1, 2, n)} for n in (3, 4))
    difference = differing(tmp_path, before, after)
    assert (difference.key, difference.changed_rows) == (("sigle",), 1)


def test_key_is_looked_for_beyond_the_first_rows(tmp_path: Path) -> None:
    """A repetition at the very end is one."""
    codes = [f"c{number}" for number in range(20_000)]
    columns = {"code": text(*codes), "autre": text(*reversed(codes))}
    repeated = {"code": text(*codes, "c0"), "autre": text(*reversed(codes), "new")}
    difference = differing(tmp_path, columns, repeated)
    assert (difference.key, difference.added_rows) == (("autre",), 1)
    assert difference.model_dump().items() >= counts(20_000, 20_001).items()
