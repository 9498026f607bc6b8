"""The open-data licences of data.gouv.fr's vocabulary, and which of them a text names.

This is not legal advice: it prepares the decision of people, who may ask a lawyer. Each licence
names the articles that its duties stand in.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from services.catalog.licences.mentions import mentioned
from shared.catalogues.licence_titles import TITLES
from shared.language.folding import fold

_URL_DRESS = re.compile(r"^https?://(www\.)?|(/(deed|legalcode|summary)(\.[a-z-]+)?|\.html)?/*$")
_WORDS = re.compile(r"[a-z0-9]+")


class Duty(StrEnum):
    """What a licence asks of who publishes something made of its data."""

    ATTRIBUTION = "attribution"
    SHARE_ALIKE = "share_alike"
    KEEP_OPEN = "keep_open"
    ASK = "ask"


@dataclass(frozen=True)
class Licence:
    """One licence, a line of licences.csv; `url` is empty where there is no one text.

    `source` names the articles, `aliases` its other names and addresses: those of data.gouv.fr's
    vocabulary (/api/1/datasets/licenses/), SPDX, opendefinition.org and the EU's authority table.
    """

    id: str
    url: str
    source: str
    duties: frozenset[Duty]
    aliases: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is called in French."""
        return TITLES[self.id]


def _read() -> Iterator[Licence]:
    with Path(__file__).with_name("licences.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter=";"):
            duties = frozenset(map(Duty, line.pop("duties").split()))
            aliases = tuple(filter(None, line.pop("aliases").split("|")))
            yield Licence(**line, duties=duties, aliases=aliases)


LICENCES = tuple(_read())


@lru_cache(maxsize=1000)
def find_licence(text: str) -> Licence | None:
    """The licence that an identifier, a title, an address or a sentence names; None for another.

    Case, accents, what parts words, and how an address begins and ends make no difference.
    """
    return _BY_NAME.get(_plain(text)) or BY_ID.get(mentioned(text, _id_of_name) or "")


def _id_of_name(text: str) -> str | None:
    licence = _BY_NAME.get(_plain(text))
    return licence.id if licence else None


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(_URL_DRESS.sub("", fold(text))))


BY_ID = {licence.id: licence for licence in LICENCES}
_BY_NAME = {
    _plain(name): licence
    for licence in LICENCES
    for name in (licence.id, licence.title, licence.url, *licence.aliases)
    if name
}


def canonical(licence: str) -> str:
    """The identifier of a licence that is known by this name; any other text unchanged."""
    known_licence = find_licence(licence)
    return known_licence.id if known_licence else licence
