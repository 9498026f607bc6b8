"""What figures that are shown say together of one that is not: bounds by linear programming."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, lil_array

from shared.engine.contract.policy import COUNT, TABLE
from tests.attacks.tables.towns import AGES, CAP, Inhabitant, epci_of


class Cell(NamedTuple):
    """Persons alike in all that the tables are by."""

    commune: str
    sexe: str
    age: str
    rsa: str

    @classmethod
    def of(cls, row: Inhabitant) -> "Cell":
        """Return the cell that a person is in."""
        return cls(row.commune, row.sexe, row.age_class, row.rsa)


_COLUMNS: Mapping[str, Callable[[Cell], str]] = {
    "epci": lambda cell: epci_of(cell.commune),
    "commune": lambda cell: cell.commune,
    "sexe": lambda cell: cell.sexe,
    "age (classe)": lambda cell: cell.age,
    "rsa": lambda cell: cell.rsa,
}


class Equations:
    """Unknown figures of all cells, and the sums of them that were read; none is below 0."""

    def __init__(self, places: Iterable[str]) -> None:
        self.cells = [Cell(*keys) for keys in product(places, "FH", AGES, ("oui", "non"))]
        self._rows: dict[tuple[int, ...], float] = {}

    def where(self, holds: Callable[[Cell], bool]) -> tuple[int, ...]:
        """Return the cells of which that holds, by number."""
        return tuple(number for number, cell in enumerate(self.cells) if holds(cell))

    def add(self, cells: tuple[int, ...], total: float | None) -> None:
        """Note the sum of these cells; None where it is hidden."""
        if total is not None and cells:
            self._rows[cells] = total

    def read(self, rows: Iterable[Mapping[str, Any]], figure: str = COUNT) -> None:
        """Note what protected tables show of a figure."""
        for row in rows:
            keys = {name: row[name] for name in _COLUMNS if row.get(name) is not None}
            self.add(self.where(partial(_is_in, keys)), row[figure])

    def bounds(self, cells: Sequence[int]) -> tuple[float, float] | None:
        """Return what the sum of these cells lies between; None where nothing fits."""
        weights = np.zeros(len(self.cells))
        weights[list(cells)] = 1
        low, high = self._least_of(weights), self._least_of(-weights)
        return None if low is None or high is None else (low, -high)

    def _least_of(self, weights: NDArray[np.float64]) -> float | None:
        matrix, totals = self._system()
        solved = linprog(weights, A_eq=matrix, b_eq=totals, bounds=(0, None), method="highs")
        return float(solved.fun) if solved.status == 0 else None

    def _system(self) -> tuple[csr_array, NDArray[np.float64]]:
        matrix = lil_array((len(self._rows), len(self.cells)))
        for number, cells in enumerate(self._rows):
            matrix[number, list(cells)] = 1
        return csr_array(matrix), np.array(list(self._rows.values()))


def _is_in(keys: Mapping[str, Any], cell: Cell) -> bool:
    return all(_COLUMNS[name](cell) == value for name, value in keys.items())


def amount(row: Inhabitant) -> float:
    """Return what a person adds to the sum of amounts."""
    return min(float(row.montant), CAP)


def pattern(rows: Iterable[Mapping[str, Any]], commune: str) -> dict[str, bool]:
    """Return of each row of the tables about a commune or its EPCI whether its count is hidden."""
    epci = epci_of(commune)
    return {
        f"{row[TABLE]} {row.get('sexe')} {row.get('age (classe)')} {row.get('rsa')}": row[COUNT]
        is None
        for row in rows
        if row.get("epci") in (None, epci) and row.get("commune") in (None, commune)
    }
