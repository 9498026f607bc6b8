"""A result without a row, or with a column without a value, says which step lost them."""

from pathlib import Path
from typing import Any

import pytest

from shared.engine.contract.result import LOST, NEAR, EngineResult
from tests.integration.compute.jobs import Tables, step, treat

TOWNS: Tables = {
    "towns": b"commune;pop;vide\n"
    b"CA Flers Agglo;12;\n"
    + b"".join(b"Ville %d;%d;\n" % (number, number) for number in range(3286))
}


def kept(condition: str) -> Any:
    """A step that keeps the rows of the towns for which that holds."""
    sql = f"SELECT * FROM towns WHERE {condition}"  # noqa: S608 - of this test
    return step("query", {"towns": "towns"}, "gardees", sql=sql)


CLOSE_FILTERS = (
    kept("commune = 'Flers Agglo'"),
    kept("lower(strip_accents(trim(commune))) = lower(strip_accents(trim('flers agglo ')))"),
    step("filter", {"table": "towns"}, "gardees", column="commune", value="flers agglo "),
)


@pytest.mark.parametrize(
    ("filtered", "sample_rows"), zip(CLOSE_FILTERS, (100, None, 100), strict=True)
)
def test_a_filter_without_a_row_names_a_value_that_is_close(
    filtered: Any, sample_rows: int | None, tmp_path: Path
) -> None:
    """How many rows there were, also where a step after it reads them; of all rows in a trial."""
    summed = step("aggregate", {"table": "gardees"}, "somme", by=["commune"], sums=["pop"])
    steps = (filtered, summed)
    done = treat(tmp_path, TOWNS, *steps, sample_rows=sample_rows)
    result = EngineResult.model_validate(done.result)
    assert result.is_empty
    assert "lers" in result.lost[0]
    assert result.lost[0].endswith("garde 0 des 3\u202f287 lignes")
    assert result.lost[1] == "valeur proche : CA Flers Agglo"


def test_a_sample_without_a_row_is_no_fault_of_a_filter_that_keeps_some(tmp_path: Path) -> None:
    """The trial takes the whole table then."""
    sql = kept("commune = 'CA Flers Agglo'")
    done = treat(tmp_path, TOWNS, sql, sample_rows=3)
    assert (done.reports[-1]["rows"]["out"], LOST in done.reports[-1]) == (1, False)


@pytest.mark.parametrize(
    ("condition", "sentence_start"),
    [
        ("pop > 99999", "l'étape « gardees » ("),
        ("commune = 'Zzz'", "le filtre « commune = Zzz » garde 0 des"),
    ],
)
def test_a_step_that_loses_all_rows_is_named(
    condition: str, sentence_start: str, tmp_path: Path
) -> None:
    """Without a value that nothing is like."""
    report = treat(tmp_path, TOWNS, kept(condition)).reports[-1]
    assert report[LOST].startswith(sentence_start)
    assert NEAR not in report


def test_a_column_that_a_crossing_leaves_without_a_value_is_told(tmp_path: Path) -> None:
    """What was empty before is no fault of the treatment."""
    tables: Tables = {**TOWNS, "rates": b"nom;taux\nx;1\n"}
    crossing = {"left_key": "commune", "right_key": "nom", "how": "left"}
    cross = step("cross", {"left": "towns", "right": "rates"}, "croise", **crossing)
    report = treat(tmp_path, tables, cross).reports[-1]
    expected_text = (
        "les colonnes « nom » et « taux » du résultat n'ont aucune valeur (lignes : 3\u202f287)"
    )
    assert report[LOST] == expected_text
    assert LOST not in treat(tmp_path / "b", TOWNS, kept("pop >= 0")).reports[-1]


def test_a_crossing_that_meets_is_a_success_of_its_sample(tmp_path: Path) -> None:
    """What its report counts is no reason why the result is empty."""
    tables: Tables = {"a": b"com;n\n14118;1\n61169;2\n", "b": b"code;m\n14118;3\n61169;4\n"}
    keys = {"left_key": "com", "left_via": "commune", "right_key": "code"}
    crossed = step("cross", {"left": "a", "right": "b"}, "c", **keys)
    result = EngineResult.model_validate(treat(tmp_path, tables, crossed, sample_rows=1).result)
    assert result.lost == ("", "")
