"""What cells disclose by addition and subtraction, beside trying every combination."""

from fractions import Fraction
from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.release.arithmetic.atoms import Atom, found_in, without

Cells = st.lists(st.sets(st.integers(0, 8), min_size=1), min_size=1, max_size=6)


def _rank(rows: list[list[Fraction]]) -> int:
    rows, rank = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((at for at in range(rank, len(rows)) if rows[at][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for at in range(rank + 1, len(rows)):
            times = rows[at][column] / rows[rank][column]
            rows[at] = [a - times * b for a, b in zip(rows[at], rows[rank], strict=True)]
        rank += 1
    return rank


def disclosed_by_hand(cells: list[set[int]], people: int, enough: int) -> bool:
    """Whether some combination of cells leaves fewer than `enough` people: every group is tried."""
    matrix = [[Fraction(number in cell) for number in range(people)] for cell in cells]
    groups = chain.from_iterable(combinations(range(people), n) for n in range(1, enough))
    for group in groups:
        rest = [[row[number] for number in range(people) if number not in group] for row in matrix]
        if _rank(rest) < _rank(matrix):
            return True
    return False


def atoms_of(cells: list[set[int]], people: int, enough: int) -> list[Atom]:
    """One atom a person, and those alike together."""
    alone = [
        Atom(
            frozenset(at for at, cell in enumerate(cells) if number in cell), frozenset({number}), 1
        )
        for number in range(people)
    ]
    return without(alone, (), enough)


@settings(max_examples=200, deadline=None)
@given(cells=Cells, enough=st.integers(2, 4))
def test_nothing_is_found_exactly_where_no_combination_discloses(
    cells: list[set[int]], enough: int
) -> None:
    """The search says the same as trying every group of fewer people, in exact fractions."""
    disclosures = found_in(atoms_of(cells, 9, enough), enough)
    assert bool(disclosures) == disclosed_by_hand(cells, 9, enough)


@settings(max_examples=50, deadline=None)
@given(cells=Cells, enough=st.integers(2, 4))
def test_hiding_a_cell_of_each_finding_ends_with_nothing_disclosed(
    cells: list[set[int]], enough: int
) -> None:
    """Whoever hides what takes part in a disclosure arrives at cells that disclose nothing."""
    atoms, hidden = atoms_of(cells, 9, enough), set[int]()
    while disclosures := found_in(without(atoms, hidden, enough), enough):
        assert not hidden & set(disclosures[0].cells)
        hidden.add(disclosures[0].cells[0])
    left = [cell for at, cell in enumerate(cells) if at not in hidden]
    assert not disclosed_by_hand(left, 9, enough)


def test_total_less_its_parts_discloses_the_part_that_is_left() -> None:
    """The classic: one hidden cell in a row with a total."""
    atoms = [
        Atom(frozenset({0, 1}), None, 40),
        Atom(frozenset({0, 2}), None, 30),
        Atom(frozenset({0}), frozenset({7}), 1),
    ]
    [finding] = found_in(atoms, 3)
    assert (set(finding.cells), finding.is_sure) == ({0, 1, 2}, True)
    assert found_in(without(atoms, {1}, 3), 3) == []
