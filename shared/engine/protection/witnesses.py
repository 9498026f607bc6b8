"""Proofs that hidden cells stay hidden: other tables with the same shown cells.

Who reads the tables knows that each split adds up and that nothing is negative. What a hidden cell
can be then is an interval; for each that has to be protected, tables are looked for in which it is
far enough below, and above. One table is a witness for many cells at once: those for which none is
soon found are left to shared.engine.protection.detours.
"""

import time
from typing import NamedTuple

import highspy
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from shared.engine.protection.lattice import Amounts, Flags, Ids, Lattice

_IDLE_ROUNDS = 2
_MOST_CELLS, _PRIMAL = 100_000, 4
"""For one linear programme, which HiGHS solves by that strategy."""
_SLACK, _HALF, _LARGEST = 1e-6, 0.5, 1e6


class Needed(NamedTuple):
    """Cells to protect, and the values that each has to be possible at, or below and above."""

    cells: Ids
    least: Amounts
    most: Amounts

    def of(self, chosen: Ids) -> "Needed":
        """Return some of them, by their place."""
        return Needed(self.cells[chosen], self.least[chosen], self.most[chosen])

    def times(self, scale: float) -> "Needed":
        """Return the same in another unit."""
        return Needed(self.cells, self.least * scale, self.most * scale)


class UnsolvedError(Exception):
    """Too large, or the solver gave up: nobody knows what follows from the tables."""


def scale_of(values: Amounts) -> float:
    """Return what to multiply values by so that a solver's slack is neither too small nor large."""
    return min(1.0, _LARGEST / max(1.0, float(values.max(initial=0.0))))


def let_solve(solver: highspy.Highs, until: float) -> None:
    """Solve a programme; raises UnsolvedError after that second of the monotonic clock."""
    left = until - time.monotonic()
    if left > 0:
        # The solver counts the seconds of all its runs.
        solver.setOptionValue("time_limit", float(solver.getRunTime()) + left)
        solver.run()
    if left <= 0 or solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise UnsolvedError(str(solver.getModelStatus()))


def unproved(
    lattice: Lattice, values: Amounts, hidden: Flags, needed: Needed, until: float
) -> Needed:
    """Return the cells of which no witness is found at an end; the other has the value itself.

    Raises UnsolvedError after that second of the monotonic clock.
    """
    places = np.cumsum(hidden) - 1
    equations = _equations(lattice, hidden, places)
    scale = scale_of(values)
    hidden_values, scaled = values[hidden] * scale, needed.times(scale)
    number, component = connected_components(equations.T @ equations)
    of_needed = component[places[needed.cells]]
    row_component = component[equations.indices[equations.indptr[:-1]]]
    is_open = np.zeros((2, len(needed.cells)), bool)
    for at in range(number):
        chosen = np.flatnonzero(of_needed == at)
        if len(chosen):
            columns = np.flatnonzero(component == at)
            if len(columns) > _MOST_CELLS:
                raise UnsolvedError
            rows = np.flatnonzero(row_component == at)
            system = _System(
                equations[rows][:, columns],
                hidden_values[columns],
                np.searchsorted(columns, places[needed.cells[chosen]]),
                scaled.of(chosen),
            )
            is_open[:, chosen] = system.open_ends(until)
    own = values[needed.cells]
    ends = (np.where(is_open[0], needed.least, own), np.where(is_open[1], needed.most, own))
    return Needed(needed.cells, *ends).of(np.flatnonzero(is_open.any(axis=0)))


def _equations(lattice: Lattice, hidden: Flags, places: Ids) -> csr_array:
    """Return the equations of hidden cells, in their order: one for each split that has any."""
    part_hidden, parent_hidden = hidden[lattice.part], hidden[lattice.parent]
    splits = len(lattice.parent)
    is_row = np.bincount(lattice.split[part_hidden], minlength=splits) + parent_hidden > 0
    row_of = np.cumsum(is_row) - 1
    parents = np.flatnonzero(parent_hidden)
    rows = np.concatenate([row_of[lattice.split[part_hidden]], row_of[parents]])
    columns = places[np.concatenate([lattice.part[part_hidden], lattice.parent[parents]])]
    signs = np.repeat([1.0, -1.0], [int(part_hidden.sum()), len(parents)])
    return csr_array((signs, (rows, columns)), shape=(int(is_row.sum()), int(hidden.sum())))


