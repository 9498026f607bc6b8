"""The open-data licences of data.gouv.fr's vocabulary, and which of them a text names.

This is not legal advice: it prepares the decision of people, who may ask a lawyer. Each licence
names the articles that its duties stand in. Where a sentence or an address names one, saying
nothing is better than a wrong licence: what negates, excludes or adds conditions, two licences, and
a version that nobody knows are left to a person.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import PlainSerializer

from shared.catalogues.licence_titles import TITLES
from shared.catalogues.markup import links_of, text_of_html
from shared.events.event import Frozen
from shared.language.folding import fold

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s\"'<>()«»]+", re.IGNORECASE)
_CLAUSES = re.compile(r"[,;:!?\n]|\.(?=\s|$)")
_CAPITALISED = re.compile(r"\b[^\W\d_a-zà-öø-ÿ][^\W_]*")

_LONGEST = 2000
"""Longer texts are terms of use to be read, not the name of a licence."""

_VERSION = r"(?: (?:version |v )?v?(?P<version>[0-9](?: [0-9])?))?(?! ?[0-9])"
_ETALAB = r"(?: (?:d |de |par )?etalab)?"
_QUALIFIERS = (
    r"(?P<qualifiers>(?: (?:by|sa|nc|nd|non ?commercial(?:e|es)?|pas d utilisation commerciale"
    r"|utilisation non commerciale|pas de modifications?|no ?deriv(?:s|atives?|ative works)"
    r"|share ?alike|partage (?:dans les memes conditions|a l identique)))*)"
)

_Day = Annotated[date, PlainSerializer(date.isoformat)]  # a document holds no plain date

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
    return _BY_NAME.get(_plain(text)) or BY_ID.get(_mentioned(text) or "")


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


class LicensedInput(Frozen):
    """One input: whose it is, its licence as it was given, and when its source last changed it."""

    title: str
    producer: str
    licence: str
    updated: _Day | None = None


class _Family(NamedTuple):
    """A licence as it is mentioned, and its identifier by version; "" where none is told."""

    pattern: re.Pattern[str]
    versions: Mapping[str, str]


def _family(pattern: str, **versions: str) -> _Family:
    licences_by_version = {
        name.strip("_").replace("_", " "): licence for name, licence in versions.items()
    }
    return _Family(re.compile(rf"\b(?:{pattern})\b"), licences_by_version)


_OPEN = (
    r"(?:licen[cs]e ouverte(?: open licen[cs]e)?|open licen[cs]e(?: licen[cs]e ouverte)?"
    r"|licen[cs]e etalab|lo ol|lov|lo|etalab(?= (?:version |v )?v?[0-9]))"
)
_FAMILIES = (
    _family(
        rf"{_OPEN}{_ETALAB}{_VERSION}{_ETALAB}(?: (?:avril 2017|octobre 2011))?",
        __="fr-lo",
        _1="fr-lo",
        _1_0="fr-lo",
        _2="lov2",
        _2_0="lov2",
    ),
    _family(
        rf"(?:(?:odc|open data commons) )?(?:open data ?base licen[cs]e(?: odbl)?|odbl){_VERSION}",
        __="odc-odbl",
        _1="odc-odbl",
        _1_0="odc-odbl",
    ),
    _family(
        rf"(?:open data commons attribution licen[cs]e(?: odc by)?|odc by){_VERSION}",
        __="odc-by",
        _1="odc-by",
        _1_0="odc-by",
    ),
    _family(
        r"(?:(?:odc|open data commons) )?(?:public domain dedication and licen[cs]e(?: pddl)?|pddl)"
        rf"{_VERSION}",
        __="odc-pddl",
        _1="odc-pddl",
        _1_0="odc-pddl",
    ),
    _family(
        rf"(?:creative commons )?(?:cc0|cc ?zero|(?<=creative commons )zero){_VERSION}"
        r"(?: (?:universal|universel|public domain dedication|no rights reserved|cc0))*",
        __="cc-zero",
        _1="cc-zero",
        _1_0="cc-zero",
    ),
)
_CC = re.compile(
    rf"\b(?:creative commons|cc)(?: cc)? (?:by|attribution|paternite){_QUALIFIERS}{_VERSION}"
    r"(?: (?:international|unported|france|fr|generic|generique|transpose|licen[cs]e|deed))*\b"
)
_CC_ADDRESS = re.compile(r"creativecommons\.org/licenses/(?P<kind>[a-z-]+)/(?P<version>[0-9.]+)")

_ADDRESSES = (
    (r"etalab\.gouv\.fr/.*(?:2017/04|2018/11|v2|version-2-0)", "lov2"),
    (r"etalab\.gouv\.fr/(?:pages/licence-ouverte|.*(?:2014/05|2011/1))", "fr-lo"),
    (r"(?:etalab|alliance\.numerique)\.gouv\.fr/(?:en/)?licence-ouverte", "lov2"),
    (r"data\.gouv\.fr/pages/legal/licences/etalab-2", "lov2"),
    (r"(?:raw\.)?github(?:usercontent)?\.com/etalab/licence-ouverte", "lov2"),
    (r"wiki\.data\.gouv\.fr/.*licence[_-]ouverte", "fr-lo"),
    (r"data\.gouv\.fr/(?:fr/)?licence-ouverte", "fr-lo"),
    (r"opendatacommons\.org/licenses/odbl", "odc-odbl"),
    (r"vvlibri\.org/(?:fr/)?licence/odbl", "odc-odbl"),
    (r"opendatacommons\.org/licenses/by", "odc-by"),
    (r"opendatacommons\.org/licenses/pddl", "odc-pddl"),
    (r"creativecommons\.org/publicdomain/zero/1\.0", "cc-zero"),
)
"""Where licences are read, or were: Etalab's site of before 2014 and 2021, wikis, translations."""

