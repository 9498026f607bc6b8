"""How closely hidden cells can be told, beside another solver of linear programmes."""

import random

import numpy as np
import pytest
from scipy.optimize import linprog

from shared.engine.release.arithmetic.atoms import Undecided
from shared.engine.release.arithmetic.intervals import Piece, Protection, System, _solver

_TOTAL = 300


def _table(rows: int, columns: int, seed: int) -> list[Piece]:
    rnd = random.Random(seed)
    return [
        Piece(
            frozenset({i * columns + j, 100 + i, 200 + j, _TOTAL}), round(1 + 9000 * rnd.random())
        )
        for i in range(rows)
        for j in range(columns)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_suppressed_table_keeps_its_hidden_cell_in_doubt(seed: int) -> None:
    """What the solver hides besides protects the target, and scipy finds the same intervals."""
    system = System(_table(3, 4, seed), {_TOTAL}, {})
    values = system.values()
    needed = 0.1 * values[5]
    system = system._replace(targets={5: Protection(needed, needed)})
    hidden = {5} | system.hidden_besides({5})
    assert len(hidden) >= 4
    assert _TOTAL not in hidden
    intervals, _ = system.intervals(hidden)
    cells = [cell for cell in values if cell not in hidden]
    sums = [[float(cell in piece.cells) for piece in system.pieces] for cell in cells]
    aim = np.array([float(5 in piece.cells) for piece in system.pieces])
    ends = [
        sign * linprog(sign * aim, A_eq=sums, b_eq=[values[cell] for cell in cells]).fun
        for sign in (1, -1)
    ]
    assert intervals[5] == pytest.approx(tuple(ends), abs=0.3)
    assert ends[0] <= values[5] - needed + 0.3
    assert ends[1] >= values[5] + needed - 0.3


def test_solver_that_is_gone_answers_nothing_and_is_begun_again() -> None:
    """What is not answered is not decided."""
    system = System(_table(3, 4, 0), {_TOTAL}, {})
    system.intervals({5, 6})
    _solver().kill()
    with pytest.raises(Undecided):
        system.intervals({5, 6})
    assert 5 in system.intervals({5, 6})[0]
