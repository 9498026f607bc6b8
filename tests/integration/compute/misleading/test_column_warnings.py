"""What treatments would take wrongly of a column is told when its file is read, with its rows."""

from collections import Counter
from pathlib import Path

import pytest

from shared.engine.tables.misleading import ColumnWarning
from tests.benchmarks.judged.traps import JudgedColumn, judged
from tests.integration.compute.jobs import ingest
from tests.integration.compute.profiles import profile_of


@pytest.fixture(scope="module", params=["tuning", "held_out"])
def columns(request: pytest.FixtureRequest) -> list[JudgedColumn]:
    """The judged columns of a half, with what is told of them."""
    return list(judged(request.param))


def test_judged_traps_are_found_and_hardly_a_column_is_accused(columns: list[JudgedColumn]) -> None:
    """Nine of ten are found, and one column in fifty at most is told of without a reason."""
    verdicts = Counter((bool(column.right), column.verdict) for column in columns)
    traps = sum(bool(column.right) for column in columns)
    assert verdicts[True, "right"] >= 0.9 * traps
    assert verdicts[False, "false"] + verdicts[True, "false"] <= len(columns) / 50


def warnings(folder: Path, *lines: str) -> dict[str, ColumnWarning]:
    """The only warning of each column of a CSV that has one."""
    read = profile_of(ingest(folder, "\n".join(lines).encode()))
    return {column.name: column.warnings[0] for column in read.columns if column.warnings}


def test_warnings_name_the_rows_and_what_stands_there(tmp_path: Path) -> None:
    """The rows of the fewer convention, of keys that repeat, and of names that several have."""
    mixed = warnings(
        tmp_path / "a", "annee;n", *(f"{2010 + at};1" for at in range(8)), "13;2", "09;3"
    )
    assert mixed["annee"].message == (
        "deux conventions dans une colonne : des années à deux chiffres parmi d'autres à quatre"
        " (2 lignes, « 13 » (ligne 9 des données) et « 09 » (ligne 10 des données))"
    )
    rows = [f"S{at // 3};{7 + at // 3 * 4};{at}" for at in range(12)]
    repeated = warnings(tmp_path / "b", "id_station;capacite;passages", *rows)
    assert repeated.keys() == {"capacite"}
    assert (repeated["capacite"].beside, repeated["capacite"].rows) == ("id_station", 8)
    assert repeated["capacite"].first_rows == (1, 4, 7)
    epci = ["Caen;CU Caen la Mer", "Flers;CA Flers Agglo", "Bayeux;CC de Bayeux Intercom"]
    shared = warnings(tmp_path / "c", "commune;epci", *epci)
    assert shared["commune"].examples == ("Flers",)
    assert (shared["commune"].first_rows, shared["commune"].beside) == ((2,), "epci")


@pytest.mark.parametrize(
    "lines",
    [
        ["chapitre;n", *(f"{code};1" for code in ["011", "012", "65", "66", "67"] * 3)],
        ["taux;n", *(f"{rate};1" for rate in ["0,4", "0,9", "1,5", "3,2", "7,1"] * 3)],
        ["id;prix", *(f"{at % 4};{at * 7 % 11}" for at in range(16))],
        ["code_commune;commune", "61169;Flers", "61011;Aubusson"],
    ],
)
def test_what_only_looks_alike_is_not_told(tmp_path: Path, lines: list[str]) -> None:
    """Codes of two lengths, small rates, figures of rows, and names beside their codes."""
    assert warnings(tmp_path, *lines) == {}


def test_tables_about_persons_keep_no_row_of_what_is_told(tmp_path: Path) -> None:
    """Nobody reads a row number or a value of such a table in its profile."""
    persons = [f"Martin;Anne{at};anne{at}@free.fr;{2000 + at}" for at in range(9)]
    warnings_by_column = warnings(
        tmp_path, "nom;prenom;courriel;annee", *persons, "Zorglub;Luc;l@free.fr;13"
    )
    assert warnings_by_column == {
        "annee": ColumnWarning(kind="mixed_conventions", convention="years")
    }
