"""In which commune the territory of each code lay, at every 1 January since 1943."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
"""A line of one of the package's lists."""

Places = dict[str, str]
"""A code, and the code of the commune that its territory belongs to."""


@dataclass(frozen=True)
class Edition:
    """What the package has of one year; the first also has INSEE's history since 1943."""

    communes: list[Entry]
    epci: list[Entry]
    departements: list[Entry]
    regions: list[Entry]
    history: list[Entry]

    @property
    def bodies(self) -> dict[str, str]:
        """The EPCI of each commune that is a member of one."""
        return {member["code"]: body["code"] for body in self.epci for member in body["membres"]}


FIRST_YEAR = 1943
_BEGINNING, _END = "1943-01-01", "9999-12-31"
_PART_TYPES = {"COMA", "COMD", "commune-associee", "commune-deleguee"}


@dataclass(frozen=True)
class Snapshot:
    """The communes of a day, the associated and delegated ones, and what each code is part of.

    `former` are codes that a commune had before; they matter where nothing else is known.
    """

    communes: frozenset[str]
    parts: frozenset[str]
    parents: Places
    former: Places

    def place(self, code: str) -> str | None:
        """The commune that `code` is or is part of; None when that is not known."""
        seen = set()
        while code not in self.communes:
            seen.add(code)
            above = self.parents.get(code) or self.former.get(code)
            if above is None or above in seen:
                return None
            code = above
        return code

    def places(self, before: Places) -> Places:
        """Return the place of every code; a code without a trace is where its commune went."""
        recorded = self.communes | self.parents.keys()
        result = {}
        for code in recorded | before.keys() | self.former.keys():
            place = self.place(code if code in recorded else before.get(code, code))
            if place is not None:
                result[code] = place
        return result


def snapshot_of_history(history: Iterable[Entry], year: int) -> Snapshot:
    """The communes at 1 January, from the entries of INSEE's history that were valid then."""
    day = f"{year}-01-01"
    valid = [
        entry
        for entry in history
        if entry.get("dateDebut", _BEGINNING) <= day < entry.get("dateFin", _END)
    ]
    parents = {
        entry["code"]: _code(entry["pole"])
        for entry in valid
        if "pole" in entry and _code(entry["pole"]) != entry["code"]
    }
    return Snapshot(_of_type(valid, {"COM"}), _of_type(valid, _PART_TYPES), parents, {})


def _code(identifier: str) -> str:
    """The code in an id such as COMD-14011@2017-01-01."""
    return identifier.partition("@")[0].partition("-")[2]


def snapshot_of_list(entries: Iterable[Entry]) -> Snapshot:
    """The communes of a year's list, where a delegated commune may have its commune's code."""
    entries = list(entries)
    parents = {}
    for entry in entries:
        parent = entry.get("chefLieu") or entry.get("commune")
        if parent is not None and parent != entry["code"]:
            parents[entry["code"]] = parent
    former = {old: entry["code"] for entry in entries for old in entry.get("anciensCodes", ())}
    communes = _of_type(entries, {"commune-actuelle"})
    return Snapshot(communes, _of_type(entries, _PART_TYPES), parents, former)


def _of_type(entries: Iterable[Entry], types: set[str]) -> frozenset[str]:
    return frozenset(entry["code"] for entry in entries if entry["type"] in types)


def between(before: Snapshot, after: Snapshot, members: frozenset[str]) -> Snapshot:
    """A year without a list: what both neighbours have, and of the rest what has an EPCI then."""
    return Snapshot(
        before.communes & after.communes | (before.communes ^ after.communes) & members,
        before.parts & after.parts,
        before.parents | after.parents,
        before.former | after.former,
    )


def follow(snapshots: Mapping[int, Snapshot]) -> dict[int, Places]:
    """The places of every year, each following from those of the year before."""
    result: dict[int, Places] = {}
    before: Places = {}
    for year in sorted(snapshots):
        before = result[year] = snapshots[year].places(before)
    return result


def heirs(then: Places, now: Places) -> dict[str, set[str]]:
    """The present communes that the territory of each commune of a year lies in."""
    result = defaultdict(set)
    for code, commune in then.items():
        if code in now:
            result[commune].add(now[code])
    return result


def spans(years: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Years, as the first and last of each run."""
    kept = set(years)
    firsts = (year for year in sorted(kept) if year - 1 not in kept)
    lasts = (year for year in sorted(kept) if year + 1 not in kept)
    return zip(firsts, lasts, strict=True)
