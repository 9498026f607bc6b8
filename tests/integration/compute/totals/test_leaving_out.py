"""Rows of totals are left out of crossings and sums, unless they are wanted, and it is told."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet

from shared.engine.running import projection
from shared.engine.tables.key_file import KEYS, read_blocks
from shared.engine.tables.misleading import RowRange
from tests.integration.compute.jobs import RunOutcome, ingest, run, step, treat
from tests.integration.compute.profiles import profile_of, total_rows

HOMES = (
    b"code;commune;logements\n14118;Caen;100\n14366;Lisieux;40\n76540;Rouen;90\n"
    b";TOTAL;230\n27229;Evreux;0\n"
)
TOWNS = b"code;epci\n14118;A\n14366;A\n76540;B\n27229;C\n"
COMMUNES = [f"{14000 + n}" for n in range(1, 7_001)]


def added(**more: Any) -> Any:
    """The homes, by commune."""
    asked = {"by": ["commune"], "sums": ["logements"], **more}
    return step("aggregate", {"table": "homes"}, "s", **asked)


def crossed(**more: Any) -> Any:
    """The homes with their EPCI, weighed."""
    keys = {"left_key": "code", "right_key": "code", "weight": "logements", **more}
    return step("cross", {"left": "homes", "right": "towns"}, "c", **keys)


def result(outcome: RunOutcome) -> pd.DataFrame:
    """What a treatment made."""
    return pd.read_csv(outcome.output_path("result.csv"), sep=";", dtype={"code": str})


def test_ingest_tells_rows_of_totals(tmp_path: Path) -> None:
    """Their number, place and reason, in French, and no value of the table."""
    profile = profile_of(ingest(tmp_path, HOMES))
    (total,) = profile.totals
    assert (total.kind, total.column, total.sums, total.count) == (
        "label",
        "commune",
        ("logements",),
        1,
    )
    assert profile.total_rows == (RowRange(first=4, last=4),)
    assert "1 ligne de total : libellé de total dans « commune »" in total.message
    assert profile.rows == 5


def test_sum_leaves_totals_out_and_says_so(tmp_path: Path) -> None:
    """What counted twice counts once."""
    run = treat(tmp_path, {"homes": HOMES}, added())
    assert result(run)["logements"].sum() == 230
    assert run.reports[0]["summary"].endswith("; 1 ligne de total laissée de côté (« homes »)")
    assert run.reports[0]["totals"] == {"kept": False, "rows": {"homes": 1}}


def test_totals_are_told_by_the_title_of_their_dataset(tmp_path: Path) -> None:
    """Who chooses data in a browser never reads what the steps call it."""
    source = {"name": "homes", "dataset_id": "dts_1", "version": 1, "sha256": "a" * 64}
    sources = [source | {"title": "Logements, 2021"}]
    run = treat(tmp_path, {"homes": HOMES}, added(), sources=sources)
    assert run.reports[0]["summary"].endswith("de total laissée de côté (« Logements, 2021 »)")


def test_totals_are_kept_where_that_is_asked(tmp_path: Path) -> None:
    """All rows are there, and the summary says that it was wanted."""
    run = treat(tmp_path, {"homes": HOMES}, added(totals="kept"))
    assert result(run)["logements"].sum() == 460
    assert "1 ligne de total gardée, comme demandé (« homes »)" in run.reports[0]["summary"]


def test_crossing_does_not_count_totals_as_unmatched(tmp_path: Path) -> None:
    """Half of the weight was theirs: it met nothing."""
    tables: Any = {"homes": HOMES, "towns": TOWNS}
    report = treat(tmp_path / "out", tables, crossed()).reports[0]
    assert (report["keys"]["unmatched"]["share"], report["rows"]["left"]) == (0, 4)
    kept = treat(tmp_path / "kept", tables, crossed(totals="kept")).reports[0]
    assert (kept["keys"]["unmatched"]["share"], kept["rows"]["left"]) == (0.5, 5)


def test_trial_takes_no_total_into_its_sample(tmp_path: Path) -> None:
    """Nor into what it counts of the whole."""
    (report,) = treat(tmp_path, {"homes": HOMES}, added(), sample_rows=3).reports
    assert report["sample"]["of"] == 4
    assert "laissée de côté" in report["summary"]


def test_version_of_before_is_read_as_it_was(tmp_path: Path) -> None:
    """Nobody knows of totals in it."""
    run = treat(tmp_path, {"homes": HOMES}, added(), total_rows={})
    assert result(run)["logements"].sum() == 460
    assert "totals" not in run.reports[0]


def test_totals_are_found_after_the_column_that_names_them_was_cut(tmp_path: Path) -> None:
    """By their place: the granted columns come in the order of the file."""
    taken = ingest(tmp_path / "ingest", HOMES)
    stage = tmp_path / "stage"
    (stage / "in").mkdir(parents=True)
    (stage / "out").mkdir()
    (stage / "in" / "0").write_bytes(taken.output_path("table.parquet").read_bytes())
    (stage / "projection.json").write_text(json.dumps({"0": ["logements"]}))
    projection.main(stage, 1_000_000_000)
    assert parquet.read_table(stage / "out" / "0")["logements"].to_pylist()[3] == "230"
    work = {
        "kind": "full",
        "steps": [added(by=["commune"])],
        "total_rows": {"homes": [{"first": 4, "last": 4}]},
        "table_columns": {"homes": ["code", "commune", "logements"]},
    }
    outcome = run(tmp_path / "job", work, {"homes": stage / "out" / "0"})
    assert result(outcome)["logements"].sum() == 230


def test_values_of_totals_are_no_keys(tmp_path: Path) -> None:
    """So joins find the share of the rows that are data."""
    table = b"code;n\n14118;1\n14366;2\n76540;3\n27229;4\nTOTAL;10\n"
    keys = ingest(tmp_path, table).output_path(KEYS)
    codes = [block for block in read_blocks([keys.read_bytes()]) if not block.column.via]
    (column,) = {key_block.column for key_block in codes if key_block.column.columns == ("code",)}
    assert (column.rows, column.distinct, column.is_cut) == (4, 4, False)


@pytest.mark.parametrize("order", ["rows", "blocks"])
def test_totals_of_a_category_are_found_in_a_large_table(tmp_path: Path, order: str) -> None:
    """Beside each commune's men and women, or below all of them."""
    rows = [(com, sex, n % 97 + 1) for n, com in enumerate(COMMUNES) for sex in "HF"]
    both = [(com, "Ensemble", 2 * (n % 97 + 1)) for n, com in enumerate(COMMUNES)]
    if order == "rows":
        groups = zip(rows[::2], rows[1::2], both, strict=True)
        rows = [row for group in groups for row in group]
    else:
        rows += both
    table = "com;sexe;pop\n" + "".join(f"{com};{sex};{pop}\n" for com, sex, pop in rows)
    profile = profile_of(ingest(tmp_path, table.encode()))
    (total,) = profile.totals
    expected = {"rows": (3, 21_000, 3), "blocks": (14_001, 21_000, 1)}[order]
    assert [tuple(row_range.model_dump().values()) for row_range in total.ranges] == [expected]


SMALL = {
    "interleaved": (
        "com;sexe;pop",
        "a;H;101|a;F;113|a;Total;214|b;H;97|b;F;88|b;Total;185",
        [3, 6],
    ),
    "regions first": (
        "nom;pop;emplois",
        (
            "Normandie;350200;150020|Calvados;200100;90010|Eure;150100;60010"
            "|Bretagne;300310;120040|CA;100100;40010|Fin;100100;40010|IV;100110;40020"
        ),
        [1, 4],
    ),
    "a company": ("marque;stations", "BP;10|Shell;30|Total;25|Vito;7", []),
    "powers of two": ("n;v", "a;1|b;2|c;4|d;8|e;16", []),
    "rates beside a code": ("code;taux", "14;7,5|27;8,2|50;6,1|TOTAL;7,4", [4]),
}


@pytest.mark.parametrize("name", SMALL)
def test_rows_that_sum_others_are_totals(tmp_path: Path, name: str) -> None:
    """Labelled or not; a label or a coincidence alone makes none."""
    header, rows, expected = SMALL[name]
    content = "\n".join([header, *rows.split("|")]).encode()
    assert total_rows(ingest(tmp_path, content)) == expected
