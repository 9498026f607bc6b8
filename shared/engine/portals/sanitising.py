"""Texts, dates, addresses, codes and places of other catalogues, made plain and bounded.

Places are named as by data.gouv.fr (`fr:commune:14118`) or by INSEE's linked data
(`.../geo/commune/14118`).
"""

import calendar
import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter, ValidationError

from shared.catalogues import markup
from shared.catalogues.eu_codes import LANGUAGES
from shared.engine.tables.territory import Place

LABEL, TEXT, URL = 500, 5000, 2000
"""Longest labels, texts and addresses that are kept, in characters."""

KEYWORDS, DISTRIBUTIONS, PLACES, NAMES, COLUMNS = 30, 200, 5000, 20, 2000

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?$")
_SPACES = re.compile(r"[^\S\n]+")
_UNSEEN = ("Cc", "Cs", "Co", "Cn")

_READ = 10 * TEXT
"""So much of a text is looked at, in characters: tags may be longer than what they say."""

_DEPARTEMENTS = files("shared.engine.codes") / "departements.csv"
_NAMED = re.compile(
    r"(?:^fr[:/]|\bgeo/)(commune|town|departement|county|region|epci|intercommunalite)[:/]"
    r"(\w{2,9})(?:@|$)"
)
_TERRITORY: TypeAdapter[str] = TypeAdapter(Place)

_LANGUAGES = {letters: code for code, letters in LANGUAGES.items()}
_FREQUENCIES = {
    "CONTINUOUS": "UPDATE_CONT",
    "SEMIWEEKLY": "WEEKLY",
    "SEMIMONTHLY": "BIWEEKLY",
    "SEMIANNUAL": "ANNUAL_2",
    "IRREGULAR": "IRREG",
    "PUNCTUAL": "NEVER",
    "NOTPLANNED": "NEVER",
    "NOT_PLANNED": "NEVER",
}
"""The EU's codes for names that differ from them: of the Dublin Core collection frequencies
(purl.org/cld/freq), and of data.gouv.fr's API."""


def plain(value: object, limit: int = LABEL) -> str:
    """Return a text without control characters, cut to `limit`; empty for anything but a text."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    seen = "".join(
        letter
        for letter in str(value)[: 2 * limit]
        if letter in "\n\t" or unicodedata.category(letter) not in _UNSEEN
    )
    return _SPACES.sub(" ", seen).strip()[:limit].rstrip()


def one_line(value: object, limit: int = LABEL) -> str:
    """Return such a text on one line."""
    return " ".join(plain(value, limit).split())


def identity(value: object) -> str:
    """Return a dataset's identifier on one line; a longer one than allowed stays too long."""
    return one_line(value, LABEL + 1)


def address(value: object) -> str:
    """Return an address that people can follow; empty for anything else, such as a script."""
    url = plain(value, URL + 1)
    is_followed = re.match(r"(?:https?|ftp)://[^\s/]", url, re.IGNORECASE)
    return url if is_followed and len(url) <= URL and not re.search(r"\s", url) else ""


def moment(value: object) -> str:
    """Return an ISO date or time unchanged; empty for anything else."""
    text = plain(value)
    return text if _day_of(text, is_end=False) else ""


def day(value: object, *, is_end: bool = False) -> str | None:
    """Return the day of an ISO date or time; of a year or month the first, or last if `is_end`."""
    return _day_of(plain(value), is_end=is_end)


def _day_of(text: str, *, is_end: bool) -> str | None:
    match = _DATE.match(text)
    if match is None:
        return None
    year = int(match[1])
    month = int(match[2] or (12 if is_end else 1))
    if not (year >= 1 and 1 <= month <= 12):  # noqa: PLR2004 - months of a year
        return None
    last = calendar.monthrange(year, month)[1]
    number = int(match[3] or (last if is_end else 1))
    return f"{year:04}-{month:02}-{number:02}" if 1 <= number <= last else None


def size(value: object) -> int | None:
    """Return a number of bytes, written as any number; None for anything else."""
    try:
        number = int(float(plain(value)))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1 << 63 else None


def checksum(algorithm: object, value: object) -> str:
    """Return `sha1:...`, in lower case; empty unless algorithm and value are there."""
    digest = plain(value).lower()
    name = re.sub(r".*checksumalgorithm_|[^a-z0-9]", "", plain(algorithm).lower())
    return f"{name}:{digest}" if name and re.fullmatch(r"[0-9a-f]{8,128}", digest) else ""


def text_of_html(value: object) -> str:
    """Return a text without tags, its paragraphs apart; a text without HTML stays as it is."""
    if not isinstance(value, str):
        return plain(value, TEXT)
    return plain(markup.text_of_html(value[:_READ]), TEXT)


def untagged(value: object) -> str:
    """Return a title, a name or a licence on one line, without tags."""
    return one_line(text_of_html(value))


def licence_name(value: object) -> str:
    """Return a licence's name so; its address may be in a link only."""
    links = markup.links_of(value[:_READ]) if isinstance(value, str) else []
    return one_line(" ".join([untagged(value), *links]))


def territory_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the codes that `names` stand for, sorted; unknown names are left out."""
    return tuple(sorted({code for name in names for code in _codes(name) if _is_known(code)}))


def _codes(name: str) -> Iterator[str]:
    named = _NAMED.search(name)
    if named is None:
        yield name
    elif named[1] == "region":
        yield from _regions().get(named[2], ())
    else:
        yield named[2]


def _is_known(code: str) -> bool:
    try:
        _TERRITORY.validate_python(code)
    except ValidationError:
        return False
    return True


@cache
def _regions() -> Mapping[str, list[str]]:
    """Return the départements of each region, without numpy, whose import would slow jobs."""
    regions = defaultdict(list)
    with _DEPARTEMENTS.open(encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter=";"):
            regions[line["region"]].append(line["code"])
    return regions


def last_part(uri: str) -> str:
    """What a code's address ends with."""
    return uri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1]


def frequency_of(name: str) -> str:
    """The EU's code for how often data is renewed, from any of the vocabularies above."""
    code = last_part(name).upper()
    return _FREQUENCIES.get(code, code)


def language_of(name: str) -> str:
    """The ISO 639-1 code of a language that is named by it or by the EU's three letters."""
    code = last_part(name)
    return _LANGUAGES.get(code.upper(), code.lower()[:2])
