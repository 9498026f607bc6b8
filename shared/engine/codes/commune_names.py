"""Which commune a written name means, told by the place beside it where several have it.

What could be several is none: a wrong code would be worse than none.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from shared.engine.places import Name, lines_of, rows
from shared.language.folding import fold

_FORMER_NAMES = Path(__file__).with_name("former_names.csv.gz")
"""What communes were called since 1943, their code then, and the commune of today."""

SMALL = frozenset("a au aux d de des du en et l la le les sous sur".split())  # noqa: SIM905 - words
"""What people leave out of a name, or write otherwise."""

_ARTICLES = frozenset({"l", "la", "le", "les"})
_FULL = {
    "lez": "les",
    "mt": "mont",
    "nd": "notre dame",
    "st": "saint",
    "ste": "sainte",
    "stes": "saintes",
    "sts": "saints",
}
_WORD = re.compile(r"[a-z0-9]+")
_ON = re.compile(r"\bs/")
_POST = re.compile(r"\bcedex\b(\s*\d{1,2})?")
_BEHIND = re.compile(r"(.+?)(?:\s*\((l['\u2019]?|la|le|les)\)|\s*,\s*(l['\u2019]|la|le|les))")
_CLUES = (
    re.compile(r"(?P<clue>\d{5})\s*[-\u2013]?\s*(?P<name>\D.*)"),
    re.compile(r"(?P<name>.*\D)\s+[-\u2013(]?\s*(?P<clue>\d{5})\)?"),
    re.compile(r"(?P<name>.+?)\s+[-\u2013]\s+(?P<clue>\d\d|2[ab]|97\d)"),
    re.compile(r"(?P<name>.+?)\s*\((?P<clue>[^()]+)\)"),
)
_CITIES = frozenset({"paris", "lyon", "marseille"})
_DISTRICT = re.compile(r"(\d{1,2}|[ivx]+) ?(e|er|eme|ieme|re)?( arr[a-z]*)?")


class Written(NamedTuple):
    """The words of a name, and the clue beside them, folded, if there is one."""

    words: Name
    clue: str

    @property
    def keys(self) -> tuple[Name, ...]:
        """What it is looked up by, the closest first: as it is written, then ever more loosely.

        In one word (`LAIGLE`), without the article before it, and without all small words.
        """
        whole = self.words
        short = whole[1:] if len(whole) > 1 and whole[0] in _ARTICLES else whole
        loose = tuple(word for word in whole if word not in SMALL) or whole
        return whole, ("".join(whole),), short, loose


def written(text: str) -> Written:
    """The parts of a commune's name as people write it: its words, and its clue."""
    name, clue = _POST.sub(" ", fold(text)).strip(), ""
    behind = _BEHIND.fullmatch(name)
    if not behind:
        for pattern in _CLUES:
            if match := pattern.fullmatch(name):
                name, clue = match["name"].strip(), match["clue"].strip()
                break
        behind = _BEHIND.fullmatch(name)
    if behind:
        name = f"{behind[2] or behind[3]} {behind[1]}"
    return Written(_of_cities(words_of(name)), clue)


def words_of(name: str) -> Name:
    """The words of a name, folded and in full: `St-Lô` is `saint lo`."""
    words = _WORD.findall(_ON.sub("sur ", fold(name)))
    return tuple(" ".join(_FULL.get(word, word) for word in words).split())


def _of_cities(words: Name) -> Name:
    """A district is a part of its commune: `paris 15e` is `paris`."""
    rest = " ".join(words[1:])
    is_district = words[:1] and words[0] in _CITIES and _DISTRICT.fullmatch(rest)
    return words[:1] if is_district else words


Outcome = Literal["present", "former", "several", "elsewhere", "unknown"]
"""What a name is: elsewhere when no commune of the département beside it has the name."""

_PRESENT, _PART, _GONE = range(3)
"""How a commune has a name: it is called so, a part of it is, or it was before."""

_POSTCODE, _SHORT_POSTCODE = re.compile(r"\d{5}"), re.compile(r"\d{4}")
_CODE = re.compile(r"(\d{1,2}|2[ab]|97\d)")
_CODED = re.compile(r"(?P<code>\d\d|2[ab]|97\d)\s*[-\u2013:]?\s+.+|.+\((?P<inside>[^()]+)\)")
_COMMUNE_LENGTH = 5
_KINDS = (
    ("cc",),
    ("ca",),
    ("cu",),
    ("communaute", "communes"),
    ("communaute", "agglomeration"),
    ("communaute", "urbaine"),
)
"""What the names of EPCI begin with, and people leave out."""

_CORSICA = frozenset({"2A", "2B"})


class FoundCommune(NamedTuple):
    """The code of a name's commune; empty where it has none, or several."""

    code: str
    outcome: Outcome


class Clue(NamedTuple):
    """The départements that a name may be in, and the postcode that says so, if one does.

    `communes` are the only ones that it may be of; empty for all.
    """

    departements: frozenset[str]
    postcode: str = ""
    communes: frozenset[str] = frozenset()

    def allows(self, named: "_Named") -> bool:
        """Whether this clue allows that commune."""
        is_inside = not self.communes or named.code in self.communes
        return is_inside and not self.departements.isdisjoint(named.departements)


class _Named(NamedTuple):
    """A commune by one of its names; `departements` are where it lies, and lay then."""

    code: str
    rank: int
    departements: frozenset[str]


class _CommuneNames(NamedTuple):
    """Communes by the four keys of their names, and who has a postcode or is a département.

    `bodies` are the communes of EPCI, by the words of their names and by their SIREN.
    """

    by_keys: tuple[Mapping[Name, list[_Named]], ...]
    served: Mapping[str, frozenset[str]]
    departements: Mapping[Name, str]
    bodies: Mapping[Name, set[str]]


