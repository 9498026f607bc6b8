"""Where the header of a table is, and how its columns are called."""

import pytest

from services.compute.runner.header import Cells, Header, find_header

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
    found = find_header([*rows, *DATA])
    assert found == Header(0, height=2)
    assert "|".join(found.cells(rows)) == names


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
    "first",
    [["14118", "Caen", "", "2", "3", "4"], ["", "Caen", "1", "2", "3", "4"]],
)
def test_row_of_data_is_no_second_row_of_the_header(first: Cells) -> None:
    """Also when it has gaps and a column has no name."""
    assert find_header([["a", "b", "c", "", "e", "f"], first, *DATA]) == Header(0)