_SAID_BESIDES = (
    "donnees donnee data dataset datasets jeu jeux fichier fichiers base sous soumis soumise"
    " soumises licence license licences selon termes conditions la le les l un une de des du d ce"
    " cette ces a au aux en est sont mis mise mises disposition publie publiee publiees publies"
    " diffuse diffusee diffusees diffuses distribue distribuee distribuees ouvert ouverte ouvertes"
    " ouverts reutilisable reutilisables par pour reutilisation libre librement version et etat"
    " the under of is are this these in released published available made licensed by c copyright"
    " contributeurs contributors etalab france https http voir texte cf lien associee applique s"
    " attribution mention paternite obligatoire"
)
_NEUTRAL = frozenset(_SAID_BESIDES.split())
"""What a sentence that gives one licence says besides: nothing that narrows it."""

_SOURCE = (
    r"(?:(?:la|les|sa|ses|leurs?|le|l|de|des|du|d) ){0,3}(?:sources?|origines?|provenances?"
    r"|auteurs?|producteurs?|paternites?)(?: (?:de ces|des|de la|de|d|du) (?:donnees?|informations?"
    r"|jeu(?: de donnees)?|fichiers?))?"
    r"(?: (?:et|ainsi que) (?:(?:de|la|sa|leur) ){0,2}date de (?:(?:la|sa|leur) )?(?:derniere )?"
    r"mise a jour)?"
)
_ON_CONDITION = (
    r"(?:(?:sous|a|avec|moyennant) (?:la |l )?(?:seule )?(?:reserve|condition|obligation)"
    r" (?:expresse )?(?:de |d ))"
)
_ATTRIBUTION = re.compile(
    rf"\b(?:{_ON_CONDITION}?(?:(?:en )?(?:citer|citant|mentionner|mentionnant|indiquer|indiquant"
    rf"|preciser|precisant)|(?:(?:la|une) )?(?:mention|citation)(?: obligatoire)?) {_SOURCE}"
    rf"|{_SOURCE} (?:doi(?:ven)?t|devra|devront|a|sont a) (?:etre )?"
    r"(?:citee?s?|mentionnee?s?|indiquee?s?|citer|mentionner|indiquer)"
    rf"|{_ON_CONDITION}(?:l )?attribution)\b"
)
"""That the source is to be named: what licences with attribution say themselves."""

_WITHOUT_ATTRIBUTION = frozenset({"cc-zero", "odc-pddl"})
"""Licences that a duty to name the source would contradict."""

