"""Rows that sum a block of their neighbours are found, and coincidences are not."""

import random

import numpy as np
import pytest

from shared.engine.reading.totals.block_sums import HINTED, LABELLED, UNMARKED, find_block_sums

Rows = list[tuple[int, int]]
LARGE = (10_000, 999_999)


def sum_rows(rows: Rows, marks: dict[int, int] | None = None) -> list[int]:
    """Which rows are held to be sums."""
    marked = np.full(len(rows), UNMARKED, np.int8)
    for row, mark in (marks or {}).items():
        marked[row] = mark
    return [block_sum.row for block_sum in find_block_sums(np.array(rows, float), marked)]


def drawn(seed: int) -> Rows:
    """Rows of large figures."""
    chance = random.Random(seed)
    return [(chance.randint(*LARGE), chance.randint(*LARGE)) for _ in range(chance.randint(3, 40))]


@pytest.mark.parametrize("seed", range(20))
def test_sum_of_all_others_is_found_above_or_below(seed: int) -> None:
    """Whatever they are, and no other row with it."""
    rows = drawn(seed)
    total = (sum(a for a, _ in rows), sum(b for _, b in rows))
    assert sum_rows([total, *rows]) == [0]
    assert sum_rows([*rows, total]) == [len(rows)]


@pytest.mark.parametrize("seed", range(20))
def test_rows_at_random_are_no_sums(seed: int) -> None:
    """Large figures rarely sum by chance, and never in both columns."""
    assert sum_rows(drawn(seed)) == []


def test_sub_totals_and_their_total_are_found() -> None:
    """The total sums what is left once the sub-totals are out of the way."""
    first_block, other = [(120, 31), (340, 55), (78, 12)], [(410, 90), (55, 23)]
    table = [*first_block, (538, 98), *other, (465, 113), (1003, 211)]
    assert sum_rows(table, {3: LABELLED, 6: LABELLED, 7: LABELLED}) == [3, 6, 7]


def test_row_that_sums_two_neighbours_is_chance_unless_it_is_marked() -> None:
    """In both columns even: a hint that it is a total is needed."""
    table = [(4120, 380), (3180, 210), (7300, 590), (5120, 440), (2900, 130)]
    assert sum_rows(table) == []
    assert sum_rows(table, {2: HINTED}) == [2]


def test_small_figures_sum_by_chance() -> None:
    """Three is one and two."""
    assert sum_rows([(1, 4), (2, 8), (3, 11), (5, 22)]) == []


NOTHING = float("nan")


@pytest.mark.parametrize("empty", [NOTHING, 0])
def test_rows_without_figures_make_no_block(empty: float) -> None:
    """A row equals the one beside it, and nothing more, as often as both are the same."""
    leases = [(84490.0, 1013880.0)] * 2 + [(empty, empty)] * 2
    others = [(float(41250 + 7 * at), float(495000 + 11 * at)) for at in range(20)]
    figures = np.array(others + leases + others)
    assert not find_block_sums(figures, np.full(len(figures), UNMARKED, np.int8))


def test_round_figures_sum_by_chance() -> None:
    """Amounts are asked for and granted in thousands: 20000 is 5000 twice and 10000."""
    amounts = [1000, 3000, 5000, 5000, 10000, 20000, 2000, 15000]
    assert sum_rows([(amount, amount) for amount in amounts * 8]) == []


def sub_totals(gap: int) -> tuple[Rows, list[int]]:
    """Four blocks of fifteen small figures, each with its sum; one is off by `gap`."""
    chance = random.Random(5)
    rows: Rows = []
    ends: list[int] = []
    for _ in range(4):
        block = [chance.randint(10, 300) for _ in range(15)]
        rows += [(figure, 0) for figure in (*block, sum(block) + (gap if len(ends) == 1 else 0))]
        ends.append(len(rows) - 1)
    return rows, ends


@pytest.mark.parametrize("gap", [0, 7])
def test_rows_that_look_the_same_are_judged_together(gap: int) -> None:
    """One column of small figures: each alone may be chance, most of them are not."""
    rows, ends = sub_totals(gap)
    marks = dict.fromkeys(ends, HINTED)
    assert not set(ends) <= set(sum_rows(rows, marks))
    alike = np.isin(np.arange(len(rows)), ends)
    sums = find_block_sums(np.array(rows, float), alike.astype(np.int8), [alike])
    assert {block_sum.row for block_sum in sums} == {
        row for row in ends if not gap or row != ends[1]
    }


def test_rows_that_look_the_same_and_sum_nothing_are_left() -> None:
    """Also where their figures are small."""
    rows = [(figure,) for figure in (12, 30, 7, 18, 45, 9, 22, 31, 5, 14)]
    alike = np.isin(np.arange(10), [3, 6, 9])
    assert not find_block_sums(np.array(rows, float), alike.astype(np.int8), [alike])


def test_sub_totals_of_equal_halves_are_found_beside_a_wrong_grand_total() -> None:
    """Two rows sum to a third often by chance; thirteen times, each between two labels, never."""
    halves = [1500, 20, 2500, 1300, 800, 500, 400, 430, 410, 330, 80, 230, 200]
    figures = np.array([[row] for half in halves for row in (half, half, 2 * half)] + [[99999]])
    labelled = np.arange(len(figures)) % 3 == 2
    labelled[-1] = True
    marks = np.where(labelled, HINTED, UNMARKED).astype(np.int8)
    sums = find_block_sums(figures.astype(float), marks, [labelled])
    assert [block_sum.row for block_sum in sums] == list(range(2, 39, 3))


@pytest.mark.parametrize("is_above", [False, True])
def test_sub_totals_of_many_blocks_are_found_above_or_below_them(*, is_above: bool) -> None:
    """However many blocks of the table each of them might sum."""
    chance = random.Random(3)
    rows: Rows = []
    for _ in range(200):
        block = [(chance.randint(5, 90), 0) for _ in range(2)]
        total = (sum(figure for figure, _ in block), 0)
        rows += [total, *block] if is_above else [*block, total]
    labelled = np.arange(len(rows)) % 3 == (0 if is_above else 2)
    sums = find_block_sums(np.array(rows, float), labelled.astype(np.int8), [labelled])
    assert {block_sum.row for block_sum in sums} >= set(np.flatnonzero(labelled).tolist())


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_each_fit_in_one_of_many_columns_are_not_judged_together(seed: int) -> None:
    """Of sixty columns of small figures some fits by chance in most rows."""
    figures = np.random.default_rng(seed).integers(5, 30, (900, 60)).astype(float)
    labelled = np.arange(len(figures)) % 3 == 2
    block_sums = find_block_sums(figures, labelled.astype(np.int8), [labelled])
    assert 2 * len(block_sums) < labelled.sum()
