"""The first rows of a result: French numbers, codes as they are, and whether there are more."""

import pytest

from services.portal.pages.projects.results import FirstRows, first_rows, show
from tests.unit.portal.pages import page_of

MOST = 64_000


def column(name: str, *values: str) -> list[str]:
    """A column of these values as its page shows it; empty ones stand beside others."""
    lines = "\n".join([f"{name};x", *(f"{cell};y" for cell in values)])
    return [row[0] for row in first_rows(lines.encode(), MOST).rows]


@pytest.mark.parametrize(
    ("name", "values", "shown_cells"),
    [
        ("taux", ["38.2", "4.25", "-1234.50", ""], ["38,2", "4,25", "\u22121\u202f234,5", ""]),
        ("parts", ["1771308.0", "12.0", ""], ["1\u202f771\u202f308", "12", ""]),
        ("logements", ["151734", "980"], ["151\u202f734", "980"]),
        ("logements", ["151734", "122510"], ["151\u202f734", "122\u202f510"]),
        ("taux", ["-0.5"], ["\u22120,5"]),
        ("age", ["34.3333333333333", "0.00000012345"], ["34,333333", "0,000000123"]),
    ],
)
def test_numbers_are_written_in_french(
    name: str, values: list[str], shown_cells: list[str]
) -> None:
    """A comma, thin spaces, and whole numbers without a fraction of nothing."""
    assert column(name, *values) == shown_cells


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("commune", ["1004", "14118"]),
        ("lieu", ["14118", "27229"]),
        ("epci", ["200065597", "200069524"]),
        ("annee", ["2021", "2022"]),
        ("code", ["01004", "9"]),
        ("taux", ["9" * 5000 + ".5"]),
        ("nom", ["1.5", "Caen"]),
        ("date", ["2024-01-31"]),
    ],
)
def test_codes_years_and_words_stay_as_they_are(name: str, values: list[str]) -> None:
    """A space within a code would make it another."""
    assert column(name, *values) == values


def test_table_says_whether_there_are_more_rows() -> None:
    """Beyond fifty, or beyond the bytes that were read: then its last line may be half of one."""
    text = "a\n" + "x\n" * 50
    assert not first_rows(text.encode(), MOST).is_cut
    assert first_rows(f"{text}x\n".encode(), MOST).is_cut
    cut = first_rows(b"a;b\n1;x\n2;yyy\n", 11)
    assert (cut.rows, cut.is_cut) == ([("1", "x")], True)
    assert first_rows(b"", MOST) == FirstRows()
    assert first_rows(b"a;b\n", MOST) == FirstRows(["a", "b"], [])


def test_what_is_wrong_with_a_step_is_said_without_its_field() -> None:
    """Of a failed job, whose reason programs read as it is."""
    job = {"id": "job_1", "kind": "full", "state": "failed", "outputs": [], "is_held": False}
    fields = {**job, "result": None, "reason": "steps.0.sums: colonne « x » : 2 valeurs"}
    text = page_of(show, {"/jobs/job_1": fields}, "holder", job_id="job_1")
    assert "Échoué : Étape 1 : colonne « x »" in text
