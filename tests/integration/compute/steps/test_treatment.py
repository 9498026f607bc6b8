"""Crossing and aggregating real and awkward tables, held against independent computations."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared.engine.contract.result import EngineResult
from tests.integration.compute.jobs import DEMO, RunOutcome, Tables, step, treat

TABLES: Tables = {
    "logements": DEMO / "logements.csv",
    "epci": DEMO / "epci_2026.csv",
    "communes": DEMO / "communes_2026.csv",
}
CROSS = step(
    "cross",
    {"left": "logements", "right": "epci", "successors": "communes"},
    "logements_epci",
    left_key="com",
    right_key="code",
    weight="logements",
)
AGGREGATE = step(
    "aggregate",
    {"table": "logements_epci"},
    "vacance",
    by=["epci", "nom_epci"],
    sums=["logements", "logements_vacants"],
    ratio={"name": "taux", "numerator": "logements_vacants", "denominator": "logements"},
    chart={
        "value": "taux",
        "label": "nom_epci",
        "top": 10,
        "title": "Part des logements vacants par intercommunalité en 2021",
        "unit": "%",
    },
)
ORPHANS = {
    "14011": (838, "14581"),
    "14300": (36, "14743"),
    "14623": (1052, "14408"),
    "61017": (43, "61275"),
    "61188": (65, "61275"),
    "61192": (57, "61275"),
    "61310": (319, "61275"),
    "76358": (125, "76455"),
}
"""The census's codes that the membership of 2026 lacks: homes, and the commune since."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The demonstration's treatment on all the data."""
    return treat(tmp_path_factory.mktemp("full"), TABLES, CROSS, AGGREGATE)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The demonstration's treatment on a sample."""
    return treat(tmp_path_factory.mktemp("trial"), TABLES, CROSS, AGGREGATE, sample_rows=500)


def expected_vacancy() -> pd.DataFrame:
    """The demonstration's result, computed by pandas alone."""
    homes, bodies, communes = (pd.read_csv(path, sep=";", dtype=str) for path in (TABLES.values()))
    former = communes[["code", "anciensCodes"]].dropna()
    former = former.assign(gone=former["anciensCodes"].str.split("|")).explode("gone")
    present = dict(zip(former["gone"], former["code"], strict=True))
    is_gone = ~homes["com"].isin(bodies["code"])
    homes["code"] = homes["com"].where(~is_gone, homes["com"].map(present))
    figures = ["logements", "logements_vacants"]
    homes[figures] = homes[figures].astype(int)
    sums = homes.merge(bodies, on="code").groupby(["epci", "nom_epci"])[figures].sum().reset_index()
    sums["taux"] = (100 * sums["logements_vacants"] / sums["logements"]).round(2)
    return sums


def test_result_is_what_pandas_computes(full: RunOutcome) -> None:
    """71 inter-communal bodies with the very homes, vacant homes and rates."""
    result = pd.read_parquet(full.output_path("result.parquet"))
    assert len(result) == 71
    pd.testing.assert_frame_equal(result, expected_vacancy(), check_dtype=False, atol=0.005001)
    assert result["logements"].sum() == 1_856_329


def test_csv_chart_and_report_are_of_the_same_result(full: RunOutcome) -> None:
    """UTF-8 without mark, semicolons, decimal points; crossing on a unique key adds no rows."""
    content = full.output_path("result.csv").read_bytes()
    assert content.startswith(b"epci;nom_epci;logements;logements_vacants;taux\n")
    read = pd.read_csv(full.output_path("result.csv"), sep=";", dtype={"epci": str})
    expected = pd.read_parquet(full.output_path("result.parquet"))
    pd.testing.assert_frame_equal(read, expected, check_dtype=False)
    chart = full.output_path("chart.png").read_bytes()
    assert (chart[:4], len(chart) > 10_000) == (b"\x89PNG", True)
    report = full.reports[0]
    assert report["relation"] == "many-to-one"
    assert report["rows"] == {"left": 3287, "right": 2644, "crossed": 3287, "out": 3287}
    assert "sample" not in report
    assert full.reports[1]["rows"] == {"in": 3287, "out": 71, "without_group": 0}


