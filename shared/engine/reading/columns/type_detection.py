"""Recognises what a column holds by all its values; its name breaks ties, and says codes.

A type fits when nearly all distinct values are valid, and so many that chance is no explanation:
of ten random numbers of nine digits one passes for a SIREN. Of several types that fit, the one
that the column's name speaks for is taken, else the first in the list. Where nothing fits, or
numbers alone, and the name says a code, it is enough that most values are that code.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain
from math import exp, log

import numpy as np
import pyarrow as pa

from shared.engine.reading.columns.column_types import ColumnType
from shared.engine.reading.values.value_tests import Counts, Flags, Texts, bytes_behind, matching
from shared.engine.tables.column_names import named_kind
from shared.engine.tables.manifest import Meaning

_ENOUGH = 0.95
"""Share of the distinct values that must be valid: real files have a few faults."""

_CERTAIN = 0.9
"""How sure it must be that the valid values are not so by chance."""

_SAMPLE = 400
_LIKELY, _LIKELY_SAID = 0.6, 0.4
"""Below this share of a sample, a type is not tried on the whole column."""

_MOST = 0.5
"""Of more than this share of the distinct values, a name that says a code is believed."""

_NUMBERS = frozenset(("integer", "decimal"))
_has_digit = matching(".*[0-9].*")

_BY_NAME = 0.1
"""What a fitting name leaves of chance."""

_AGAINST_NAME = 0.97
"""How often values are of a type by chance where the name speaks for something else."""

_DOUBTFUL = 0.5
"""What is left of confidence when other keys fit as well and the name speaks for none."""

_EXAMPLES = 3
LONGEST = 50
"""Characters of an example."""


@dataclass
class _Tally:
    """How many values, and rows, are valid as a type; given up where it is hopeless.

    `is_said` where the column's name says that it holds this code.
    """

    type: ColumnType
    is_named: bool
    is_said: bool = False
    is_unlikely: bool = False
    is_likely: bool = True
    distinct: int = 0
    rows: int = 0
    wrong: list[str] = field(default_factory=list)
    shortened: int = 0

    def add(self, values: Texts, counts: Counts, sample: Texts, *, are_valid: bool) -> None:
        """Test some of the distinct values, after a sample of them where they are many.

        `are_valid` tells that all of them are valid.
        """
        if self.is_likely and len(sample) and not are_valid:
            least = _LIKELY_SAID if self.is_said else _LIKELY
            self.is_likely = bool(self.type.test(sample).mean() >= least)
        if not self.is_likely:
            return
        flags = np.ones(len(values), bool) if are_valid else self.type.test(values)
        self.distinct += int(flags.sum())
        self.rows += int(counts[flags].sum())
        if self.distinct:
            self._remember(values, flags)

    def certainty(self) -> float:
        """Return how sure it is that the values are not valid by chance."""
        chance = self.type.chance * (_BY_NAME if self.is_named else 1)
        if self.is_unlikely:
            chance = max(chance, _AGAINST_NAME)
        return float(1 - chance**self.distinct)

    def _remember(self, values: Texts, flags: Flags) -> None:
        if not self.type.personal and not flags.all():
            wrong = values.filter(pa.array(~flags))
            self.wrong = nsmallest(_EXAMPLES, [*self.wrong, *wrong.to_pylist()])
            if self.type.shortened:
                self.shortened += int(self.type.shortened(wrong).sum())


class TypeDetection:
    """Tries a column with every type, a batch of its distinct values at a time."""

    def __init__(self, name: str, types: Iterable[ColumnType]) -> None:
        self._distinct = self._rows = self._numbered = 0
        named = named_kind(name)
        possible = [column_type for column_type in types if column_type.may_be(name)]
        self._signs = frozenset(chain.from_iterable(column_type.signs for column_type in possible))
        self._tallies = [
            _Tally(
                column_type,
                column_type.is_named_by(name),
                column_type.name == named,
                column_type.is_unlikely(name),
            )
            for column_type in possible
        ]

    def add(self, values: Texts, counts: Counts) -> None:
        """Test some of the distinct values, in any order, with how often each occurs."""
        if not len(values):
            return
        self._distinct += len(values)
        self._rows += int(counts.sum())
        if any(tally.is_said for tally in self._tallies):
            self._numbered += int(_has_digit(values).sum())
        sample, signs = _sample(values), self._signs_in(values)
        numbers = others = False
        for tally in self._tallies:
            if others and tally.type.last:
                tally.is_likely = False
            if not tally.distinct and tally.type.signs and signs.isdisjoint(tally.type.signs):
                continue
            tally.add(values, counts, sample, are_valid=numbers and tally.type.takes_numbers)
            is_whole = tally.distinct == self._distinct
            numbers |= is_whole and tally.type.kind in ("integer", "decimal")
            others |= is_whole and not numbers

    def _signs_in(self, values: Texts) -> frozenset[int]:
        """Return the signs of types that occur in a value, or in what was cut from it."""
        written = bytes_behind(values)
        return frozenset(sign for sign in self._signs if sign in written)

    @property
    def kind(self) -> str:
        """Return the kind that every value allows: integer, decimal, date, boolean or text."""
        fits = (tally.type.kind for tally in self._tallies if tally.distinct == self._distinct > 0)
        return next(filter(None, fits), "text")

    def best(self) -> tuple[Meaning, ColumnType] | None:
        """Return what the column holds."""
        fitting = [tally for tally in self._tallies if self._fits(tally)]
        mostly_valid = (
            [] if _are_told(fitting) else [tally for tally in self._tallies if self._is_most(tally)]
        )
        if not (fitting or mostly_valid):
            return None
        named = [tally for tally in fitting if tally.is_named]
        best = (mostly_valid or named or fitting)[0]
        if not mostly_valid and (
            best.type.name in _NUMBERS or best.distinct < _ENOUGH * self._distinct
        ):
            best = _mended(best, fitting)
        also = _also(best, mostly_valid or fitting)
        doubt = _DOUBTFUL if best.type.is_key and also and not named else 1.0
        meaning = Meaning(
            type=best.type.name,
            confidence=round(best.distinct / self._distinct * best.certainty() * doubt, 3),
            valid=0.0 if best.type.repair else best.rows / self._rows,
            invalid=tuple(text[:LONGEST] for text in best.wrong),
            invalid_rows=self._rows - best.rows,
            repair=best.type.repair or ("leading_zero" if best.shortened else None),
            format=best.type.format,
            also=also,
        )
        return meaning, best.type

    def _is_most(self, tally: _Tally) -> bool:
        """Whether most values are codes of the kind that the name says, and not by chance.

        Words are no numbers that might be codes by chance: values with a digit count. That so many
        are is at most as likely as Chernoff's bound, exp(-n KL(share, chance)). Where no number of
        values proves anything, the name does.
        """
        if not tally.is_said or not tally.is_likely or tally.distinct <= _MOST * self._distinct:
            return False
        share, chance = tally.distinct / self._numbered, tally.type.chance
        by_chance = exp(-self._numbered * _divergence(share, chance)) if share > chance else 1.0
        return tally.type.needs_name or by_chance <= 1 - _CERTAIN

    def _fits(self, tally: _Tally) -> bool:
        enough = tally.distinct + tally.shortened >= _ENOUGH * self._distinct
        return tally.distinct > 0 and enough and tally.certainty() >= _CERTAIN


def _are_told(fitting: list[_Tally]) -> bool:
    """Whether a fitting type says more of the values than that they are numbers."""
    return any(tally.type.name not in _NUMBERS for tally in fitting)


def _divergence(share: float, chance: float) -> float:
    """The Kullback-Leibler divergence of two shares, in nats."""
    rest = (1 - share) * log((1 - share) / (1 - chance)) if share < 1 else 0.0
    return share * log(share / chance) + rest


def _sample(values: Texts) -> Texts:
    """Return a sample of many values; none of few, which are all tested."""
    if len(values) <= _SAMPLE:
        return values.slice(0, 0)
    return values.take(pa.array(np.linspace(0, len(values) - 1, _SAMPLE).astype(np.int64)))


def _mended(best: _Tally, fitting: list[_Tally]) -> _Tally:
    """Return the repair, or other way to write numbers, that makes more of the values valid."""
    if best.type.name in _NUMBERS:
        others = [tally for tally in fitting if tally.type.name in _NUMBERS]
    else:
        others = [
            tally for tally in fitting if tally.type.repair and tally.type.name == best.type.name
        ]
    return max([best, *others], key=lambda tally: tally.distinct)


def _also(best: _Tally, fitting: list[_Tally]) -> tuple[str, ...]:
    """Return the other keys that fit, or the other date formats that fit as well."""
    if best.type.is_key:
        names = [tally.type.name for tally in fitting if tally.type.is_key]
        return tuple(sorted({*names} - {best.type.name, best.type.part_of}))
    if best.type.kind != "date":
        return ()
    rivals = [tally for tally in fitting if tally.type.name == best.type.name and tally is not best]
    return tuple(
        rival.type.format
        for rival in rivals
        if rival.type.format and rival.distinct == best.distinct
    )
