"""What places are called and were called since 1943, and what they lie in."""

from collections.abc import Iterable, Iterator, Mapping

from deploy.cog.territory_history import Edition, Entry, Places
from shared.language.folding import fold, sequence

FORMER_HEADER = "name;code;commune"

_DISTRICT = "arrondissement-municipal"

PLACES_HEADER = "kind;code;name;words;within;postcodes;population"
"""`words` are those of the name as searches compare them."""

_OVERSEAS_COLLECTIVITY = "com"
_PARTS = {"commune-deleguee", "commune-associee"}

_FORMER_REGIONS = {
    "R21": ("Champagne-Ardenne", "08 10 51 52"),
    "R22": ("Picardie", "02 60 80"),
    "R23": ("Haute-Normandie", "27 76"),
    "R25": ("Basse-Normandie", "14 50 61"),
    "R26": ("Bourgogne", "21 58 71 89"),
    "R31": ("Nord-Pas-de-Calais", "59 62"),
    "R41": ("Lorraine", "54 55 57 88"),
    "R42": ("Alsace", "67 68"),
    "R43": ("Franche-Comté", "25 39 70 90"),
    "R54": ("Poitou-Charentes", "16 17 79 86"),
    "R72": ("Aquitaine", "24 33 40 47 64"),
    "R73": ("Midi-Pyrénées", "09 12 31 32 46 65 81 82"),
    "R74": ("Limousin", "19 23 87"),
    "R82": ("Rhône-Alpes", "01 07 26 38 42 69 73 74"),
    "R83": ("Auvergne", "03 15 43 63"),
    "R91": ("Languedoc-Roussillon", "11 30 34 48 66"),
}
"""Regions of 1956 to 2015 by INSEE's code then, with their départements."""

_FORMER_DEPARTMENTS = {
    "04": "Basses-Alpes",
    "17": "Charente-Inférieure",
    "22": "Côtes-du-Nord",
    "44": "Loire-Inférieure",
    "64": "Basses-Pyrénées",
    "76": "Seine-Inférieure",
}
"""What départements were called before they were renamed, by their code of today."""

_FORMER_BODIES = {
    "200023414": ("CREA", "CAR Rouen"),
    "200084952": ("CODAH",),
    "200065597": ("Caen agglo",),
    "200067205": ("CUC Cherbourg",),
}
"""What EPCI of Normandy are still called after those that they took over from, by their SIREN."""

_FORMER = -1
"""Inhabitants, where a name is a former one."""

_Row = tuple[str | int, ...]


def place_names(present: Edition, places: Mapping[str, str]) -> Iterator[_Row]:
    """Each name once with its code and those it lies in; `places` has what parts belong to."""
    rows = (
        *_regions(present),
        *_departments(present),
        *_bodies(present),
        *_communes(present, places),
    )
    for kind, code, name, *others in rows:
        yield kind, code, name, " ".join(word for word, _written in sequence(str(name))), *others


def _regions(present: Edition) -> Iterator[_Row]:
    for entry in present.regions:
        if entry["zone"] != _OVERSEAS_COLLECTIVITY:
            yield "region", f"R{entry['code']}", entry["nom"], "", "", 0
    for code, (name, _departments) in _FORMER_REGIONS.items():
        yield "region", code, name, "", "", 0


def _departments(present: Edition) -> Iterator[_Row]:
    former = {
        code: region for region, (_name, codes) in _FORMER_REGIONS.items() for code in codes.split()
    }
    for entry in present.departements:
        code = entry["code"]
        if entry["zone"] != _OVERSEAS_COLLECTIVITY:
            within = " ".join(filter(None, (f"R{entry['region']}", former.get(code))))
            yield "departement", code, entry["nom"], within, "", 0
            if code in _FORMER_DEPARTMENTS:
                yield "departement", code, _FORMER_DEPARTMENTS[code], within, "", _FORMER


def _bodies(present: Edition) -> Iterator[_Row]:
    for entry in present.epci:
        inside = sorted({_department(member["code"]) for member in entry["membres"]})
        people = entry["populationMunicipale"]
        yield "epci", entry["code"], entry["nom"], " ".join(inside), "", people
        for name in _FORMER_BODIES.get(entry["code"], ()):
            yield "epci", entry["code"], name, " ".join(inside), "", _FORMER


def _communes(present: Edition, places: Mapping[str, str]) -> Iterator[_Row]:
    """Yield the communes, and the names of former communes that became a part of one."""
    bodies = present.bodies
    seen = set[tuple[str, str]]()
    for entry in _whole_first(present.communes):
        code = places.get(entry["code"], entry["code"])
        if (code, entry["nom"]) not in seen:
            seen.add((code, entry["nom"]))
            postcodes = " ".join(sorted(set(entry.get("codesPostaux", ()))))
            people = entry.get("population", 0)
            yield "commune", code, entry["nom"], bodies.get(code, ""), postcodes, people


def _whole_first(communes: Iterable[Entry]) -> Iterator[Entry]:
    entries = list(communes)
    yield from (entry for entry in entries if entry["type"] == "commune-actuelle")
    yield from (entry for entry in entries if entry["type"] in _PARTS)


def _department(commune: str) -> str:
    return commune[:3] if commune.startswith("97") else commune[:2]


def former_names(
    editions: Iterable[Edition], now: Places, present_names: Iterable[_Row]
) -> Iterator[tuple[str, str, str]]:
    """Yield each former name once, with its former code and the present commune of that code.

    `now` maps every code to its present commune; `present_names` are the rows of the names of
    today, which are left out.
    """
    seen = {
        (str(code), fold(str(name))) for kind, code, name, *_ in present_names if kind == "commune"
    }
    for entry in _entries(editions):
        name, code = str(entry["nom"]), str(entry["code"])
        commune = now.get(code)
        if commune and (commune, fold(name)) not in seen:
            seen.add((commune, fold(name)))
            yield name, code, commune


def _entries(editions: Iterable[Edition]) -> Iterator[Entry]:
    entries: Iterable[Mapping[str, object]] = (
        entry for edition in editions for entry in (*edition.communes, *edition.history)
    )
    yield from (entry for entry in entries if entry.get("type") != _DISTRICT)