def find_commune(name: str, beside: str = "", territory: Collection[str] = ()) -> FoundCommune:
    """The commune of a name; `beside` is a postcode, or its département or EPCI by code or name.

    Of several, the one in the `territory` is meant: codes of départements, communes and EPCI.
    """
    read = written(name)
    clues = [clue for clue in map(clue_of, (read.clue, beside)) if clue]
    is_known = False
    for key, named in zip(read.keys, _commune_names().by_keys, strict=True):
        everywhere = named.get(key, ())
        is_known |= bool(everywhere)
        if candidates := _narrowed(everywhere, clues):
            return _decided(_in_territory(candidates, territory) or candidates)
    return FoundCommune("", "elsewhere" if is_known and clues else "unknown")


def _narrowed(named: Iterable[_Named], clues: Iterable[Clue]) -> list[_Named]:
    """Those that all clues allow, and of these what a postcode serves, if it serves any.

    Within a département what is gone gives way: INSEE tells the names of a département apart.
    """
    candidates = list(named)
    for clue in clues:
        candidates = [candidate for candidate in candidates if clue.allows(candidate)]
        served = _commune_names().served.get(clue.postcode, frozenset())
        candidates = [
            candidate for candidate in candidates if candidate.code in served
        ] or candidates
    return [
        candidate for candidate in candidates if clues and candidate.rank != _GONE
    ] or candidates


def _in_territory(candidates: Iterable[_Named], territory: Iterable[str]) -> list[_Named]:
    clues = [_clue_of_code(code) for code in territory]
    return [candidate for candidate in candidates if any(clue.allows(candidate) for clue in clues)]


@cache
def _clue_of_code(code: str) -> Clue:
    bodies = _commune_names().bodies.get((code,))
    communes = frozenset(bodies or ({code} if len(code) == _COMMUNE_LENGTH else ()))
    return _of_communes(communes) if communes else Clue(frozenset({code}))


def _of_communes(communes: Iterable[str]) -> Clue:
    inside = frozenset(communes)
    return Clue(frozenset().union(*map(_departements, inside)), communes=inside)


def _decided(candidates: list[_Named]) -> FoundCommune:
    codes = {candidate.code for candidate in candidates}
    if len(codes) > 1:
        return FoundCommune("", "several")
    is_present = any(candidate.rank == _PRESENT for candidate in candidates)
    return FoundCommune(codes.pop(), "present" if is_present else "former")


@cache
def clue_of(text: str) -> Clue | None:
    """The clue to the département that a text gives; None where it gives none."""
    folded = " ".join(text.lower().split())
    coded = _CODED.fullmatch(folded)
    if coded:
        folded = coded["code"] or coded["inside"]
    if _SHORT_POSTCODE.fullmatch(folded):
        folded = folded.zfill(5)
    if _POSTCODE.fullmatch(folded):
        return Clue(_departements(folded), folded)
    if _CODE.fullmatch(folded):
        return Clue(_CORSICA if folded == "20" else frozenset({folded.upper().zfill(2)}))
    words = _loose(words_of(folded))
    if code := _commune_names().departements.get(words):
        return Clue(frozenset({code}))
    communes = _commune_names().bodies.get(_without_kind(words))
    return _of_communes(communes) if communes else None


def _departements(code: str) -> frozenset[str]:
    """The départements of a code; postcodes know only one Corsica."""
    start = code[:3] if code.startswith("97") else code[:2]
    return _CORSICA if start == "20" else frozenset({start})


def _without_kind(words: Name) -> Name:
    """The words of an EPCI's name without what kind it is: `flers agglo` of `CA Flers Agglo`."""
    for kind in _KINDS:
        if words[: len(kind)] == kind:
            return words[len(kind) :]
    return words


def _loose(words: Name) -> Name:
    return tuple(word for word in words if word not in SMALL) or words


@cache
def _commune_names() -> _CommuneNames:
    """All names; read once, which takes about a second."""
    by_keys = tuple(defaultdict[Name, list[_Named]](list) for _ in range(4))
    served, departements = defaultdict[str, set[str]](set), dict[Name, str]()
    present, parts = dict[str, tuple[int, str]](), list[tuple[str, str]]()
    inside, bodies = defaultdict[str, set[str]](set), defaultdict[Name, set[str]](set)
    for place, _words, postcodes in rows():
        if place.kind == "epci":
            # Another name of the same body: what lies in it is known once all are read.
            bodies[_without_kind(_loose(words_of(place.name)))] = inside[place.code]
            bodies[place.code,] = inside[place.code]
        if place.kind == "departement":
            departements[_loose(words_of(place.name))] = place.code
        if place.kind != "commune":
            continue
        parts.append((place.name, place.code))
        for larger in place.within:
            inside[larger].add(place.code)
        present[place.code] = max(
            present.get(place.code, (-1, "")), (place.population + bool(postcodes), place.name)
        )
        for postcode in postcodes:
            served[postcode].add(place.code)
    named = [
        (name, _PRESENT if name == present[code][1] else _PART, code, code) for name, code in parts
    ]
    named += [(name, _GONE, code, commune) for name, code, commune in lines_of(_FORMER_NAMES)]
    for name, rank, code, commune in named:
        candidate = _Named(commune, rank, _departements(code) | _departements(commune))
        for key, by_key in zip(written(name).keys, by_keys, strict=True):
            by_key[key].append(candidate)
    postcodes_served = {postcode: frozenset(communes) for postcode, communes in served.items()}
    return _CommuneNames(by_keys, postcodes_served, departements, bodies)
