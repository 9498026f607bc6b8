"""Looks at each row of a small table: what it is called, and what its figures sum."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.engine.database import Database, quoted
from shared.engine.reading.totals.block_sums import HINTED, LABELLED, Bits, find_block_sums
from shared.engine.reading.totals.labels import (
    OTHER,
    OTHER_NAMES,
    PARTLY,
    WHOLLY,
    Reason,
    code_sql,
    figure_sql,
    label_sql,
    length_sql,
    may_be_figures,
)
from shared.engine.tables.manifest import Column
from shared.language.folding import fold

_ROUNDED = 0.001
"""What rounding explains of a sum, as a share of it."""

_SHOWN = 0.8
"""Of a sum of which some parts are secret, so much is shown at least."""

_MOST_LEVELS = 4
"""Totals of totals: each level sums all rows once more."""

_CODES = 0.9
"""Of the texts of a column of codes, so many look like some."""

_FEW = 0.25
"""Of the rows are totals at most, where only their key says so."""

_KEY_LIKE = 0.8
"""Of the values of a column that names its rows, so many are each another."""

_PARSED = 0.5
"""Of the cells of a column of numbers, so many are some: others may say that they are secret."""

_FEWEST = 3


class SmallTable:
    """A table that is looked at row by row."""

    def __init__(self, database: Database, table: str, columns: Sequence[Column]) -> None:
        self._columns = columns
        texts = [at for at, column in enumerate(columns) if column.kind == "text"]
        numbers = [at for at, column in enumerate(columns) if may_be_figures(column)]
        codes = [at for at, column in enumerate(columns) if _may_be_codes(column)]
        chosen = [f"{label_sql(columns[at].name)} AS label{at}" for at in texts]
        chosen += [f"{code_sql(columns[at].name)} AS code{at}" for at in texts]
        chosen += [f"{length_sql(columns[at].name)} AS length{at}" for at in codes]
        chosen += [f"{figure_sql(columns[at])} AS figure{at}" for at in numbers]
        query = f"SELECT {', '.join(chosen) or '0'} FROM {quoted(table)}"
        cells = database.execute(query).fetchnumpy()
        self._labels = {at: np.asarray(cells[f"label{at}"], np.int8) for at in texts}
        self._codes = {at: np.ma.filled(cells[f"code{at}"], False).astype(bool) for at in texts}
        self._lengths = {at: np.ma.filled(cells[f"length{at}"], 0).astype(np.int64) for at in codes}
        figures = {at: _floats(cells[f"figure{at}"]) for at in numbers}
        self._numeric = [
            at
            for at, figures_of_column in figures.items()
            if self._is_numeric(at, figures_of_column)
        ]
        self._figures = np.column_stack([figures[at] for at in self._numeric] or [np.empty(0)])
        self._rows = len(self._figures)

    def find(self) -> dict[int, Reason]:
        """Find the rows that are totals, from 1, each with its reason."""
        if not self._numeric or not self._rows:
            return {}
        labels = {at: labels >= PARTLY for at, labels in self._labels.items()}
        # A note below the table has no key either, and no figures.
        has_figures = np.isfinite(self._figures).any(axis=1)
        empty = {
            at: label_marks == 0 for at, label_marks in self._labels.items() if self._is_key(at)
        }
        keyless = {at: is_empty & has_figures for at, is_empty in empty.items()}
        marks = np.zeros(self._rows, np.int8)
        for marked in (*labels.values(), *keyless.values()):
            marks[marked] = HINTED
        for at, marked in labels.items():
            no_key = np.any(
                [is_empty for key, is_empty in keyless.items() if key != at] or [~marked], axis=0
            )
            marks[(self._labels[at] == WHOLLY) | (marked & no_key)] = LABELLED
        kinds = {"label": labels, "empty_key": keyless, "short_code": self._short_codes()}
        alike = [
            marked for marks_by_column in kinds.values() for marked in marks_by_column.values()
        ]
        sums = {
            block_sum.row: block_sum.columns
            for block_sum in find_block_sums(self._figures, marks, alike)
        }
        reasons = {row: self._reason(row, kinds, summed) for row, summed in sums.items()}
        for kind, marks_by_column in kinds.items():
            self._add_sets(reasons, kind, marks_by_column)
            self._add_alike(reasons, kind, marks_by_column)
        self._add_without_code(reasons, labels, keyless)
        return {row + 1: reason for row, reason in reasons.items()}

    def likely(self) -> dict[int, Reason]:
        """Find the rows that look like totals, from 1: labelled, or largest and without a key."""
        reasons: dict[int, Reason] = {}
        if not self._numeric or self._rows <= _FEWEST:
            return reasons
        for at, labels in self._labels.items():
            name = self._columns[at].name
            if not OTHER_NAMES.search(fold(name)):
                for row in np.flatnonzero(labels == WHOLLY):
                    reasons.setdefault(int(row) + 1, Reason("label", name, ()))
            if self._is_key(at) and 0 < (labels == 0).sum() < self._rows:
                for row in np.flatnonzero((labels == 0) & self._is_largest(labels != 0)):
                    reasons.setdefault(int(row) + 1, Reason("empty_key", name, ()))
        return reasons

    def _is_largest(self, others: Bits) -> Bits:
        """Tell which rows have, in some column, a figure above those of all others."""
        most = np.nan_to_num(self._figures[others], nan=-np.inf).max(axis=0)
        return np.asarray((self._figures > most).any(axis=1))

    def _is_numeric(self, at: int, figures: NDArray[np.float64]) -> bool:
        numbers = float(np.isfinite(figures).sum())
        return numbers >= _PARSED * max(1, self._columns[at].filled)

    def _is_key(self, at: int) -> bool:
        """Whether a column names the rows: nearly all have a value, and nearly each its own."""
        column = self._columns[at]
        is_full = self._rows and column.filled >= (1 - _FEW) * self._rows
        is_own = column.distinct >= _KEY_LIKE * column.filled
        return bool(is_full and (column.key or is_own) and at not in self._numeric)

    def _short_codes(self) -> dict[int, Bits]:
        """Find rows whose code is shorter than most: a département's among communes'."""
        short_codes = {}
        for at, lengths in self._lengths.items():
            values, counts = np.unique(lengths[lengths > 0], return_counts=True)
            if len(values) > 1 and counts.max() >= (1 - _FEW) * self._rows:
                short_codes[at] = (lengths > 0) & (lengths < values[counts.argmax()])
        return short_codes

    def _reason(self, row: int, kinds: dict[str, dict[int, Bits]], sums: Sequence[int]) -> Reason:
        names = tuple(self._columns[self._numeric[at]].name for at in sums)
        for kind, marked in kinds.items():
            for at, bits in marked.items():
                if bits[row]:
                    return Reason(kind, self._columns[at].name, names)
        return Reason("sum", "", names)

    def _add_sets(self, reasons: dict[int, Reason], kind: str, marks: dict[int, Bits]) -> None:
        """Add rows marked alike that together sum the others, in whatever order."""
        for at, marked in marks.items():
            left = np.ones(self._rows, bool)
            left[list(reasons)] = False
            others = left & ~marked
            # Sub-totals of which some were found by themselves sum the others only with those.
            sums = self._set_sums(marked & left, others) or self._set_sums(marked, others)
            if sums and (marked & left).any():
                reason = Reason(kind, self._columns[at].name, sums)
                reasons |= {int(row): reason for row in np.flatnonzero(marked & left)}

    def _set_sums(self, marked: Bits, others: Bits) -> tuple[str, ...]:
        """Return the columns in which the marked rows together sum the others."""
        return tuple(
            self._columns[at].name
            for at, figures in zip(self._numeric, self._figures.T, strict=True)
            if marked.any()
            and set_sums(
                float(np.nansum(figures[marked])),
                float(np.nansum(figures[others])),
                int(marked.sum()),
                has_gaps=bool(np.isnan(figures[others]).any()),
            )
        )

    def _add_alike(self, reasons: dict[int, Reason], kind: str, marks: dict[int, Bits]) -> None:
        """Add the other rows marked alike where most sum others: some of their parts are missing.

        These are not said to sum anything.
        """
        for at, marked in marks.items():
            rows = [int(row) for row in np.flatnonzero(marked)]
            sums = sum(row in reasons for row in rows)
            if sums > 1 and 2 * sums > len(rows):
                reason = Reason(kind, self._columns[at].name, ())
                reasons |= {row: reason for row in rows if row not in reasons}

    def _add_without_code(
        self, reasons: dict[int, Reason], labels: dict[int, Bits], keyless: dict[int, Bits]
    ) -> None:
        """Add rows with a label in place of a code, or without a key beside the label."""
        for at, marked in labels.items():
            others = self._labels[at] == OTHER
            is_code = others.any() and self._codes[at][others].mean() >= _CODES
            whole = marked & (self._labels[at] == WHOLLY)
            no_key = [
                is_empty
                for key, is_empty in keyless.items()
                if key != at and self._columns[key].key
            ]
            alone = whole if is_code else whole & np.any(no_key or [~marked], axis=0)
            if not alone.any() and self._is_mean(at, whole):
                alone = whole
            if 0 < alone.sum() <= _FEW * self._rows:
                for row in np.flatnonzero(alone):
                    reasons.setdefault(int(row), Reason("label", self._columns[at].name, ()))

    def _is_mean(self, at: int, whole: Bits) -> bool:
        """Whether a single row, the first or last of named rows, has the others' means.

        Rates do not sum: what is labelled a total has one between the others'.
        """
        rows = np.flatnonzero(whole)
        column = self._columns[at]
        if len(rows) != 1 or rows[0] not in {0, self._rows - 1} or column.distinct < self._rows:
            return False
        if OTHER_NAMES.search(fold(column.name)) or self._rows <= _FEWEST:
            return False
        kinds = {self._columns[column].kind for column in self._numeric}
        mine, others = self._figures[rows[0]], np.delete(self._figures, rows[0], axis=0)
        within = (np.nanmin(others, axis=0) < mine) & (mine < np.nanmax(others, axis=0))
        return kinds == {"decimal"} and bool(within.all())


def _may_be_codes(column: Column) -> bool:
    """Whether a column may be a code of each row: a key, or values that hardly repeat."""
    is_own = column.distinct >= _KEY_LIKE * column.filled
    return column.kind in ("text", "integer") and bool(column.key or is_own)


def _floats(cells: Any) -> NDArray[np.float64]:  # noqa: ANN401 - masked where there are nulls
    """Return numbers from the database, NaN for null."""
    return np.asarray(np.ma.filled(np.ma.asarray(cells).astype(np.float64), np.nan))


def set_sums(marked: float, others: float, count: int, *, has_gaps: bool) -> bool:
    """Whether `count` marked rows, with the sum `marked`, total rows with the sum `others`.

    Where cells are missing (`has_gaps`) the others may sum to less.
    """
    if not others or not marked:
        return False
    share = marked / others
    level = round(share)
    if 1 <= level <= min(_MOST_LEVELS, count) and abs(share - level) <= _ROUNDED * level:
        return True
    return has_gaps and count == 1 and 1 < share <= 1 / _SHOWN