@pytest.mark.parametrize("kind", ["full", "trial"])
def test_keys_that_are_gone_are_reported_whole(kind: str, request: pytest.FixtureRequest) -> None:
    """All eight codes with their homes and successors, though a trial crosses 500 rows only."""
    run: RunOutcome = request.getfixturevalue(kind)
    report = run.reports[0]
    weights_by_key = {
        orphan["key"]: (orphan["weight"], orphan["successor"]) for orphan in report["orphans"]
    }
    assert weights_by_key == ORPHANS
    assert all(orphan["crossed"] and orphan["rows"] == 1 for orphan in report["orphans"])
    assert report["keys"]["succeeded"] == {
        "keys": 8,
        "rows": 8,
        "weight": 2535,
        "share": round(2535 / 1_856_329, 6),
    }
    assert report["keys"]["unmatched"]["keys"] == 0


def test_trial_says_that_it_ran_on_a_sample(trial: RunOutcome) -> None:
    """The sample's size and origin are reported; its rows come from all over the table."""
    report = trial.reports[0]
    assert report["sample"]["rows"] == report["rows"]["crossed"] == 500
    assert report["sample"]["of"] == report["rows"]["left"] == 3287
    result = pd.read_parquet(trial.output_path("result.parquet"))
    assert 60 < len(result) <= 71


def test_without_the_communes_gone_codes_stay_without_match(tmp_path: Path) -> None:
    """They are kept by a left crossing, listed with their weight, and form the empty group."""
    roles = {"left": "logements", "right": "epci"}
    run = treat(tmp_path, TABLES, {**CROSS, "inputs": roles}, AGGREGATE)
    report = run.reports[0]
    assert {orphan["key"]: orphan["successor"] for orphan in report["orphans"]} == dict.fromkeys(
        ORPHANS
    )
    assert report["keys"]["unmatched"]["weight"] == 2535
    assert run.reports[1]["rows"] == {"in": 3287, "out": 72, "without_group": 8}


LEFT = b"k;n;nom\n1;1,5;a\n1;2;b\n2;3;c\n;4;d\n9;5;e\n"
RIGHT = b"k;nom;Nom_2\n1;x;p\n1;y;q\n2;z;r\n3;w;s\n"


def cross(tmp_path: Path, **parameters: object) -> RunOutcome:
    """Cross two small tables."""
    tables = {"left": "a", "right": "b"}
    crossing = step("cross", tables, "c", left_key="k", right_key="k", **parameters)
    return treat(tmp_path, {"a": LEFT, "b": RIGHT}, crossing)


def test_multiplied_rows_are_reported(tmp_path: Path) -> None:
    """A key that repeats on both sides multiplies rows, and the report says so."""
    run = cross(tmp_path, weight="n")
    report = run.reports[0]
    assert report["relation"] == "many-to-many"
    assert report["rows"] == {"left": 5, "right": 4, "crossed": 5, "out": 7}
    assert report["keys"]["found"] == {"keys": 2, "rows": 3, "weight": 6.5, "share": 0.419355}
    assert [(orphan["key"], orphan["weight"]) for orphan in report["orphans"]] == [
        ("9", 5),
        ("", 4),
    ]


def test_columns_of_both_sides_are_kept_apart(tmp_path: Path) -> None:
    """A name that both tables have gets a suffix, in the order of the left table's rows."""
    run = cross(tmp_path)
    result = pd.read_csv(run.output_path("result.csv"), sep=";", dtype=str, keep_default_na=False)
    assert list(result) == ["k", "n", "nom", "k_2", "nom_2", "Nom_2_2"]
    assert result["nom"].tolist() == ["a", "a", "b", "b", "c", "d", "e"]
    assert run.reports[0]["renamed"] == {"k": "k_2", "nom": "nom_2", "Nom_2": "Nom_2_2"}


def test_code_that_two_communes_claim_has_no_successor(tmp_path: Path) -> None:
    """A code is never given to one of two communes by chance."""
    communes = (
        b"code;type;chefLieu;anciensCodes\n"
        b"A;commune-actuelle;;X|Y\nB;commune-actuelle;;Y\nZ;commune-deleguee;B;\n"
    )
    inputs = {"left": "l", "right": "r", "successors": "s"}
    crossing = step("cross", inputs, "c", left_key="k", right_key="k")
    tables: Tables = {"l": b"k;n\nX;1\nY;1\nZ;1\n", "r": b"k;v\nA;1\nB;2\n", "s": communes}
    report = treat(tmp_path, tables, crossing).reports[0]
    assert {orphan["key"]: orphan["successor"] for orphan in report["orphans"]} == {
        "X": "A",
        "Y": None,
        "Z": "B",
    }


