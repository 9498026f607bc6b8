"""Columns whose name says a code, from the file to the crossing and what is said before it."""

import json
from pathlib import Path

import pytest

from shared.engine.tables.type_names import others_told
from tests.benchmarks.judged.code_names import faults, judged
from tests.integration.compute.jobs import ingest, step, treat
from tests.integration.compute.profiles import profile_of, table

CODES = ["14118", "14047", "14366", "14258", "14715", "14437", "14341", "14654", "14762"]
CLIENTS = "\n".join(["code_insee;n", *(f"{code};1" for code in CODES), "1411B;2", "Caen;3"])
TOWNS = "\n".join(["code;nom", *(f"{code};a" for code in CODES)]).encode()
CROSS = step("cross", {"left": "l", "right": "r"}, "o", left_key="code_insee", right_key="code")


def test_judged_columns_are_told_right() -> None:
    """Their types, the values that are no codes, with their rows, and the warnings."""
    wrong = [
        (column.file, column.name, faults(column)) for column in judged("tuning") if faults(column)
    ]
    assert wrong == []


def test_values_that_are_no_codes_are_named_and_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The owner reads how many, which and where; the job's log only how many."""
    run = ingest(tmp_path / "job", CLIENTS.encode())
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    log = " ".join(str(line.get("log", "")) for line in lines)
    column, _ = profile_of(run).columns
    assert (column.key, column.meaning and column.meaning.repair) == ("commune", None)
    assert table(run)["code_insee"].tolist() == [*CODES, "1411B", "Caen"]
    assert column.meaning is not None
    assert others_told(column.meaning) == (
        "2 lignes ont d'autres valeurs, qui restent telles quelles et ne se croisent pas :"
        " « 1411B » (ligne 10 des données) et « Caen » (ligne 11 des données)"
    )
    assert "colonne « code_insee » : 2 lignes ont d'autres valeurs" in log
    assert "1411B" not in log


def test_values_that_are_no_codes_do_not_meet_and_are_lost_to_nobody(tmp_path: Path) -> None:
    """Their rows stay in a crossing that keeps the left table, and are listed."""
    run = treat(tmp_path, {"l": CLIENTS.encode(), "r": TOWNS}, CROSS)
    report = run.reports[0]
    assert [orphan["key"] for orphan in report["orphans"]] == ["1411B", "Caen"]
    assert report["rows"]["out"] == len(CODES) + 2


def test_values_in_a_table_about_persons_are_counted_and_not_shown(tmp_path: Path) -> None:
    """Whoever may see the profile of such a table sees none of its values."""
    names = ("Marie;Martin", "Jean;Bernard", "Léa;Petit", "Paul;Durand", "Anne;Moreau")
    rows = (f"{code};{name}" for code, name in zip([*CODES, "chez Léa"], names * 2, strict=True))
    content = "\n".join(["code_insee;prenom;nom", *rows]).encode()
    column, *_ = profile_of(ingest(tmp_path / "job", content)).columns
    assert column.meaning is not None
    assert (column.meaning.invalid, column.meaning.invalid_at) == ((), ())
    assert others_told(column.meaning) == (
        "1 ligne a une autre valeur, qui reste telle quelle et ne se croise pas"
    )
