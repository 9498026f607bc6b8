"""Recognises what a column holds by all its values; its name only breaks ties.

A kind fits when nearly all distinct values are valid, and so many that chance is no explanation:
of ten random numbers of nine digits one passes for a SIREN. Of several kinds that fit, the one
that the column's name speaks for is taken, else the first in the list.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest

import numpy as np
import pyarrow as pa

from services.compute.runner.columns.column_types import Kind
from services.compute.runner.columns.identifiers import Counts, Flags, Texts
from shared.tables.manifest import Meaning

_ENOUGH = 0.95
"""Share of the distinct values that must be valid: real files have a few faults."""

_CERTAIN = 0.9
"""How sure it must be that the valid values are not so by chance."""

_SAMPLE = 400
_LIKELY = 0.6
"""Below this share of a sample, a kind is not tried on the whole column."""

_SPOKEN_FOR = 0.1
"""What a fitting name leaves of chance."""

_DOUBTFUL = 0.5
"""What is left of confidence when other keys fit as well and the name speaks for none."""

_EXAMPLES = 3
_LONGEST = 50


@dataclass
class _Tally:
    """How many values, and rows, are valid as a kind; given up where it is hopeless."""

    kind: Kind
    spoken: bool
    hopeful: bool = True
    distinct: int = 0
    rows: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, values: Texts, counts: Counts, sample: Texts, *, known: bool) -> None:
        """Some of the distinct values, and a sample of them where they are many.

        `known` tells that all of them are valid.
        """
        if self.hopeful and len(sample) and not known:
            self.hopeful = bool(self.kind.test(sample).mean() >= _LIKELY)
        if not self.hopeful:
            return
        flags = np.ones(len(values), bool) if known else self.kind.test(values)
        self.distinct += int(flags.sum())
        self.rows += int(counts[flags].sum())
        self._remember(values, flags)

    def certainty(self) -> float:
        """How sure it is that the valid values are not so by chance."""
        chance = self.kind.chance * (_SPOKEN_FOR if self.spoken else 1)
        return float(1 - chance**self.distinct)

    def _remember(self, values: Texts, flags: Flags) -> None:
        if not self.kind.personal and not flags.all():
            wrong = values.filter(pa.array(~flags)).to_pylist()
            self.wrong = nsmallest(_EXAMPLES, [*self.wrong, *wrong])


class Recognition:
    """Tries a column with every kind, a batch of its distinct values at a time."""

    def __init__(self, name: str, kinds: Iterable[Kind]) -> None:
        self._distinct = self._rows = 0
        tallies = [_Tally(kind, kind.is_spoken_for(name)) for kind in kinds]
        self._tallies = [one for one in tallies if one.spoken or not one.kind.named]

    def add(self, values: Texts, counts: Counts) -> None:
        """Some of the distinct values, in no order, and how often each occurs."""
        if not len(values):
            return
        self._distinct += len(values)
        self._rows += int(counts.sum())
        sample = _sample(values)
        numbers = False
        for tally in self._tallies:
            tally.add(values, counts, sample, known=numbers and tally.kind.wide)
            is_whole = tally.distinct == self._distinct
            numbers |= is_whole and tally.kind.column in ("integer", "decimal")

    @property
    def column(self) -> str:
        """The kind of column that every value allows: integer, decimal, date, boolean or text."""
        fits = (one.kind.column for one in self._tallies if one.distinct == self._distinct > 0)
        return next(filter(None, fits), "text")

    def best(self) -> tuple[Meaning, Kind] | None:
        """What the column holds."""
        found = [tally for tally in self._tallies if self._fits(tally)]
        if not found:
            return None
        spoken = [tally for tally in found if tally.spoken]
        best = _mended((spoken or found)[0], found)
        also = _also(best, found)
        doubt = _DOUBTFUL if best.kind.is_key and also and not spoken else 1.0
        meaning = Meaning(
            type=best.kind.name,
            confidence=round(best.distinct / self._distinct * best.certainty() * doubt, 3),
            valid=0.0 if best.kind.repair else best.rows / self._rows,
            invalid=tuple(text[:_LONGEST] for text in best.wrong),
            repair=best.kind.repair,
            format=best.kind.format,
            also=also,
        )
        return meaning, best.kind

    def _fits(self, tally: _Tally) -> bool:
        enough = tally.distinct >= _ENOUGH * self._distinct
        return tally.distinct > 0 and enough and tally.certainty() >= _CERTAIN


def _sample(values: Texts) -> Texts:
    """A few of many values; none of few, which are looked at all."""
    if len(values) <= _SAMPLE:
        return values.slice(0, 0)
    return values.take(pa.array(np.linspace(0, len(values) - 1, _SAMPLE).astype(np.int64)))


def _mended(best: _Tally, found: list[_Tally]) -> _Tally:
    """The repair that makes more of the values valid, if there is one."""
    repairs = [one for one in found if one.kind.repair and one.kind.name == best.kind.name]
    return max([best, *repairs], key=lambda one: one.distinct)


def _also(best: _Tally, found: list[_Tally]) -> tuple[str, ...]:
    """Other keys that fit, or other formats of a date that fit as well."""
    if best.kind.is_key:
        names = [one.kind.name for one in found if one.kind.is_key]
        return tuple(sorted({*names} - {best.kind.name, best.kind.part_of}))
    if best.kind.column != "date":
        return ()
    rivals = [one for one in found if one.kind.name == best.kind.name and one is not best]
    return tuple(
        one.kind.format for one in rivals if one.kind.format and one.distinct == best.distinct
    )