_LIMITS = (
    "sauf hors hormis excepte exceptes exclu exclue exclus exclues exclusion non pas ni aucun"
    " aucune sans ou or not no except excluding without contraire ancienne ancien ex anciennement"
    " jamais interdit interdite seulement uniquement incompatible"
)
_NARROWING = frozenset(_LIMITS.split())
"""What no name of a producer is, even where it begins a sentence."""


def _mentioned(text: str) -> str | None:
    """The identifier of the one licence that `text` names; None for none, several or a doubt."""
    if not text or len(text) > _LONGEST:
        return None
    plain_text = " ".join(text_of_html(text).split())
    links = [*links_of(text), *_ADDRESS.findall(plain_text)]
    licences = [_id_of_name(link) or _at(link) for link in links]
    plain_text = _ADDRESS.sub(" ", plain_text)
    is_attributed = False
    whole = _id_of_name(plain_text) if licences else None
    if whole:
        licences.append(whole)
    else:
        rest, is_attributed, named = _named_in(plain_text)
        if rest:
            return None
        licences += named
    if (
        not licences
        or len(set(licences)) > 1
        or (is_attributed and licences[0] in _WITHOUT_ATTRIBUTION)
    ):
        return None
    return licences[0]


def _named_in(text: str) -> tuple[bool, bool, list[str | None]]:
    """Whether a text says more than a licence, and asks for attribution; the licences it names."""
    proper = set() if text.isupper() else {fold(word) for word in _CAPITALISED.findall(text)}
    mentions: list[tuple[int, str, str | None]] = []
    more = is_attributed = False
    for clause in _CLAUSES.split(text.replace("/", " ")):
        plain = " ".join(_WORDS.findall(fold(clause)))
        here: list[tuple[int, str, str | None]] = []
        for at, family in enumerate(_FAMILIES):
            here += [
                (at, *_version_and_licence(family, match))
                for match in family.pattern.finditer(plain)
            ]
            plain = family.pattern.sub(" ", plain)
        here += [(len(_FAMILIES), *_cc_version_and_licence(match)) for match in _CC.finditer(plain)]
        plain, times = _ATTRIBUTION.subn(" ", _CC.sub(" ", plain))
        is_attributed |= times > 0
        allowed = _NEUTRAL | (proper - _NARROWING) if here else _NEUTRAL
        more |= not set(plain.split()) <= allowed
        mentions += here
    return more, is_attributed, list(_versioned(mentions))


def _version_and_licence(family: _Family, match: re.Match[str]) -> tuple[str, str | None]:
    version = match["version"] or ""
    if not version and "etalab" in match[0]:
        return version, family.versions.get("2")  # Etalab's latest, as the title in short
    return version, family.versions.get(version)


def _cc_version_and_licence(match: re.Match[str]) -> tuple[str, str | None]:
    return match["version"] or "", _creative(match["qualifiers"], match["version"] or "4 0")


def _creative(qualifiers: str, version: str) -> str | None:
    """The licence of Creative Commons with those qualifiers; None for one that is not open."""
    words = qualifiers.replace("-", " ")
    if re.search(r"\bn[cd]\b|commercial|modif|deriv", words):
        return None
    kind = "cc-by-sa" if re.search(r"\bsa\b|share|partage", words) else "cc-by"
    number = version.replace(" ", ".")
    number = number if "." in number else f"{number}.0"
    return {"4.0": kind, "3.0": f"{kind}-3.0", "2.0": f"{kind}-2.0"}.get(number)


def _versioned(mentions: list[tuple[int, str, str | None]]) -> Iterator[str | None]:
    """The licences mentioned; a name without version adds nothing to the same name with one."""
    versioned = {at for at, version, _ in mentions if version}
    for at, version, licence in mentions:
        if version or at not in versioned:
            yield licence


def _at(link: str) -> str | None:
    """The licence that an address leads to."""
    plain = link.lower()
    creative = _CC_ADDRESS.search(plain)
    if creative:
        kind = creative["kind"]
        return _creative(kind, creative["version"]) if kind.startswith("by") else None
    return next((name for pattern, name in _ADDRESSES if re.search(pattern, plain)), None)
