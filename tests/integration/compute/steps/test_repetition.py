"""Crossings that repeat rows say so: of both tables they need a choice, and sums count twice."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared.engine.contract.crossing_size import CountedCrossings, CrossingSize
from tests.integration.compute.jobs import DATA, DEMO, RunOutcome, Tables, step, treat

STOPS = b"com;montees\n14118;10\n14118;20\n76540;5\n27229;1\n"
LINES = b"commune;ligne;places\n14118;A;100\n14118;B;50\n76540;C;70\n"
TOWNS = b"code;nom;population\n14118;Caen;106000\n76540;Rouen;114000\n27229;Evreux;47000\n"
TABLES: Tables = {"a": STOPS, "b": LINES, "towns": TOWNS}


def crossing(right: str = "b", key: str = "commune", **more: Any) -> Any:
    """The stops of communes with another table."""
    keys = {"left_key": "com", "right_key": key}
    return step("cross", {"left": "a", "right": right}, "c", **keys | more)


def run(folder: Path, *steps: Any, **work: Any) -> RunOutcome:
    """The steps on the tables."""
    used = {name for step in steps for name in step["inputs"].values()}
    return treat(folder, {n: table for n, table in TABLES.items() if n in used}, *steps, **work)


def test_many_to_many_crossing_that_is_refused_is_not_made(tmp_path: Path) -> None:
    """The full job says how many rows go in and would come out, and how to choose it."""
    error = run(tmp_path, crossing(many_to_many="refused")).error
    assert "croisement « c » refusé : 4 lignes croisées avec 3 en donnent 6" in error
    assert "jusqu'à 2 de la table principale et 2 de l'autre" in error
    assert "many_to_many = « kept »" in error


@pytest.mark.parametrize("choice", [{}, {"many_to_many": "kept"}])
def test_many_to_many_crossing_that_is_chosen_or_of_before_is_made_and_told(
    tmp_path: Path, choice: dict[str, str]
) -> None:
    """Treatments that were stored without the choice go on as they did."""
    outcome = run(tmp_path, crossing(**choice))
    (report,) = outcome.reports
    assert (report["relation"], report["repeated"]) == ("many-to-many", {"left": 2, "right": 2})
    assert "4 lignes croisées avec 3 en donnent 6, car une même clé" in report["summary"]
    assert len(pd.read_parquet(outcome.output_path("result.parquet"))) == 6


def test_most_repeated_key_is_the_one_where_passages_lead(tmp_path: Path) -> None:
    """Rows of many communes meet under one département; those of a split one stand under two."""
    tables: Tables = {"a": DATA / "communes_2019.csv", "b": DEMO / "epci_2026.csv"}
    both = {"left_via": "commune_departement", "right_via": "commune_departement"}
    counts = {}
    for name, content in tables.items():
        codes = pd.read_csv(str(content), sep=";", dtype=str)["code"].str[:2]
        counts[name] = codes.value_counts()
    products = (counts["a"] * counts["b"]).dropna()
    most = str(products.idxmax())
    crossing = step(
        "cross",
        {"left": "a", "right": "b"},
        "c",
        left_key="code",
        right_key="code",
        many_to_many="refused",
        **both,
    )
    error = treat(tmp_path / "departement", tables, crossing).error.replace("\u202f", "")
    text = f"jusqu'à {counts['a'][most]} de la table principale et {counts['b'][most]} de l'autre"
    assert text in error
    crossing["parameters"] |= dict.fromkeys(both, None) | {"left_via": "commune"}
    error = treat(tmp_path / "commune", tables, crossing).error
    assert "car des clés en rencontrent plusieurs, d'un côté comme de l'autre" in error
    assert "jusqu'à 23 de la table principale et 1 de l'autre" in error


def test_most_repeated_key_counts_rows_of_codes_that_it_succeeds(tmp_path: Path) -> None:
    """Two stops of a commune that is gone meet beside two of the one that took its place."""
    stops = b"com;montees\n14118;10\n14118;20\n14999;5\n14999;1\n"
    towns = b"code;type;chefLieu;anciensCodes\n14118;commune-actuelle;;14999\n"
    inputs = {"left": "a", "right": "b", "successors": "cog"}
    keys = {"left_key": "com", "right_key": "commune", "many_to_many": "refused"}
    tables: Tables = {"a": stops, "b": LINES, "cog": towns}
    error = treat(tmp_path, tables, step("cross", inputs, "c", **keys)).error
    assert "jusqu'à 4 de la table principale et 2 de l'autre" in error


def test_trial_tells_what_the_full_job_will_refuse(tmp_path: Path) -> None:
    """Its rows are made all the same, and its size says why the whole is not."""
    (report,) = run(tmp_path, crossing(many_to_many="refused"), sample_rows=2).reports
    size = CrossingSize.model_validate(report["size"])
    assert (size.out, size.is_unchosen, size.is_too_large) == (6, True, False)
    warning = CountedCrossings(sizes=(size,)).warning
    assert warning.startswith("Le calcul complet sera refusé : croisement « c » refusé : 4 lignes")
    assert "en entier, 4 lignes croisées avec 3 en donnent 6, car" in report["summary"]


def test_sum_of_rows_that_were_repeated_is_told(tmp_path: Path) -> None:
    """A population that stands beside two stops; the stops' own figures count once."""
    ratio = {"name": "par_habitant", "numerator": "montees", "denominator": "population"}
    added = step(
        "aggregate", {"table": "c"}, "s", by=["com"], sums=["montees", "population"], ratio=ratio
    )
    report = run(tmp_path, crossing("towns", "code"), added).reports[1]
    repeated, grain = report["warnings"]
    assert (repeated["kind"], repeated["column"], repeated["times"]) == (
        "repeated_rows",
        "population",
        2,
    )
    assert "« population » vient de « towns »" in report["summary"]
    assert "jusqu'à 2 fois dans « c »" in report["summary"]
    assert (grain["kind"], grain["column"]) == ("other_grain", "par_habitant")
    assert "n'ont pas le même grain" in report["summary"]


def test_rows_that_two_crossings_repeat_are_counted_through_both(tmp_path: Path) -> None:
    """Each stop finds two lines, which stand twice already beside the communes of before."""
    again = {"left": "c", "right": "towns"}
    then = step("cross", again, "d", left_key="com", right_key="code")
    added = step("aggregate", {"table": "d"}, "s", by=["nom"], sums=["montees", "population"])
    first, second = run(tmp_path, crossing(), then, added).reports[2]["warnings"]
    assert (first["column"], first["times"]) == ("montees", 2)
    assert (second["column"], second["times"]) == ("population", 4)