class _System:
    """Equations that share no cell with others, and the cells in them that need protection."""

    def __init__(self, matrix: csr_array, values: Amounts, places: Ids, needed: Needed) -> None:
        self._matrix, self._values, self._places, self._needed = matrix, values, places, needed
        # So that a table has an end, nothing is larger than all that is hidden together.
        most = float(values.sum()) + 1
        self._sums = matrix @ values
        self._slack = _SLACK * np.maximum(1, np.abs(needed.most))
        self._open = np.ones((2, len(places)), bool)
        self._splits = matrix.tocsc()
        self._columns = np.arange(len(values), dtype=np.int32)
        self._solver = _solver_of(matrix, self._sums, most)

    def open_ends(self, until: float) -> Flags:
        """Return of each cell whether no witness is found below, and above."""
        self._close(self._values)
        random, idle = np.random.default_rng(1), 0
        while self._open.any() and idle < _IDLE_ROUNDS:
            before = self._open.sum()
            self._witness(
                self._drawn(random) * random.uniform(_HALF, 1.0, len(self._places)), until
            )
            idle = idle + 1 if self._open.sum() == before else 0
        return self._open

    def _drawn(self, random: np.random.Generator) -> Amounts:
        """Return where to draw each cell: up, one at most of each split, or down.

        What a split hides is one sum: of two of its cells only one can have most of it.
        """
        drawn = np.where(self._open[0], -1.0, 0.0)
        taken = np.zeros(self._matrix.shape[0], bool)
        for at in random.permutation(np.flatnonzero(self._open[1])):
            first, last = self._splits.indptr[self._places[at] : self._places[at] + 2]
            splits = self._splits.indices[first:last]
            if not taken[splits].any():
                taken[splits] = True
                drawn[at] = 1.0
        return drawn

    def _witness(self, weight: Amounts, until: float) -> None:
        """Look for a table in which cells are drawn by their weight."""
        objective = np.zeros(len(self._values))
        np.add.at(objective, self._places, -weight)
        # It begins at the last table, so that little is left to do.
        self._solver.changeColsCost(len(objective), self._columns, objective)
        let_solve(self._solver, until)
        values = np.asarray(self._solver.getSolution().col_value)
        if not self._adds_up(values):
            raise UnsolvedError
        self._close(values)

    def _adds_up(self, values: Amounts) -> bool:
        """Return whether it is a table: a solver that is stopped in the middle returns none."""
        slack = _SLACK * max(1.0, float(np.abs(self._sums).max(initial=0.0)))
        off = np.abs(self._matrix @ values - self._sums).max(initial=0.0)
        return bool(off <= slack and values.min(initial=0.0) >= -slack)

    def _close(self, values: Amounts) -> None:
        """Close the ends that this table reaches."""
        cells = values[self._places]
        self._open[0] &= cells > self._needed.least + self._slack
        self._open[1] &= cells < self._needed.most - self._slack


def _solver_of(matrix: csr_array, sums: Amounts, most: float) -> highspy.Highs:
    """Return a solver of these equations, whose cells are from 0 to `most`."""
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_ = np.zeros(matrix.shape[1])
    program.col_lower_ = np.zeros(matrix.shape[1])
    program.col_upper_ = np.full(matrix.shape[1], most)
    program.row_lower_ = program.row_upper_ = sums
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = matrix.indptr
    program.a_matrix_.index_ = matrix.indices
    program.a_matrix_.value_ = matrix.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    # The last table stays one of the equations whatever is drawn: the primal simplex goes on there.
    solver.setOptionValue("simplex_strategy", _PRIMAL)
    solver.passModel(program)
    return solver
