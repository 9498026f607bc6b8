"""Where the header of a table is, and how its columns are called."""

import pytest

from shared.engine.reading.formats.header import Cells, Header, find_header

DATA = [["14118", "Caen", "1", "2", "3", "4"], ["27229", "Évreux", "5", "6", "7", "8"]]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (
            [
                ["Commune", "", "2020", "", "2021", ""],
                ["Code", "Nom", "Hommes", "Femmes", "Hommes", "Femmes"],
            ],
            "Commune Code|Commune Nom|2020 Hommes|2020 Femmes|2021 Hommes|2021 Femmes",
        ),
        (
            [
                ["Code", "Nom", "Population", "", "Logements", ""],
                ["", "", "2020", "2021", "T", "V"],
            ],
            "Code|Nom|Population 2020|Population 2021|Logements T|Logements V",
        ),
        (
            [["Code", "", "", "Total", "Part", ""], ["", "2019", "2020", "", "h", "f"]],
            "Code|2019|2020|Total|Part h|Part f",
        ),
    ],
)
def test_names_of_groups_are_read_with_those_of_their_columns(
    rows: list[Cells], names: str
) -> None:
    """A name that stands alone, over no other, is no group."""
    header = find_header([*rows, *DATA])
    assert header == Header(0, height=2)
    assert "|".join(header.cells(rows)) == names


@pytest.mark.parametrize(
    "first",
    [
        ["Tableau 1", "", "", "", "", ""],
        ["Population", "", "", "Logements", "", ""],
        ["Source", "INSEE", "", "", "", ""],
    ],
)
def test_what_stands_above_a_header_that_names_all_is_none(first: Cells) -> None:
    """Titles and groups that tell nothing apart are left out."""
    second = ["code", "nom", "h", "f", "t", "v"]
    assert find_header([first, second, *DATA]) == Header(1)


@pytest.mark.parametrize(
    "first", [["14118", "Caen", "", "2", "3", "4"], ["", "Caen", "1", "2", "3", "4"]]
)
def test_row_of_data_is_no_second_row_of_the_header(first: Cells) -> None:
    """Also when it has gaps and a column has no name."""
    assert find_header([["a", "b", "c", "", "e", "f"], first, *DATA]) == Header(0)


PERSONS = [
    ["Zorglub", "Hildegarde", "hildegarde.zorglub@free.fr", "06 12 34 56 10"],
    ["Dupont", "Anne", "", ""],
]


@pytest.mark.parametrize(
    "rows",
    [
        PERSONS,
        PERSONS[:1],
        [["Zorglub", "", "06.12.34.56.10"], ["Dupont", "Anne", ""], ["Durand", "Luc", ""]],
        [["Zorglub", "2 85 05 78 006 084 36"], ["Dupont", ""]],
        [["Zorglub", "1850"], ["+33 6 12 34 56 10", ""]][::-1],
        [["01001", "Ville"], ["01002", ""], ["2A004", "Bourg"]],
        [["12/05/2024", "3,5"], ["13/05/2024", "4"], ["14/05/2024", "5"]],
        [["2024-05-12 10:00:00", "3"], ["2024-05-13", "4"], ["2024-05-14", "5"]],
    ],
)
def test_first_row_of_data_is_no_header(rows: list[Cells]) -> None:
    """It names somebody, or its days, codes and addresses are like all those below."""
    assert find_header(rows) == Header(0, height=0)


def test_first_row_of_data_below_a_title_is_no_header() -> None:
    """The title is left out, and a row with gaps below it is not."""
    rows = [["Agents"], ["", "Luc", "luc@free.fr", ""], *PERSONS]
    assert find_header(rows) == Header(1, height=0)


@pytest.mark.parametrize(
    "rows",
    [
        [["2019", "2020"], ["2018", "2021"], ["2018", "2021"]],
        [["code", "2024-01-01", "2024-01-02"], ["a", "1", "2"], ["b", "3", "4"]],
        [["2024-01-01", "2024-01-02"], ["1", "2"], ["3", "4"]],
        [["nom", "202401", "202402"], ["a", "123456", "223456"], ["b", "323456", "423456"]],
        [["2024-01", "2024-02"], ["2024", "2024"], ["2024", "2024"]],
        [["origine", "76540", "76114"], ["76540", "10000", "25000"], ["76114", "25000", "10000"]],
        [["code", "14118"], ["01001", "12"], ["01002", "14000"]],
        [["nom", "courriel"], ["Zorglub", "a@free.fr"], ["Dupont", "b@free.fr"]],
        [["76540", "76114"], ["12000", "25000"]],
    ],
)
def test_names_that_are_numbers_or_days_stay_the_header(rows: list[Cells]) -> None:
    """Years, months, hours, days and codes are what columns are called, above other values."""
    assert find_header(rows) == Header(0)


def test_person_is_no_second_row_of_the_header() -> None:
    """Also where the names above have gaps."""
    rows = [["Agent", "", "Lieu"], ["Luc", "luc@free.fr", ""], *([["Anne", "", "Caen"]] * 3)]
    assert find_header(rows) == Header(0)


def test_short_header_above_codes_is_no_title() -> None:
    """Its word stands above codes; a person with gaps names no column."""
    rows = [[f"0105{at}", "Bourg", "x", "y", "z"] for at in range(4)]
    assert find_header([["code", "nom"], *rows]) == Header(0)
    assert find_header([["Communes"], *rows]) == Header(1, height=0)
    assert find_header([["Zorglub"], *PERSONS[:1] * 3]) == Header(1, height=0)


@pytest.mark.parametrize(
    "header",
    [
        ["année", "14118", "27229", "76351"],
        ["commune", "", "total", ""],
        ["mois", "202401", "202402", "202403"],
        ["commune", "2018-2019", "2020 / 2021", "0-14"],
    ],
)
def test_header_above_counts_stays_the_header(header: Cells) -> None:
    """Counts may have as many digits as the codes or months that they are told of."""
    counts = [["2021", "15230", "112040", "112400"], ["2022", "15411", "113290", "112950"]]
    names = [["Caen", "Calvados", "11204", "118"], ["Rouen", "Eure", "12040", "115"]]
    rows = names if header[1] == "" else counts
    assert find_header([header, *rows, *rows]) == Header(0)
    assert find_header([["Chiffres de l'année"], header, *rows, *rows]) == Header(1)


def test_marks_for_no_value_are_no_names() -> None:
    """A first row of data may have a secret among its counts."""
    rows = [["14118", "Caen", "secret", "ND"], ["27229", "Évreux", "14", "12"]]
    assert find_header([*rows, rows[1], rows[1]]).height == 0
