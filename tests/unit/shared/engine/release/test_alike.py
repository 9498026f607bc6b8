"""What nearly all of a group have in common is not told, nor whether a few have it not."""

from pathlib import Path

import pytest

from tests.integration.compute.jobs import step
from tests.release_advice import advice_of
from tests.unit.shared.engine.release.test_checking import Lab, Rows


def towns(others: int) -> Rows:
    """Ten of town A in trade x and so many in others; five in each trade in town B."""
    trades = [("A", "x")] * 10 + [("A", "y")] * others + [("B", "x")] * 5 + [("B", "y")] * 5
    return [(f"{at:09}", *trade, 100 + at % 7) for at, trade in enumerate(trades)]


@pytest.mark.parametrize("others", [0, 1, 2])
def test_group_beside_which_too_few_are_is_missing(tmp_path: Path, others: int) -> None:
    """None, one or two in the other trade: the result is the same."""
    record, released_rows = Lab(tmp_path, towns(others)).aggregate("ville", "metier")
    assert advice_of(record) == "suppressed"
    assert [(entry["ville"], entry["metier"]) for entry in released_rows] == [
        ("B", "x"),
        ("B", "y"),
    ]


def test_group_beside_which_enough_are_is_shown(tmp_path: Path) -> None:
    """Three in the other trade are told themselves."""
    record, released_rows = Lab(tmp_path, towns(3)).aggregate("ville", "metier")
    assert advice_of(record) == "released"
    assert len(released_rows) == 4


@pytest.mark.parametrize("others", [0, 1, 2])
@pytest.mark.parametrize("is_coarse_first", [False, True])
def test_no_two_results_give_such_a_group_away(
    tmp_path: Path, others: int, *, is_coarse_first: bool
) -> None:
    """All in trade x less those of town B are those of town A, whichever is asked first."""
    lab, asked = Lab(tmp_path, towns(others)), [("ville", "metier"), ("metier",)]
    for by in reversed(asked) if is_coarse_first else asked:
        lab.aggregate(*by)
    released_cells = lab.released("count")
    of_trade, of_town = set(range(10)) | set(range(10 + others, 15 + others)), set(range(10))
    assert not (of_trade in released_cells and of_trade - of_town in released_cells)
    assert of_town not in released_cells


@pytest.mark.parametrize("others", [0, 1, 2])
def test_condition_that_leaves_too_few_out_counts_nobody(tmp_path: Path, others: int) -> None:
    """Those of town A in trade x are nearly all of the town; in town B they are half."""
    sql = "SELECT ville, count(*) AS n FROM e WHERE metier = 'x' GROUP BY ville"
    _, released_rows = Lab(tmp_path, towns(others)).treat([step("query", {"e": "e"}, "r", sql=sql)])
    assert [(entry["ville"], entry["n"]) for entry in released_rows] == [("B", 5)]
