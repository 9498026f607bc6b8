"""Fetches the yearly lists by npm, and writes the reference files: `python -m deploy.cog`."""

import json
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from deploy.cog.cog_files import CODES, FORMER_NAMES, PLACES, write
from deploy.cog.place_names import FORMER_HEADER, PLACES_HEADER, former_names, place_names
from deploy.cog.territory_history import (
    FIRST_YEAR,
    Edition,
    Entry,
    Places,
    Snapshot,
    between,
    follow,
    heirs,
    snapshot_of_history,
    snapshot_of_list,
    spans,
)

_PACKAGE = "@etalab/decoupage-administratif"

VERSIONS = {
    2019: "0.7.0",
    2020: "0.8.0",
    2021: "1.1.1",
    2022: "2.3.1",
    2023: "3.1.1",
    2024: "4.1.0",
    2025: "5.3.0",
    2026: "6.0.0",
}
"""The package's version for each year's COG, by its README; add a year here, and run this again."""

_HISTORY = 2019
"""Its version has the history up to its 1 January."""

_WITHOUT_LIST = 2020
"""Its version has that year's EPCI, but the communes of 2019."""

_KINDS = {
    "arrondissement-municipal": "district",
    "commune-associee": "associated",
    "commune-deleguee": "delegated",
    "commune-actuelle": "commune",
}
_GONE = "gone"

Row = tuple[str | int, ...]


def _fetch(version: str, folder: Path) -> Edition:
    """Download a version with npm, which checks its integrity."""
    command = ["npm", "pack", f"{_PACKAGE}@{version}", "--pack-destination", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        return Edition(
            communes=_read(archive, "communes"),
            epci=_read(archive, "epci"),
            departements=_read(archive, "departements"),
            regions=_read(archive, "regions"),
            history=_read(archive, "historique-communes"),
        )


def _read(archive: tarfile.TarFile, name: str) -> list[Entry]:
    """A list of the package, empty when it has none of that name."""
    path = f"package/data/{name}.json"
    file = archive.extractfile(path) if path in archive.getnames() else None
    entries: list[Entry] = json.load(file) if file else []
    return entries


def main() -> None:
    """Write every file anew."""
    with tempfile.TemporaryDirectory() as folder:
        editions = {year: _fetch(version, Path(folder)) for year, version in VERSIONS.items()}
    snapshots = _snapshots(editions)
    places = follow(snapshots)
    present = editions[max(editions)]
    districts = {code for code, kind in _kinds(present).items() if kind == "district"}
    write(
        CODES / "communes.csv.gz",
        "code;kind;commune;siren;epci",
        sorted(_communes(editions, places)),
    )
    write(CODES / "years.csv.gz", "code;kind;first;last", sorted(_years(snapshots, districts)))
    write(CODES / "splits.csv", "code;first;last;commune", sorted(_splits(places)))
    write(CODES / "postcodes.csv.gz", "postcode;commune", sorted(_postcodes(present)))
    write(CODES / "departements.csv", "code;region", sorted(_departements(present)))
    names = sorted(place_names(present, places[max(places)]))
    write(PLACES, PLACES_HEADER, names)
    former = former_names(editions.values(), places[max(places)], names)
    write(FORMER_NAMES, FORMER_HEADER, sorted(former))


def _snapshots(editions: Mapping[int, Edition]) -> dict[int, Snapshot]:
    """Return the communes at each 1 January: from the history, then from the yearly lists."""
    years = range(FIRST_YEAR, _HISTORY + 1)
    result = {year: snapshot_of_history(editions[_HISTORY].history, year) for year in years}
    parents = result[_HISTORY].parents
    result |= {year: snapshot_of_list(edition.communes) for year, edition in editions.items()}
    listed = result[_HISTORY]
    # The lists leave out what was absorbed long ago; the history still tells where it went.
    result[_HISTORY] = replace(listed, parents=parents | listed.parents)
    members = frozenset(editions[_WITHOUT_LIST].bodies)
    neighbours = result[_WITHOUT_LIST - 1], result[_WITHOUT_LIST + 1]
    result[_WITHOUT_LIST] = between(*neighbours, members)
    return result


def _kinds(present: Edition) -> dict[str, str]:
    """What each code of the list is; a commune's wins over that of a part with the same code."""
    ranks = list(_KINDS)
    entries = sorted(present.communes, key=lambda entry: ranks.index(entry["type"]))
    return {entry["code"]: _KINDS[entry["type"]] for entry in entries}


def _communes(editions: Mapping[int, Edition], places: Mapping[int, Places]) -> Iterator[Row]:
    """Every code there ever was, with its present commune and the last SIREN it had."""
    latest = max(editions)
    kinds, bodies = _kinds(editions[latest]), editions[latest].bodies
    sirens = {
        entry["code"]: entry["siren"]
        for year in sorted(editions)
        for entry in editions[year].communes
        if "siren" in entry
    }
    for code, commune in places[latest].items():
        kind = kinds.get(code, _GONE)
        yield code, kind, commune, sirens.get(code, ""), bodies.get(code, "")


def _years(snapshots: Mapping[int, Snapshot], districts: Iterable[str]) -> Iterator[Row]:
    """In which years a code was a commune's, and in which only that of a part of one."""
    valid = defaultdict(set)
    for year, snapshot in snapshots.items():
        for code in snapshot.communes:
            valid[code, "commune"].add(year)
        for code in snapshot.parts - snapshot.communes:
            valid[code, "part"].add(year)
    # The source has no dates of municipal districts: they tell nothing about a year.
    valid |= {(code, "commune"): set(snapshots) for code in districts}
    for (code, kind), years in valid.items():
        for first, last in spans(years):
            yield code, kind, first, last


def _splits(places: Mapping[int, Places]) -> Iterator[Row]:
    """Yield the communes whose former territory lies in several present ones, and those."""
    now = places[max(places)]
    shared = defaultdict(set)
    for year, then in places.items():
        for code, communes in heirs(then, now).items():
            for commune in communes if len(communes) > 1 else ():
                shared[code, commune].add(year)
    for (code, commune), years in shared.items():
        for first, last in spans(years):
            yield code, first, last, commune


def _postcodes(present: Edition) -> Iterator[Row]:
    communes = (entry for entry in present.communes if entry["type"] == "commune-actuelle")
    for entry in communes:
        for postcode in set(entry.get("codesPostaux", ())):
            yield postcode, entry["code"]


def _departements(present: Edition) -> Iterator[Row]:
    """Without the overseas collectivities: they are in no département and no région."""
    for entry in present.departements:
        if entry["zone"] != "com":
            yield entry["code"], entry["region"]


if __name__ == "__main__":
    main()
