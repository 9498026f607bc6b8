"""Looks at each row of a small table: what it is called, and what its figures sum."""

import re
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from services.compute.runner.database import quoted
from services.compute.runner.totals.block_sums import HINTED, LABELLED, find_block_sums
from services.compute.runner.totals.labels import (
    OTHER,
    PARTLY,
    WHOLLY,
    Reason,
    code_sql,
    figure_sql,
    label_sql,
    may_be_numbers,
)
from services.compute.runner.totals.set_sums import set_sums
from shared.tables.manifest import Column
from shared.words import fold

_CODES = 0.9
"""Of the texts of a column of codes, so many look like some."""

_FEW = 0.25
"""Of the rows are totals at most, where only their key says so."""

_KEY_LIKE = 0.8
"""Of the values of a column that names its rows, so many are each another."""

_PARSED = 0.5
"""Of the cells of a column of numbers, so many are some: others may say that they are secret."""

_NAMES = re.compile("marque|enseigne|operateur|societe|groupe|liste|parti|nuance|candidat")
"""In names of columns whose values may be called Total or Ensemble, and be none."""

_FEWEST = 3

Bits = NDArray[np.bool_]


class SmallTable:
    """A table that is looked at row by row."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]
    ) -> None:
        self._columns = columns
        texts = [at for at, one in enumerate(columns) if one.kind == "text"]
        numbers = [at for at, one in enumerate(columns) if may_be_numbers(one)]
        chosen = [f"{label_sql(columns[at].name)} AS label{at}" for at in texts]
        chosen += [f"{code_sql(columns[at].name)} AS code{at}" for at in texts]
        chosen += [f"{figure_sql(columns[at])} AS figure{at}" for at in numbers]
        query = f"SELECT {', '.join(chosen) or '0'} FROM {quoted(table)}"
        cells = database.execute(query).fetchnumpy()
        self._labels = {at: np.asarray(cells[f"label{at}"], np.int8) for at in texts}
        self._codes = {at: np.ma.filled(cells[f"code{at}"], False).astype(bool) for at in texts}
        figures = {at: _floats(cells[f"figure{at}"]) for at in numbers}
        self._numeric = [at for at, it in figures.items() if self._is_numeric(at, it)]
        self._figures = np.column_stack([figures[at] for at in self._numeric] or [np.empty(0)])
        self._rows = len(self._figures)

    def find(self) -> dict[int, Reason]:
        """The rows that are totals, from 1, each with its reason."""
        if not self._numeric or not self._rows:
            return {}
        labels = {at: labels >= PARTLY for at, labels in self._labels.items()}
        keyless = {at: self._labels[at] == 0 for at in self._labels if self._is_key(at)}
        marks = np.zeros(self._rows, np.int8)
        for marked in (*labels.values(), *keyless.values()):
            marks[marked] = HINTED
        for at, marked in labels.items():
            no_key = np.any([one for key, one in keyless.items() if key != at] or [~marked], axis=0)
            marks[(self._labels[at] == WHOLLY) | (marked & no_key)] = LABELLED
        sums = {one.row: one.columns for one in find_block_sums(self._figures, marks)}
        found = {row: self._reason(row, labels, keyless, it) for row, it in sums.items()}
        self._add_sets(found, "label", labels)
        self._add_sets(found, "empty_key", keyless)
        self._add_without_code(found, labels, keyless)
        return {row + 1: reason for row, reason in found.items()}

    def _is_numeric(self, at: int, figures: NDArray[np.float64]) -> bool:
        one = self._columns[at]
        known = float(np.isfinite(figures).sum())
        return known >= _PARSED * max(1, one.filled)

    def _is_key(self, at: int) -> bool:
        """Whether a column names the rows: nearly all have a value, and nearly each its own."""
        one = self._columns[at]
        is_full = self._rows and one.filled >= (1 - _FEW) * self._rows
        is_own = one.distinct >= _KEY_LIKE * one.filled
        return bool(is_full and (one.key or is_own) and at not in self._numeric)

    def _reason(
        self,
        row: int,
        labels: dict[int, Bits],
        keyless: dict[int, Bits],
        sums: Sequence[int],
    ) -> Reason:
        names = tuple(self._columns[self._numeric[at]].name for at in sums)
        for kind, marked in (("label", labels), ("empty_key", keyless)):
            for at, bits in marked.items():
                if bits[row]:
                    return Reason(kind, self._columns[at].name, names)
        return Reason("sum", "", names)

    def _add_sets(self, found: dict[int, Reason], kind: str, marks: dict[int, Bits]) -> None:
        """Rows marked alike that together sum the others, in whatever order these stand."""
        for at, marked in marks.items():
            left = np.ones(self._rows, bool)
            left[list(found)] = False
            sums = [
                column
                for column, it in enumerate(self._figures.T)
                if (marked & left).any()
                and set_sums(
                    float(np.nansum(it[marked & left])),
                    float(np.nansum(it[left & ~marked])),
                    int((marked & left).sum()),
                    has_gaps=bool(np.isnan(it[left & ~marked]).any()),
                )
            ]
            if sums:
                names = tuple(self._columns[self._numeric[one]].name for one in sums)
                reason = Reason(kind, self._columns[at].name, names)
                found |= {int(row): reason for row in np.flatnonzero(marked & left)}

    def _add_without_code(
        self, found: dict[int, Reason], labels: dict[int, Bits], keyless: dict[int, Bits]
    ) -> None:
        """Rows whose label stands where the others have a code, or that have no key beside it."""
        for at, marked in labels.items():
            others = self._labels[at] == OTHER
            is_code = others.any() and self._codes[at][others].mean() >= _CODES
            whole = marked & (self._labels[at] == WHOLLY)
            no_key = [one for key, one in keyless.items() if key != at and self._columns[key].key]
            alone = whole if is_code else whole & np.any(no_key or [~marked], axis=0)
            if not alone.any() and self._is_mean(at, whole):
                alone = whole
            if 0 < alone.sum() <= _FEW * self._rows:
                for row in np.flatnonzero(alone):
                    found.setdefault(int(row), Reason("label", self._columns[at].name, ()))

    def _is_mean(self, at: int, whole: Bits) -> bool:
        """Whether one row, the first or last of rows with names of their own, has their means.

        Rates do not sum: what is labelled a total has one between the others'.
        """
        rows = np.flatnonzero(whole)
        one = self._columns[at]
        if len(rows) != 1 or rows[0] not in {0, self._rows - 1} or one.distinct < self._rows:
            return False
        if _NAMES.search(fold(one.name)) or self._rows <= _FEWEST:
            return False
        kinds = {self._columns[column].kind for column in self._numeric}
        mine, others = self._figures[rows[0]], np.delete(self._figures, rows[0], axis=0)
        within = (np.nanmin(others, axis=0) < mine) & (mine < np.nanmax(others, axis=0))
        return kinds == {"decimal"} and bool(within.all())


def _floats(cells: Any) -> NDArray[np.float64]:  # noqa: ANN401 - masked where there are nulls
    """Numbers as they came from the database, NaN for null."""
    return np.asarray(np.ma.filled(np.ma.asarray(cells).astype(np.float64), np.nan))
