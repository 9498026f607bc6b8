"""Makes noisy tables add up, without a cell below 0, by least squares.

It sees noisy figures and which cells there are, and nothing of the data: it costs no budget.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array, dia_array, diags_array
from scipy.sparse.linalg import cg

from shared.engine.protection.domains import Domain
from shared.engine.protection.lattice import Amounts, Ids, Table

_MOST_ROUNDS, _MOST_STEPS = 200, 500
_CLOSE, _NEARLY = 1e-7, 0.05
"""Of the equations, and of a standard deviation by which a cell may be below 0 before it is 0."""

_System = tuple[csr_array, dia_array]
"""The equations of a least change, and what makes their solution quick."""

_LEAST_DRAWS, _MOST_DRAWS, _DRAWN_CELLS = 24, 200, 2_000_000
"""Of noise, to estimate standard errors; fewer where there are many cells."""


class Grid:
    """All tables of these dimensions, each with a cell for every combination of classes.

    Cells are numbered through, table by table and in the order of their classes.
    """

    def __init__(self, domains: Sequence[Domain], tables: Sequence[Table]) -> None:
        self.domains, self.tables = domains, tables
        self.shapes = {
            table: tuple(
                len(domain.classes[depth - 1]) if depth else 1
                for domain, depth in zip(domains, table, strict=True)
            )
            for table in tables
        }
        self.sizes = [int(np.prod(self.shapes[table])) for table in tables]
        self.starts = np.cumsum([0, *self.sizes])

    def parts(self, values: Amounts) -> list[Amounts]:
        """Return the values of each table."""
        return [values[start:end] for start, end in pairwise(self.starts)]

    def equations(self) -> csr_array:
        """Return an equation for each cell and each way to split it: its parts add up to it."""
        start_of = dict(zip(self.tables, self.starts.tolist(), strict=False))
        rows, columns, signs, number = list[Ids](), list[Ids](), list[Amounts](), 0
        for table in self.tables:
            places = np.indices(self.shapes[table]).reshape(len(table), -1)
            for at, depth in enumerate(table):
                if depth:
                    outer = (*table[:at], depth - 1, *table[at + 1 :])
                    parts, wholes = places.shape[1], int(np.prod(self.shapes[outer]))
                    lies_in = places.copy()
                    lies_in[at] = self.domains[at].outer[depth - 1][places[at]]
                    whole_of = np.asarray(np.ravel_multi_index([*lies_in], self.shapes[outer]))
                    rows += [number + whole_of, number + np.arange(wholes)]
                    columns += [start_of[table] + np.arange(parts)]
                    columns += [start_of[outer] + np.arange(wholes)]
                    signs += [np.full(parts, -1.0), np.ones(wholes)]
                    number += wholes
        entries = (np.concatenate(rows), np.concatenate(columns))
        return csr_array((np.concatenate(signs), entries), shape=(number, int(self.starts[-1])))

    def classes_at(self, table: Table, finest: Sequence[Ids]) -> list[Ids]:
        """Return the classes that a table has of rows, or of cells, given at the finest levels."""
        led = []
        for domain, depth, places in zip(self.domains, table, finest, strict=True):
            at_depth = places
            for outer in reversed(domain.outer[depth:]):
                at_depth = outer[at_depth]
            led.append(at_depth)
        return led


class Adjustment:
    """The least change of noisy figures, by their variances, after which all tables add up."""

    def __init__(self, grid: Grid, deviations: Amounts) -> None:
        """Prepare for figures of these standard deviations, one for each table."""
        self._grid = grid
        self._variances = np.repeat(deviations**2, grid.sizes)
        self._equations = grid.equations()
        self._system = self._system_of(self._variances)

    def adding_up(self, values: Amounts) -> Amounts:
        """Return the nearest figures that add up."""
        return self._nearest(values, self._variances, self._system)

    def not_negative(self, values: Amounts) -> Amounts:
        """Return the nearest figures that add up and are not below 0 (Boyle and Dykstra 1986).

        That comes ever closer: what is nearly 0 at last is set to 0, and the rest adds up to that.
        """
        least = -_NEARLY * np.sqrt(self._variances)
        raised, correction = values, np.zeros_like(values)
        for _ in range(_MOST_ROUNDS):
            nearest = self.adding_up(raised)
            if (nearest >= least).all():
                break
            raised = np.maximum(nearest + correction, 0)
            correction = nearest + correction - raised
        is_free = nearest > 0
        for _ in range(_MOST_ROUNDS):
            variances = np.where(is_free, self._variances, 0)
            nearest = self._nearest(nearest * is_free, variances, self._system_of(variances))
            if (nearest >= _CLOSE * least).all():
                break
            is_free &= nearest > 0
        return np.maximum(nearest, 0)

    def _system_of(self, variances: Amounts) -> _System:
        weighted = self._equations @ diags_array(variances)
        normal = (weighted @ self._equations.T).tocsr()
        diagonal = normal.diagonal()
        return normal, diags_array(1 / np.where(diagonal > 0, diagonal, 1))

    def _nearest(self, values: Amounts, variances: Amounts, system: _System) -> Amounts:
        (normal, scaled), off = system, self._equations @ values
        multipliers, _ = cg(normal, off, rtol=_CLOSE, M=scaled, maxiter=_MOST_STEPS)
        nearest: Amounts = values - variances * (self._equations.T @ multipliers)
        return nearest

    def standard_errors(self) -> Amounts:
        """Return those of each table's figures, once they add up: the mean over its cells.

        That of a single cell is computed, others are estimated from drawn noise.
        """
        random = np.random.default_rng(1)
        deviations = np.sqrt(self._variances)
        squares = np.zeros_like(deviations)
        draws = max(_LEAST_DRAWS, min(_MOST_DRAWS, _DRAWN_CELLS // len(squares)))
        for _ in range(draws):
            squares += self.adding_up(random.normal(size=len(deviations)) * deviations) ** 2 / draws
        for start, size in zip(self._grid.starts, self._grid.sizes, strict=False):
            if size == 1:
                # Of a projection P of noise with variances D, the covariances are P D.
                only = np.zeros_like(squares)
                only[start] = self._variances[start]
                squares[start] = self.adding_up(only)[start]
        return np.sqrt([part.mean() for part in self._grid.parts(squares)])


class NoisyFigures:
    """Figures of all tables of a grid with noise of these standard deviations, one for each."""

    def __init__(self, grid: Grid, deviations: Amounts) -> None:
        self._noise = Adjustment(grid, deviations)
        self.standard_errors = self._noise.standard_errors()
        # Of many cells of nobody half are raised to 0. Were the figures of large tables as free as
        # their errors, they would take all of that up; so they are held, and small cells pay.
        held = np.sqrt(np.array(grid.sizes) / max(grid.sizes))
        self._balance = Adjustment(grid, self.standard_errors * held)

    def consistent(self, noisy: Amounts) -> Amounts:
        """Return the figures as they add up, none below 0."""
        return self._balance.not_negative(self._noise.adding_up(noisy))
