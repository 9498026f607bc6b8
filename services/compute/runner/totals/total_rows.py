"""Which rows of a table are totals: labelled so, without a key, or the sum of the others.

A label is not enough, for a company or a list of candidates may be called so: the row's figures
have to be sums, or its key has to be missing or no code where those of the others are.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from services.compute.runner.database import ROW, filled, literal, quoted
from services.compute.runner.totals.block_sums import HINTED, LABELLED, find_block_sums
from services.compute.runner.totals.set_sums import set_sums
from services.compute.runner.values.numbers import number_sql, style_of
from shared.tables.manifest import Column, TotalRows, ranges_of
from shared.words import counted, french_list
from shared.words import quoted as in_guillemets

_WHOLE = "((sous[- ]?|grand )?tota(l|ux)( generaux| general)?|ensemble) ?[:.]?"
_PART = r"(sous[- ]?|grand )?tota(l|ux)\b.*|ensemble d(e|es|u)\b.*|tou(s|tes)\b.*|.*\btotal"
"""What totals are called, in lower case and without accents: as the whole label, or in part."""

_CODE = "[0-9]{1,4}[a-z]?|[0-9][0-9ab][0-9]{3,12}|[a-z]{1,3}[0-9]{2,}"
_CODES = 0.9

_NUMBERS = ("integer", "decimal")

_OTHER, _PARTLY, _WHOLLY = 1, 2, 3
"""What a text is: something else than a label, or one in part or as a whole; 0 for none."""

_SMALL = 20_000
"""Rows up to which each is looked at; of larger tables what labels and empty keys mark."""

_MOST_COLUMNS = 60
_ENDS = 100
_REPEATING = 0.2
_FEW = 0.25
_KEY_LIKE = 0.8
_PARSED = 0.5

Bits = NDArray[np.bool_]


class Reason(NamedTuple):
    """Why a row is a total: how it is marked, in which column, and of which it sums figures."""

    kind: str
    column: str
    sums: tuple[str, ...]


def find_total_rows(
    database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: int
) -> tuple[TotalRows, ...]:
    """The rows of a table that are totals, those with one reason together."""
    if rows <= 2:  # noqa: PLR2004 - no row can sum two others
        return ()
    if rows <= _SMALL:
        found = _SmallTable(database, table, columns[:_MOST_COLUMNS]).find()
    else:
        found = dict(_marked_sets(database, table, columns, rows))
    rows_of = defaultdict(list)
    for row, reason in sorted(found.items()):
        rows_of[reason].append(row)
    return tuple(
        TotalRows(
            kind=reason.kind,
            column=reason.column,
            sums=reason.sums,
            count=len(numbers),
            ranges=ranges_of(numbers),
            message=_told(reason, len(numbers)),
        )
        for reason, numbers in rows_of.items()
    )


def _told(reason: Reason, count: int) -> str:
    column = in_guillemets(reason.column)
    sums = french_list([in_guillemets(one) for one in reason.sums])
    why = {
        "label": f"libellé de total dans {column}",
        "empty_key": f"sans {column}, que les autres ont",
        "sum": "sans libellé",
    }[reason.kind]
    lines = counted(count, "ligne de total", "lignes de total")
    what = f" ; somme d'autres lignes dans {sums}" if sums else ""
    return f"{lines} : {why}{what}"


def _label(name: str) -> str:
    """What the text of a column is, in SQL: nothing, something else, or a label."""
    text = f"strip_accents(lower({filled(name)}))"
    return (
        f"CASE WHEN {filled(name)} IS NULL THEN 0"
        f" WHEN regexp_full_match({text}, '{_WHOLE}') THEN {_WHOLLY}"
        f" WHEN regexp_full_match({text}, '{_PART}') THEN {_PARTLY} ELSE {_OTHER} END"
    )


def _is_code(name: str) -> str:
    """Whether a text looks like a code, in SQL."""
    return f"regexp_full_match(lower({filled(name)}), '{_CODE}')"


def _may_be_numbers(column: Column) -> bool:
    """Whether its cells are numbers, or some are and others say that they are secret."""
    is_unknown = column.kind == "text" and column.meaning is None
    return not column.key and (column.kind in _NUMBERS or is_unknown)


def _figure(column: Column) -> str:
    """The number that a cell holds, in SQL; null for none."""
    meaning = column.meaning
    style = style_of(meaning.format if meaning else None)
    unit = meaning.unit if meaning else None
    return number_sql(filled(column.name), style, unit or "", whole=False)


class _SmallTable:
    """A table that is looked at row by row."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]
    ) -> None:
        self._columns = columns
        texts = [at for at, one in enumerate(columns) if one.kind == "text"]
        numbers = [at for at, one in enumerate(columns) if _may_be_numbers(one)]
        chosen = [f"{_label(columns[at].name)} AS label{at}" for at in texts]
        chosen += [f"{_is_code(columns[at].name)} AS code{at}" for at in texts]
        chosen += [f"{_figure(columns[at])} AS figure{at}" for at in numbers]
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
        labels = {at: labels >= _PARTLY for at, labels in self._labels.items()}
        keyless = {at: self._labels[at] == 0 for at in self._labels if self._is_key(at)}
        marks = np.zeros(self._rows, np.int8)
        for marked in (*labels.values(), *keyless.values()):
            marks[marked] = HINTED
        for at, marked in labels.items():
            no_key = np.any([one for key, one in keyless.items() if key != at] or [~marked], axis=0)
            marks[(self._labels[at] == _WHOLLY) | (marked & no_key)] = LABELLED
        sums = {one.row: one.columns for one in find_block_sums(self._figures, marks)}
        found = {row: self._reason(row, labels, keyless, it) for row, it in sums.items()}
        self._add_sets(found, labels)
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

    def _add_sets(self, found: dict[int, Reason], labels: dict[int, Bits]) -> None:
        """Rows labelled alike that together sum the others, in whatever order these stand."""
        for at, marked in labels.items():
            left = np.ones(self._rows, bool)
            left[list(found)] = False
            names = len(set(self._labels[at][marked & left].tolist()))
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
            if sums and names:
                for row in np.flatnonzero(marked & left):
                    found[int(row)] = self._reason(int(row), {at: marked}, {}, sums)

    def _add_without_code(
        self, found: dict[int, Reason], labels: dict[int, Bits], keyless: dict[int, Bits]
    ) -> None:
        """Rows whose label stands where the others have a code, or that have no key beside it."""
        for at, marked in labels.items():
            others = self._labels[at] == _OTHER
            is_code = others.any() and self._codes[at][others].mean() >= _CODES
            whole = marked & (self._labels[at] == _WHOLLY)
            no_key = [one for key, one in keyless.items() if key != at and self._columns[key].key]
            alone = whole if is_code else whole & np.any(no_key or [~marked], axis=0)
            if 0 < alone.sum() <= _FEW * self._rows:
                for row in np.flatnonzero(alone):
                    found.setdefault(int(row), Reason("label", self._columns[at].name, ()))


