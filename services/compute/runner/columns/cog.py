"""INSEE's official geographic code (COG): its codes, by year, and the year that a column fits."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.reference_files import Arrow, read_reference
from services.compute.runner.values.value_tests import Texts

_PLAIN, _BOTH = ("commune",), ("commune", "part")
_WHOLE = 0.9
"""From this share of its codes on, a column lists a département nearly wholly."""

Years = np.ndarray[tuple[int], np.dtype[np.int64]]
"""A figure for each year of the COG, the first year first."""


@dataclass(frozen=True)
class Cog:
    """The tables of codes in services/compute/reference."""

    communes: Arrow
    years: Arrow
    splits: Arrow
    postcodes: Arrow
    departements: Arrow

    def runs(self, *kinds: str) -> Arrow:
        """The runs of years in which codes were those of a `commune`, or of a `part` of one."""
        return self.years.filter(pc.is_in(self.years["kind"], pa.array(kinds)))

    @property
    def first_year(self) -> int:
        """The first year whose codes are known."""
        return int(pc.min(self.years["first"]).as_py())

    @property
    def present_year(self) -> int:
        """The year of the latest COG."""
        return int(pc.max(self.years["last"]).as_py())


@dataclass(frozen=True)
class Codes:
    """Sets of valid codes."""

    communes: frozenset[str]
    epci: frozenset[str]
    postcodes: frozenset[str]
    departements: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def postcode_prefixes(self) -> frozenset[str]:
        """The first two digits: postcodes know one Corsica, numbered as before it was two."""
        starts = {code[:2] for code in self.communes}
        return frozenset(start if start.isdigit() else "20" for start in starts)


@dataclass(frozen=True)
class Fit:
    """How well a column of commune codes fits the COG, in distinct values.

    `year` is the latest of the years that fit best, `alternatives` are those that fit as well, and
    `share` of the values were valid in it, from 0 to 1. `with_parts` tells that the column
    fits better when the codes of associated and delegated communes count as well. `kinds` counts
    what the values are in the present COG: `commune`, `delegated`, `associated`, `district`,
    `gone`, and `unknown` for what was never a code since 1943.
    """

    year: int
    share: float
    alternatives: tuple[int, ...]
    with_parts: bool
    kinds: dict[str, int]


@cache
def load_cog() -> Cog:
    """Read the reference files, once in a process."""
    return Cog(
        communes=read_reference("communes.csv.gz"),
        years=read_reference("years.csv.gz"),
        splits=read_reference("splits.csv"),
        postcodes=read_reference("postcodes.csv.gz"),
        departements=read_reference("departements.csv"),
    )


@cache
def load_codes() -> Codes:
    """All codes of communes since 1943, and of the rest the present ones."""
    cog = load_cog()
    return Codes(
        communes=_set(cog.communes["code"]),
        epci=_set(cog.communes["epci"]),
        postcodes=_set(cog.postcodes["postcode"]),
        departements=_set(cog.departements["code"]),
        regions=_set(cog.departements["region"]),
    )


def _set(column: Texts) -> frozenset[str]:
    return frozenset(column.drop_null().unique().to_pylist())


def best_year(values: Texts, least: float = 0.0) -> Fit | None:
    """The COG that codes of communes were most likely written by.

    None if no value is a code, or a smaller share of them than `least`, from 0 to 1.

    Of the years in which most values were valid, those that lack the fewest codes in the
    départements that the column lists nearly wholly; of these the latest, since codes vanish far
    more often than new ones appear, so that a list fits the years before its own as well.
    """
    cog = load_cog()
    distinct = pc.unique(values).drop_null()
    kinds = _kinds(cog, distinct)
    known = len(distinct) - kinds.get("unknown", 0)
    if not known or known < least * len(distinct):
        return None
    plain, both = (_count(cog.runs(*which), distinct) for which in (_PLAIN, _BOTH))
    with_parts = bool(both.max() > plain.max())
    valid, runs = (both, cog.runs(*_BOTH)) if with_parts else (plain, cog.runs(*_PLAIN))
    fitting = np.flatnonzero(valid == valid.max())
    missing = _missing(runs, distinct, cog.first_year + int(fitting[-1]))[fitting]
    best = [cog.first_year + int(at) for at in fitting[missing == missing.min()]]
    return Fit(
        year=best[-1],
        share=float(valid.max()) / len(distinct),
        alternatives=tuple(best[:-1]),
        with_parts=with_parts,
        kinds=kinds,
    )


def _kinds(cog: Cog, distinct: Texts) -> dict[str, int]:
    at = pc.index_in(distinct, cog.communes["code"])
    found = pc.fill_null(cog.communes["kind"].take(at), "unknown")
    return {str(one["values"]): int(one["counts"]) for one in pc.value_counts(found).to_pylist()}


def _missing(runs: Arrow, distinct: Texts, year: int) -> Years:
    """For each year, how many codes of the départements listed nearly wholly are no value."""
    is_valid = pc.and_(pc.less_equal(runs["first"], year), pc.greater_equal(runs["last"], year))
    valid = runs["code"].filter(is_valid)
    known, listed = (_by_start(codes) for codes in (valid, valid.filter(pc.is_in(valid, distinct))))
    whole = [start for start, count in listed.items() if count >= _WHOLE * known[start]]
    starts = pc.utf8_slice_codeunits(runs["code"], 0, 2)
    there = runs.filter(pc.is_in(starts, pa.array(whole, pa.string())))
    return _count(there, there["code"]) - _count(there, distinct)


def _by_start(codes: Texts) -> Counter[str]:
    """How many codes begin with the same two signs."""
    return Counter(pc.utf8_slice_codeunits(codes, 0, 2).to_pylist())


def _count(runs: Arrow, codes: Texts) -> Years:
    """How many of the codes were valid in each year, by these runs: of starts less ends the sum."""
    cog = load_cog()
    found = runs.filter(pc.is_in(runs["code"], pc.unique(codes)))
    length = cog.present_year - cog.first_year + 2
    starts = np.bincount(found["first"].to_numpy() - cog.first_year, minlength=length)
    ends = np.bincount(found["last"].to_numpy() - cog.first_year + 1, minlength=length)
    counts: Years = np.cumsum(starts - ends)[:-1]
    return counts
