"""Describes one column of text from its distinct values and how often each occurs."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.cog import best_year
from services.compute.runner.columns.column_types import Kind
from services.compute.runner.columns.identifiers import Counts, Texts, among
from services.compute.runner.columns.type_detection import Recognition
from shared.tables.manifest import Column, Meaning

_ALWAYS_MISSING = frozenset((r"\N", "#N/A", "NULL", "null"))
_OFTEN_MISSING = frozenset(
    ("NA", "N/A", "n/a", "NaN", "nan", "ND", "nd", "n.d.", "-", "--", ".", "…", "?")
)
"""What programs and people write for "no value": also a name, a sign, the code of Namibia."""

_is_mark = among(_ALWAYS_MISSING | _OFTEN_MISSING)

_MANY = 100
"""No category has more values than this."""

_REPEATED = 5
"""So often the values of a category occur on average."""

_KEPT = 50_000
"""So many distinct values are kept until all are there."""

_WORDS = 5
"""So many words the values of free text have on average."""


class ColumnProfile:
    """What the values of a column show together.

    The marks that it writes for "no value" are judged by the rest of it: where the other values
    are numbers, dates or codes, `NA` and `-` are none; in free text they may be a value.
    """

    def __init__(self, name: str, kinds: Iterable[Kind]) -> None:
        self._name, self._recognition = name, Recognition(name, kinds)
        self._filled = self._distinct = self._spaces = 0
        self._marks: dict[str, int] = {}
        self._few: list[Texts] = []

    def add(self, values: Texts, counts: Counts) -> None:
        """Some of the distinct values, in no order, and how often each occurs."""
        self._filled += int(counts.sum())
        self._distinct += len(values)
        marked = _is_mark(values)
        if marked.any():
            marks = values.filter(pa.array(marked)).to_pylist()
            self._marks.update(zip(marks, counts[marked].tolist(), strict=True))
            values, counts = values.filter(pa.array(~marked)), counts[~marked]
        self._spaces += int(np.sum(pc.count_substring(values, " ").to_numpy()))
        self._recognition.add(values, counts)
        self._keep(values)

    def column(self) -> Column:
        """The column as all that was added shows it."""
        found = self._recognition.best()
        meaning, kind = found or (None, None)
        key = kind.name if kind and kind.is_key else None
        marks = {
            mark: count for mark, count in self._marks.items() if kind or mark in _ALWAYS_MISSING
        }
        filled, distinct = self._filled - sum(marks.values()), self._distinct - len(marks)
        return Column(
            name=self._name,
            kind="text" if key else self._recognition.column,
            filled=filled,
            distinct=distinct,
            key=key,
            meaning=self._dated(meaning) or self._texture(filled, distinct),
            missing=tuple(sorted(marks)),
        )

    def _keep(self, values: Texts) -> None:
        if self._distinct <= _KEPT:
            self._few.append(values)

    def _dated(self, meaning: Meaning | None) -> Meaning | None:
        """Of communes also the year; there never were so many codes that some are not kept."""
        if meaning is None or meaning.type != "commune" or meaning.repair:
            return meaning
        fit = best_year(pa.concat_arrays(self._few))
        if fit is None:
            return meaning
        told = {"year": fit.year, "year_from": next(iter(fit.alternatives), None)}
        return meaning.model_copy(update=told | {"codes": fit.kinds})

    def _texture(self, filled: int, distinct: int) -> Meaning | None:
        """A category where few values repeat, free text where they have many words."""
        if 1 < distinct <= _MANY and filled >= _REPEATED * distinct:
            return Meaning(type="category", confidence=round(1 - distinct / filled, 3), valid=1.0)
        if distinct and self._spaces / distinct >= _WORDS - 1:
            return Meaning(type="free_text", confidence=1.0, valid=1.0)
        return None
