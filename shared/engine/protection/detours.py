"""What else to hide where hidden cells are told, so that as little as possible is hidden for them.

A linear programme changes cells of all tables so that each split still adds up: it draws many cells
that are told to their ends at once, and pays for each change of a shown cell by the units in it,
and the more the fewer cells its table has, so that finer tables take little from coarser ones.
What it changes is hidden then, and what it makes is a table that proves these cells hidden.
"""

from collections.abc import Sequence

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack

from shared.engine.protection.hiding import Hiding
from shared.engine.protection.lattice import Amounts, Lattice
from shared.engine.protection.witnesses import Needed, UnsolvedError, let_solve, scale_of

_REWARDS = (1e3, 1e4, 1e5)
"""For drawing a cell by 1, where changing a shown one by 1 costs its units."""

_OF_NOBODY, _OF_HIDDEN = 5.0, 1e-6
"""Costs of cells without units, which are easily known to be empty, and of hidden ones."""

_SLACK, _MOST_OFF = 1e-6, 1e-3


class Detours:
    """Hides cells beside those that are needed, whose values are these."""

    def __init__(self, hiding: Hiding, values: Amounts, needed: Needed, until: float) -> None:
        self._hiding, self._needed, self._until = hiding, needed, until
        self._matrix = _matrix_of(hiding.lattice)
        self._splits = self._matrix.tocsc()
        scale = scale_of(values)
        self._values = values * scale
        of_needed, (_, least, most) = self._values[needed.cells], needed.times(scale)
        self._down = np.maximum(0.0, of_needed - least)
        self._up = np.maximum(0.0, most - of_needed)
        self._slack = _SLACK * np.maximum(1.0, of_needed + self._up)
        units, cells = hiding.lattice.units, hiding.lattice.cells_of_table
        self._cost = np.where(units > 0, units, _OF_NOBODY) * (cells.max() / cells)
        self._open = np.array([self._down > self._slack, self._up > self._slack])
        self._most = np.concatenate([np.full(len(values), self._values.sum() + 1), self._values])
        self._columns = np.arange(2 * len(values), dtype=np.int32)
        self._solver = _solver_of(self._matrix, self._most)

    def hide(self) -> None:
        """Hide what is needed; raises UnsolvedError where no table would prove a cell hidden."""
        random = np.random.default_rng(1)
        for reward in _REWARDS:
            before = -1
            while self._open.any() and self._open.sum() != before:
                before = self._open.sum()
                self._draw(self._together(random), reward)
        for end, at in np.argwhere(self._open):
            if self._open[end, at]:
                self._draw([(end, at)])
        if self._open.any():
            raise UnsolvedError

    def _together(self, random: np.random.Generator) -> list[tuple[int, int]]:
        """Return ends to draw cells to, of each split one at most: it hides one sum."""
        taken = np.zeros(self._matrix.shape[0], bool)
        chosen = []
        for at in random.permutation(np.flatnonzero(self._open.any(axis=0))):
            first, last = self._splits.indptr[self._needed.cells[at] :][:2]
            splits = self._splits.indices[first:last]
            if not taken[splits].any():
                taken[splits] = True
                chosen.append((int(self._open[1, at]), at))
        return chosen

    def _draw(self, ends: Sequence[tuple[int, int]], reward: float | None = None) -> None:
        """Draw cells to these ends, as far as the reward pays for it or, without one, for sure."""
        number = len(self._values)
        cost = np.tile(np.where(self._hiding.hidden, _OF_HIDDEN, self._cost), 2)
        least, most = np.zeros(2 * number), self._most.copy()
        for end, at in ends:
            cell = self._needed.cells[at]
            here, back = (cell, number + cell) if end else (number + cell, cell)
            most[here] = (self._up if end else self._down)[at]
            most[back] = 0.0
            cost[here] = 0.0 if reward is None else -reward
            least[here] = most[here] if reward is None else 0.0
        self._solver.changeColsCost(2 * number, self._columns, cost)
        self._solver.changeColsBounds(2 * number, self._columns, least, most)
        self._take(self._solved())

    def _solved(self) -> Amounts:
        """Return by how much a table of the cheapest changes differs in each cell."""
        let_solve(self._solver, self._until)
        ups, downs = np.split(np.asarray(self._solver.getSolution().col_value), 2)
        changes: Amounts = ups - downs
        changes[np.abs(changes) <= _SLACK] = 0.0
        off = np.abs(self._matrix @ changes).max(initial=0.0)
        if off > _MOST_OFF or (self._values + changes).min(initial=0.0) < -_SLACK:
            raise UnsolvedError
        return changes

    def _take(self, changes: Amounts) -> None:
        """Hide what is changed, and close the ends that are reached."""
        self._hiding.hidden |= changes != 0
        self._hiding.settle()
        moved = changes[self._needed.cells]
        self._open[0] &= -moved < self._down - self._slack
        self._open[1] &= moved < self._up - self._slack


def _matrix_of(lattice: Lattice) -> csr_array:
    """Return the equations of all splits: what their parts have, less what their parent has."""
    splits = len(lattice.parent)
    rows = np.concatenate([lattice.split, np.arange(splits)])
    columns = np.concatenate([lattice.part, lattice.parent])
    signs = np.repeat([1.0, -1.0], [len(lattice.part), splits])
    return csr_array((signs, (rows, columns)), shape=(splits, len(lattice.units)))


def _solver_of(matrix: csr_array, most: Amounts) -> highspy.Highs:
    """Return a solver of changes up, and then down, of each cell."""
    both = hstack([matrix, -matrix]).tocsr()
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = both.shape
    program.col_cost_ = np.zeros(both.shape[1])
    program.col_lower_ = np.zeros(both.shape[1])
    program.col_upper_ = most
    program.row_lower_ = program.row_upper_ = np.zeros(both.shape[0])
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = both.indptr
    program.a_matrix_.index_ = both.indices
    program.a_matrix_.value_ = both.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(program)
    return solver