def _marked_sets(
    database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: int
) -> Iterator[tuple[int, Reason]]:
    """Of a large table the rows labelled alike that together sum the others."""
    texts = [one for one in columns if one.kind == "text"][:_MOST_COLUMNS]
    numbers = [one for one in columns if one.kind in _NUMBERS and not one.key]
    numbers = numbers[:_MOST_COLUMNS]
    if not texts or not numbers:
        return
    for text in _hinted(database, table, texts, rows):
        marked = f"({_hint(text.name)} AND {_label(text.name)} >= {_PARTLY})"
        ((count,),) = database.execute(
            f"SELECT count(*) FROM {quoted(table)} WHERE {marked}"
        ).fetchall()
        if not count:
            continue
        figures = ", ".join(
            f"sum({_figure(one)}) FILTER ({which})"
            for one in numbers
            for which in ("marked", "NOT marked")
        )
        ((*sums,),) = database.execute(
            f"SELECT {figures} FROM (SELECT *, {marked} AS marked FROM {quoted(table)})"
        ).fetchall()
        pairs = zip(numbers, sums[::2], sums[1::2], strict=True)
        named = tuple(
            one.name
            for one, mine, others in pairs
            if set_sums(mine or 0.0, others or 0.0, count, has_gaps=False)
        )
        if named:
            reason = Reason("label", text.name, named)
            found = database.execute(
                f"SELECT number FROM (SELECT {ROW} AS number, {marked} AS marked"
                f" FROM {quoted(table)}) WHERE marked"
            ).fetchall()
            yield from ((int(row), reason) for (row,) in found)


def _hinted(
    database: duckdb.DuckDBPyConnection, table: str, texts: Sequence[Column], rows: int
) -> list[Column]:
    """The columns that may hold a label.

    One with nearly as many values as rows is slow to look through: a table that has totals there
    begins or ends with one.
    """
    few = [one for one in texts if one.distinct <= _REPEATING * rows]
    many = [one for one in texts if one not in few]
    ends = (f"{quoted(table)} LIMIT {_ENDS}", f"{quoted(table)} OFFSET {rows - _ENDS}")
    looks = [
        (few, f"SELECT * FROM {quoted(table)}"),
        *((many, f"SELECT * FROM {it}") for it in ends),
    ]
    found: set[str] = set()
    for columns, source in looks:
        if columns:
            tests = ", ".join(f"bool_or({_hint(one.name)})" for one in columns)
            ((*has,),) = database.execute(f"SELECT {tests} FROM ({source})").fetchall()
            found |= {one.name for one, hit in zip(columns, has, strict=True) if hit}
    return [one for one in texts if one.name in found]


def _hint(name: str) -> str:
    """A quick test for texts that may be labels, in SQL."""
    column = f"CAST({quoted(name)} AS VARCHAR)"
    beginnings = (
        "total%",
        "totaux%",
        "sous%total%",
        "grand total%",
        "ensemble%",
        "tous%",
        "toutes%",
        "%total",
    )
    return f"({' OR '.join(f'{column} ILIKE {literal(one)}' for one in beginnings)})"


def _floats(cells: Any) -> NDArray[np.float64]:  # noqa: ANN401 - masked where there are nulls
    """Numbers as they came from the database, NaN for null."""
    return np.asarray(np.ma.filled(np.ma.asarray(cells).astype(np.float64), np.nan))
