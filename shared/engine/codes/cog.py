"""INSEE's official geographic code (COG): its codes, by year, and the year that a column fits."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from shared.engine.codes.code_lists import CodeArray, CodeList, chosen, read_codes

_PLAIN, _BOTH = (b"commune",), (b"commune", b"part")
_WHOLE = 0.9
"""From this share of its codes on, a column lists a département nearly wholly."""

_OF_DEPARTEMENT = "S2"
"""The first two signs of a code."""

YearFigures = NDArray[np.int64]
"""A figure for each year of the COG, the first year first."""


@dataclass(frozen=True)
class Cog:
    """The lists of codes of this folder; that of communes is in the order of its codes."""

    communes: CodeList
    years: CodeList
    splits: CodeList
    postcodes: CodeList
    cedex: CodeList
    departements: CodeList

    def runs(self, *kinds: bytes) -> CodeList:
        """Return the runs of years in which codes were those of a `commune`, or of a `part`."""
        return chosen(self.years, np.isin(self.years["kind"], kinds))

    @property
    def first_year(self) -> int:
        """Return the first year whose codes are known."""
        return int(self.years["first"].min())

    @property
    def present_year(self) -> int:
        """Return the year of the latest COG."""
        return int(self.years["last"].max())

    def kinds(self, codes: CodeArray) -> CodeArray:
        """Return each code's kind in the present COG; `unknown` for codes that never were one."""
        at = np.minimum(
            np.searchsorted(self.communes["code"], codes), len(self.communes["code"]) - 1
        )
        return np.where(self.communes["code"][at] == codes, self.communes["kind"][at], b"unknown")


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
    """Read the lists, once in a process."""
    communes = read_codes("communes.csv.gz")
    return Cog(
        communes=chosen(communes, np.argsort(communes["code"])),
        years=read_codes("years.csv.gz"),
        splits=read_codes("splits.csv"),
        postcodes=read_codes("postcodes.csv.gz"),
        cedex=read_codes("cedex.csv.gz"),
        departements=read_codes("departements.csv"),
    )


def best_year(distinct: CodeArray, least: float = 0.0) -> Fit | None:
    """Return the year of the COG that most likely wrote these codes of communes.

    None if no value is a code, or a smaller share of them than `least`, from 0 to 1.

    Of the years in which most values were valid, those that lack the fewest codes in the
    départements that the column lists nearly wholly; of these the latest, since codes vanish far
    more often than new ones appear, so that a list fits the years before its own as well.
    """
    cog = load_cog()
    names, counts = np.unique(cog.kinds(distinct), return_counts=True)
    kinds = {name.decode(): int(count) for name, count in zip(names, counts, strict=True)}
    valid_codes = len(distinct) - kinds.get("unknown", 0)
    if not valid_codes or valid_codes < least * len(distinct):
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


def _missing(runs: CodeList, distinct: CodeArray, year: int) -> YearFigures:
    """Count for each year the codes missing from the départements that are nearly complete."""
    valid = runs["code"][(runs["first"] <= year) & (runs["last"] >= year)]
    starts, listed_codes = np.unique(valid.astype(_OF_DEPARTEMENT), return_counts=True)
    listed = valid[np.isin(valid, distinct)].astype(_OF_DEPARTEMENT)
    counts = np.bincount(np.searchsorted(starts, listed), minlength=len(starts))
    whole = starts[(counts > 0) & (counts >= _WHOLE * listed_codes)]
    there = chosen(runs, np.isin(runs["code"].astype(_OF_DEPARTEMENT), whole))
    return _count(there, there["code"]) - _count(there, distinct)


def _count(runs: CodeList, codes: CodeArray) -> YearFigures:
    """Count for each year the codes that were valid, from the starts and ends of runs."""
    cog = load_cog()
    runs_found = chosen(runs, np.isin(runs["code"], codes))
    length = cog.present_year - cog.first_year + 2
    starts = np.bincount(runs_found["first"] - cog.first_year, minlength=length)
    ends = np.bincount(runs_found["last"] - cog.first_year + 1, minlength=length)
    counts: YearFigures = np.cumsum(starts - ends)[:-1]
    return counts
