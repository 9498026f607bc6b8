"""Reads names of communes as people write them: capitals, abbreviations, articles behind, clues.

A cell may bring a clue of its own: `14000 CAEN`, `Bernay (27)`, `Lisieux (Calvados)`.
"""

import re
from typing import NamedTuple

from shared.language.folding import fold
from shared.places import Name

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
