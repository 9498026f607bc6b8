"""What cells of a workbook show is kept or told, though their values do not say it."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.integration.compute.formats.books import saved, workbook
from tests.integration.compute.jobs import ingest
from tests.integration.compute.profiles import profile_of, repaired, table

CODES: list[list[object]] = [["code", "n"]]
CODES += [[at * 1053, at] for at in range(1, 30)]


def formatted(shape: str, rows: list[list[object]] = CODES, above: int = 0) -> bytes:
    """A workbook whose numbers in the second column of the sheet are shown in that format."""
    blank: list[list[object]] = [[] for _ in range(above)]
    book = workbook(("Notice", [["x"]]), ("Données", [*blank, *([None, *row] for row in rows)]))
    for (cell,) in book["Données"].iter_rows(min_row=above + 2, min_col=2, max_col=2):
        cell.number_format = shape
    return saved(book)


@pytest.mark.parametrize("above", [0, 3])
def test_zeros_that_a_format_shows_in_front_of_codes_are_kept(tmp_path: Path, above: int) -> None:
    """A cell that holds 1053 and shows 01053 gives 01053, and it is told."""
    run = ingest(tmp_path, formatted("00000", above=above), "codes.xlsx")
    assert table(run)["code"].tolist()[:10:9] == ["01053", "10530"]
    assert table(run)["n"].tolist()[0] == "1"
    assert repaired(run)["shown_zeros"] == (9, above + 2)
    assert profile_of(run).columns[0].kind == "text"


@pytest.mark.parametrize("shape", ["General", "0000.0", "00000;-00000"])
def test_other_formats_leave_numbers_as_they_are(tmp_path: Path, shape: str) -> None:
    """Nothing but zeros tells that they belong to the value."""
    run = ingest(tmp_path, formatted(shape), "nombres.xlsx")
    assert table(run)["code"].tolist()[0] == "1053"
    assert "shown_zeros" not in repaired(run)


def test_text_fractions_and_longer_numbers_are_not_padded(tmp_path: Path) -> None:
    """The format says how whole numbers are shown, no more."""
    rows: list[list[object]] = [["code", "n"], ["12", 1], [1.5, 2], [123456, 3], [7, 4]]
    run = ingest(tmp_path, formatted("000", rows), "codes.xlsx")
    assert table(run)["code"].tolist() == ["12", "1.5", "123456", "007"]
    assert repaired(run)["shown_zeros"] == (1, 5)


PERCENTS = ["0%", "0.0%;[Red]-0.0%", "# ##0.0\\ %"]


@pytest.mark.parametrize("shape", PERCENTS)
def test_shares_that_a_format_shows_in_percent_are_percents(tmp_path: Path, shape: str) -> None:
    """A cell that holds 0.125 and shows 12,5 % is 12.5 with the unit %, and it is told."""
    shares = [0.125, 0.07, 1, 0, -0.031, 1.2, 1 / 3]
    rows: list[list[object]] = [["taux", "n"]]
    rows += [[share, at] for at, share in enumerate(shares)]
    run = ingest(tmp_path, formatted(shape, rows, above=2), "taux.xlsx")
    written = ["12.5 %", "7 %", "100 %", "0 %", "-3.1 %", "120 %", "33.33333333333333 %"]
    assert table(run)["taux"].tolist() == written
    assert repaired(run)["shown_percents"] == (7, 4)
    assert "mixed_percents" not in repaired(run)
    (column, _) = profile_of(run).columns
    assert (column.kind, column.meaning and column.meaning.unit) == ("decimal", "%")


@pytest.mark.parametrize("shape", ['0.0"%"', "0.0\\%"])
def test_numbers_beside_a_written_sign_are_no_shares(tmp_path: Path, shape: str) -> None:
    """A sign that a format shows as it is leaves the number as it is."""
    run = ingest(tmp_path, formatted(shape, [["taux", "n"], [12.5, 1], [7, 2]]), "taux.xlsx")
    assert table(run)["taux"].tolist() == ["12.5", "7"]
    assert "shown_percents" not in repaired(run)


def test_columns_of_percents_and_bare_numbers_are_told(tmp_path: Path) -> None:
    """Nobody guesses what a bare 0.3 beside 12,5 % is; a zero is none, nor a year further up."""
    rows: list[list[object]] = [
        ["taux", "part", "n"],
        [0.125, 0.505, 1],
        [0.3, 0, 2],
        [0.2, 0.4, 3],
    ]
    book = workbook(("Données", [["Taux", 2024], *rows]))
    for place in ("A3", "A5", "B3", "B5"):
        book["Données"][place].number_format = "0.0%"
    run = ingest(tmp_path, saved(book), "taux.xlsx")
    assert table(run)["taux"].tolist() == ["12.5 %", "0.3", "20 %"]
    assert repaired(run)["mixed_percents"][0] == 1
    (message,) = (
        repair.message for repair in profile_of(run).repairs if repair.code == "mixed_percents"
    )
    assert "(taux)" in message
    kinds = {column.name: column.kind for column in profile_of(run).columns}
    assert kinds == {"taux": "text", "part": "decimal", "n": "integer"}


def test_errors_and_formulas_without_a_result_are_named(tmp_path: Path) -> None:
    """They are empty in the table: how many there are, and where the first is, is told."""
    book = workbook(("Feuille", [["a", "b", "c"], [1, 2, 3], [4, 5, 6], [7, 8, 9]]))
    sheet = book["Feuille"]
    for place in ("B3", "B4"):
        sheet[place] = "#N/A"
        sheet[place].data_type = "e"
    sheet["C2"] = "=A2+B2"
    run = ingest(tmp_path, saved(book), "formules.xlsx")
    assert table(run).notna().to_numpy().tolist() == [
        [True, True, False],
        [True, False, True],
        [True, False, True],
    ]
    assert repaired(run) == {"error_cells": (2, 3), "open_formulas": (1, 2)}
    messages = {repair.code: repair.message for repair in profile_of(run).repairs}
    assert messages["error_cells"].endswith("laissées vides, la première en B3")


def test_workbook_without_styles_is_read_all_the_same(tmp_path: Path) -> None:
    """What its cells show is then not known, their values are."""
    buffer, left = BytesIO(formatted("00000")), BytesIO()
    with zipfile.ZipFile(buffer) as whole, zipfile.ZipFile(left, "w") as part:
        for name in set(whole.namelist()) - {"xl/styles.xml"}:
            part.writestr(name, whole.read(name))
    run = ingest(tmp_path, left.getvalue(), "codes.xlsx")
    assert table(run)["code"].tolist()[0] == "1053"


def test_hidden_sheet_is_read_only_where_no_other_holds_anything(tmp_path: Path) -> None:
    """However much stands in the lists that cells are chosen from."""
    lists: list[list[object]] = [[f"Choix {at}"] for at in range(90)]
    book = workbook(("Listes", lists), ("Données", [["a", "b"], [1, 2]]), ("Vide", []))
    book["Listes"].sheet_state = "hidden"
    run = ingest(tmp_path / "both", saved(book), "a.xlsx")
    assert (profile_of(run).sheet, repaired(run)) == ("Données", {"other_sheets": (1, None)})
    del book["Données"]
    assert profile_of(ingest(tmp_path / "one", saved(book), "a.xlsx")).sheet == "Listes"


def test_small_numbers_of_a_workbook_are_written_without_an_exponent(tmp_path: Path) -> None:
    """The same number, which a column of numbers may hold."""
    book = workbook(("Feuille", [["taux"], [0.00005], [1.5e-7], [0.25]]))
    run = ingest(tmp_path, saved(book), "a.xlsx")
    assert table(run)["taux"].tolist() == ["0.00005", "0.00000015", "0.25"]
    assert profile_of(run).columns[0].kind == "decimal"


ROWS: list[list[object]] = [
    ["14118", "Caen", 10, 20, 30, 40],
    ["14366", "Lisieux", 11, 21, 31, 41],
    ["76540", "Rouen", 12, 22, 32, 42],
]


@pytest.mark.parametrize(
    ("above", "merged", "names"),
    [
        (
            [
                ["Commune", None, "Logements", None, "Population", None],
                ["Code", "Nom", "T", "V", "H", "F"],
            ],
            ["A1:B1", "C1:D1", "E1:F1"],
            "Commune Code|Commune Nom|Logements T|Logements V|Population H|Population F",
        ),
        (
            [[None, None, "Logements"], ["Code", "Nom", 2018, 2019, 2020, 2021]],
            ["C1:F1"],
            "Code|Nom|Logements 2018|Logements 2019|Logements 2020|Logements 2021",
        ),
        (
            [
                ["Logements et habitants"],
                ["Code", "Nom", 2020],
                [None, None, "Logements", None, "Personnes", None],
                [None, None, "T", "V", "H", "F"],
            ],
            ["A1:F1", "A2:A4", "B2:B4", "C2:F2", "C3:D3", "E3:F3"],
            "Code|Nom|2020 Logements T|2020 Logements V|2020 Personnes H|2020 Personnes F",
        ),
    ],
)
def test_merged_cells_above_a_header_name_its_columns(
    tmp_path: Path, above: list[list[object]], merged: list[str], names: str
) -> None:
    """Over as many rows as there are; a title that is merged over all columns names none."""
    book = workbook(("Données", [*above, *ROWS]))
    for cells in merged:
        book["Données"].merge_cells(cells)
    run = ingest(tmp_path, saved(book), "a.xlsx")
    assert "|".join(table(run).columns) == names
    assert len(table(run)) == len(ROWS)
    assert repaired(run)["double_header"][0] == 1


def test_what_stands_below_a_table_is_no_row(tmp_path: Path) -> None:
    """Sources and notes, also of a CSV; rows with gaps that others follow stay."""
    head: list[object] = ["code", "nom", "a", "b", "c", "d"]
    below: list[list[object]] = [
        [],
        ["Source : INSEE, 2021"],
        ["Lecture :", "10 logements à Caen."],
        ["(1) hors foyers"],
    ]
    within: list[list[object]] = [["Note : provisoire"], ROWS[0]]
    book = workbook(("Données", [head, *ROWS, *within, *below]))
    run = ingest(tmp_path / "xlsx", saved(book), "a.xlsx")
    assert table(run)["code"].tolist()[3:] == ["Note : provisoire", "14118"]
    assert repaired(run) == {"empty_rows": (1, 7), "notes_below": (3, 8)}
    lines = ["a;b;c", *(f"{at};{at};{at}" for at in range(9)), "Source : INSEE;;"]
    run = ingest(tmp_path / "csv", "\n".join(lines).encode())
    assert (len(table(run)), repaired(run)) == (9, {"notes_below": (1, 11)})


def test_spaces_around_cells_are_told(tmp_path: Path) -> None:
    """Those of typography as of a CSV, others with the first line."""
    rows: list[list[object]] = [["nom", "n"], ["Caen", 1], [" Rouen ", 2], ["\u00a0Vire\u00a0", 3]]
    run = ingest(tmp_path, saved(workbook(("Données", rows))), "a.xlsx")
    assert table(run)["nom"].tolist() == ["Caen", "Rouen", "Vire"]
    assert repaired(run) == {"trimmed_cells": (1, 3), "no_break_spaces": (1, None)}


def test_sheet_is_read_by_its_name(tmp_path: Path) -> None:
    """Whatever its case, and one that is hidden too; the others are named."""
    rows: list[list[object]] = [["a", "b"], [1, 2]]
    more: list[list[object]] = [["x"], [1], [2], [3], [4]]
    book = workbook(("Communes", more), ("EPCI 2026", rows), ("Vide", []))
    run = ingest(tmp_path / "one", saved(book), "a.xlsx", sheet="epci 2026")
    assert (profile_of(run).sheet, list(table(run).columns)) == ("EPCI 2026", ["a", "b"])
    (message,) = (
        repair.message for repair in profile_of(run).repairs if repair.code == "other_sheets"
    )
    assert message.endswith(": Communes")
    for sheet, what in (("Régions", "n'existe pas"), ("Vide", "est vide")):
        error = ingest(tmp_path / sheet, saved(book), "a.xlsx", sheet=sheet).error
        assert (
            f"la feuille « {sheet} » {what} ; ce classeur a « Communes » et « EPCI 2026 »" in error
        )
    run = ingest(tmp_path / "csv", b"a;b\n1;2\n", sheet="EPCI")
    assert repaired(run) == {"no_sheets": (1, None)}