def aggregate(tmp_path: Path, content: bytes, **parameters: object) -> RunOutcome:
    """Aggregate one small table by its column `g`."""
    figures = step("aggregate", {"table": "a"}, "r", by=["g"], **parameters)
    return treat(tmp_path, {"a": content}, figures)


def test_figures_read_decimal_commas_and_keep_empty_apart(tmp_path: Path) -> None:
    """Sums, means and counts of text numbers: empty is no zero, and a ratio by zero is empty."""
    content = b"g;x;y\na;1,5;2\na;2.25;\nb; 3 ;0\n;4;1\n"
    ratio = {"name": "r", "numerator": "x", "denominator": "y", "percent": False}
    run = aggregate(tmp_path, content, sums=["x", "y"], means=["y"], counts=["y"], ratio=ratio)
    assert run.output_path("result.csv").read_text().splitlines() == [
        "g;x;y;y_moyenne;y_nombre;r",
        "a;3.75;2;2.0;1;1.88",
        "b;3.0;0;0.0;1;",
        ";4.0;1;1.0;1;4.0",
    ]


def test_value_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    """The column, how many and an example are named; nothing is summed as if it were nothing."""
    run = aggregate(tmp_path, b"g;x\na;1\na;n.d.\nb;perdu\n", sums=["x"])
    assert run.error == (
        "steps.0.sums: colonne « x » : 2 valeurs ne sont pas des nombres,"
        " par exemple de la forme « x.x. »"
    )


def test_column_named_as_a_number_of_rows_is_a_column(tmp_path: Path) -> None:
    """Samples are taken without a name for it that a table may have, too."""
    content = b"number of the row;a\n" + b"".join(b"%d;%d\n" % (at, at % 3) for at in range(90))
    sums = step("aggregate", {"table": "t"}, "r", by=["number of the row"], sums=["a"])
    trial = treat(tmp_path, {"t": content}, sums, sample_rows=30)
    assert trial.reports[-1]["rows"] == {"in": 30, "out": 30, "without_group": 0}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parameters": {**CROSS["parameters"], "left_key": "comm"}}, "steps.0.left_key"),
        ({"inputs": {"left": "logements"}}, "steps.0.inputs.right"),
    ],
)
def test_wrong_step_is_refused_naming_its_field(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    """A treatment that cannot run says where it is wrong."""
    run = treat(tmp_path, TABLES, {**CROSS, **change})
    assert reason in run.error


def test_columns_are_called_as_with_all_of_the_table_that_was_not_granted(tmp_path: Path) -> None:
    """`b` of the right table is `b_2`, though the left one came without its `b`."""
    tables: Tables = {"left": b"k\n1\n2\n", "right": b"k;b\n1;5\n2;6\n"}
    cross = step("cross", {"left": "left", "right": "right"}, "x", left_key="k", right_key="k")
    add = step("aggregate", {"table": "x"}, "y", by=["k"], sums=["b_2"])
    full_names = {"left": ["a", "b", "k"]}
    done = treat(tmp_path, tables, cross, add, table_columns=full_names)
    assert pd.read_parquet(done.output_path("result.parquet")).to_dict("list") == {
        "k": [1, 2],
        "b_2": [5, 6],
    }


def test_trial_compares_numbers_as_the_full_job_does(tmp_path: Path) -> None:
    """Nine is less than a thousand, whether rows are read by a query or were sampled before."""
    content = b"commune;pop\n" + b"".join(b"c%d;%d\n" % (n, n) for n in range(1, 1001))
    query = step("query", {"table": "a"}, "r", sql='SELECT * FROM "table" WHERE "pop" >= \'900\'')
    trial = treat(tmp_path, {"a": content}, query, sample_rows=500)
    kept = pd.read_parquet(trial.output_path("result.parquet"))["pop"]
    assert 40 < len(kept) < 60
    assert kept.astype(int).min() >= 900


@pytest.mark.parametrize(("kept", "rows"), [("LIMIT 0", 0), ("LIMIT 5", 5)])
def test_result_without_a_row_is_told(kept: str, rows: int, tmp_path: Path) -> None:
    """Whoever reads that it ended well has to know."""
    tables: Tables = {"homes": b"com;n\n" + b"14118;1\n" * 6}
    sql = f"SELECT com FROM homes {kept}"  # noqa: S608 - of this test
    done = treat(tmp_path, tables, step("query", {"homes": "homes"}, "kept", sql=sql))
    assert done.reports[-1]["rows"]["out"] == rows
    assert EngineResult.model_validate(done.result).is_empty == (rows == 0)
