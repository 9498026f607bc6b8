"""The open-data licences of data.gouv.fr's vocabulary, and which of them a text names.

This is not legal advice: it prepares the decision of people, who may ask a lawyer. Each licence
names the articles that its duties stand in.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from services.catalog.licences.mentions import mentioned
from shared.tables.licence_titles import TITLES
from shared.words import fold

_URL_DRESS = re.compile(r"^https?://(www\.)?|(/(deed|legalcode|summary)(\.[a-z-]+)?|\.html)?/*$")
_WORDS = re.compile(r"[a-z0-9]+")
_EU = "publications.europa.eu/resource/authority/licence/"
_OPEN = "opendefinition.org/licenses/"


class Duty(StrEnum):
    """What a licence asks of who publishes something made of its data."""

    ATTRIBUTION = "attribution"
    SHARE_ALIKE = "share_alike"
    KEEP_OPEN = "keep_open"
    ASK = "ask"


@dataclass(frozen=True)
class Licence:
    """One licence; `url` is empty where there is no one text, `source` names the articles.

    `aliases` are its other names and addresses: those of data.gouv.fr's vocabulary
    (/api/1/datasets/licenses/), SPDX, opendefinition.org and the EU's authority table.
    """

    id: str
    url: str
    source: str
    duties: frozenset[Duty] = frozenset()
    aliases: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is called in French."""
        return TITLES[self.id]


def _versions_2(name: str) -> tuple[str, ...]:
    """The ways to write the second version of a licence, which are many on data.gouv.fr."""
    return tuple(f"{name} {version}" for version in ("2.0", "v2", "v2.0", "version 2.0"))


_NAME = frozenset({Duty.ATTRIBUTION})
_ASK = frozenset({Duty.ASK})

LICENCES = (
    Licence(
        id="lov2",
        url="https://www.etalab.gouv.fr/licence-ouverte-open-licence",
        source="Licence Ouverte 2.0 (avril 2017), mention de la paternité",
        duties=_NAME,
        aliases=(
            *_versions_2("licence ouverte"),
            *_versions_2("open licence"),
            *_versions_2("licence ouverte / open licence"),
            *("etalab-2.0", "lo 2.0", "lov 2", "licence etalab", "licence ouverte (etalab)"),
            *("license etalab", "license etalab v2", "license etalab v2.0", "license ouverte"),
            *("licence ouverte v2.0 (etalab)", "spdx.org/licenses/etalab-2.0"),
            "etalab.gouv.fr/wp-content/uploads/2017/04/etalab-licence-ouverte-v2.0.pdf",
            "github.com/etalab/licence-ouverte/blob/master/lo.md",
        ),
    ),
    Licence(
        id="fr-lo",
        url="https://www.data.gouv.fr/Licence-Ouverte-Open-Licence",
        source="Licence Ouverte 1.0 (octobre 2011), mention de la paternité",
        duties=_NAME,
        aliases=(
            *("licence ouverte", "licence ouverte / open licence", "open licence"),
            *("lo 1.0", "lo/ol"),
            "etalab.gouv.fr/wp-content/uploads/2014/05/licence_ouverte.pdf",
            "etalab.gouv.fr/wp-content/uploads/2014/05/open_licence.pdf",
        ),
    ),
    Licence(
        id="odc-by",
        url="https://opendatacommons.org/licenses/by/1-0/",
        source="ODC-By 1.0, 4.2 et 4.3",
        duties=_NAME,
        aliases=(
            *("odc-by-1.0", "open data commons attribution license", f"{_EU}odc_by"),
            *("opendatacommons.org/licenses/by", f"{_OPEN}odc-by", "spdx.org/licenses/odc-by-1.0"),
        ),
    ),
    Licence(
        id="cc-by",
        url="https://creativecommons.org/licenses/by/4.0/",
        source="CC BY 4.0, 3(a)",
        duties=_NAME,
        aliases=(
            *("cc-by-4.0", "cc-by", "creative commons attribution", f"{_EU}cc_by_4_0"),
            *("creative commons attribution 4.0 international", f"{_OPEN}cc-by"),
            "attribution 4.0 international",
            "spdx.org/licenses/cc-by-4.0",
        ),
    ),
    Licence(
        id="other-at",
        url="",
        source="conditions du producteur",
        duties=_NAME,
        aliases=("other (attribution)",),
    ),
    Licence(
        id="odc-odbl",
        url="https://opendatacommons.org/licenses/odbl/1-0/",
        source="ODbL 1.0, 4.2, 4.3, 4.4 et 4.7",
        duties=frozenset({Duty.ATTRIBUTION, Duty.SHARE_ALIKE, Duty.KEEP_OPEN}),
        aliases=(
            *("odbl", "odbl-1.0", "open database license", "odc-odbl-1.0", f"{_EU}odc_bl"),
            *("open data commons open database license", f"{_OPEN}odc-odbl"),
            "open data commons open database license (odbl)",
            *("open data commons open database license 1.0", "opendatacommons.org/licenses/odbl"),
            "spdx.org/licenses/odbl-1.0",
        ),
    ),
    Licence(
        id="cc-by-sa",
        url="https://creativecommons.org/licenses/by-sa/4.0/",
        source="CC BY-SA 4.0, 3(a), 3(b) et 4(b)",
        duties=frozenset({Duty.ATTRIBUTION, Duty.SHARE_ALIKE}),
        aliases=(
            *("cc-by-sa-4.0", "creative commons attribution share-alike", f"{_EU}cc_bysa_4_0"),
            *("creative commons attribution-sharealike 4.0 international", f"{_OPEN}cc-by-sa"),
            *("creative commons attribution-sharealike", "spdx.org/licenses/cc-by-sa-4.0"),
        ),
    ),
    Licence(
        id="cc-by-3.0",
        url="https://creativecommons.org/licenses/by/3.0/",
        source="CC BY 3.0, 4(b)",
        duties=_NAME,
        aliases=("spdx.org/licenses/cc-by-3.0",),
    ),
    Licence(
        id="cc-by-2.0",
        url="https://creativecommons.org/licenses/by/2.0/",
        source="CC BY 2.0, 4(b)",
        duties=_NAME,
        aliases=("spdx.org/licenses/cc-by-2.0",),
    ),
    Licence(
        id="cc-by-sa-3.0",
        url="https://creativecommons.org/licenses/by-sa/3.0/",
        source="CC BY-SA 3.0, 4(b) et 4(c)",
        duties=frozenset({Duty.ATTRIBUTION, Duty.SHARE_ALIKE}),
        aliases=("spdx.org/licenses/cc-by-sa-3.0",),
    ),
    Licence(
        id="cc-by-sa-2.0",
        url="https://creativecommons.org/licenses/by-sa/2.0/",
        source="CC BY-SA 2.0, 4(b) et 4(c)",
        duties=frozenset({Duty.ATTRIBUTION, Duty.SHARE_ALIKE}),
        aliases=("spdx.org/licenses/cc-by-sa-2.0",),
    ),
    Licence(
        id="cc-zero",
        url="https://creativecommons.org/publicdomain/zero/1.0/",
        source="CC0 1.0, 2",
        aliases=(
            *("cc0", "cc0-1.0", "creative commons cczero", "creative commons zero", f"{_EU}cc0"),
            *("creative commons cc0 1.0 universal", f"{_OPEN}cc-zero", "spdx.org/licenses/cc0-1.0"),
        ),
    ),
    Licence(
        id="odc-pddl",
        url="https://opendatacommons.org/licenses/pddl/1-0/",
        source="PDDL 1.0, 3",
        aliases=(
            *("pddl", "pddl-1.0", "open data commons public domain dedication and licence (pddl)"),
            *("opendatacommons.org/licenses/pddl", f"{_EU}odc_pddl", f"{_OPEN}odc-pddl"),
            "open data commons public domain dedication and license",
            "spdx.org/licenses/pddl-1.0",
        ),
    ),
    Licence(
        id="other-pd",
        url="",
        source="déclaration du producteur",
        aliases=("other (public domain)", "public domain"),
    ),
    Licence(
        id="other-open",
        url="",
        source="conditions du producteur, à lire",
        duties=_ASK,
        aliases=("other (open)",),
    ),
    Licence(
        id="notspecified",
        url="",
        source="code de la propriété intellectuelle, L342-1 : qui extrait demande à le faire",
        duties=_ASK,
        aliases=("license not specified", "non spécifiée", "aucune"),
    ),
)


@lru_cache(maxsize=1000)
def find_licence(text: str) -> Licence | None:
    """The licence that an identifier, a title, an address or a sentence names; None for another.

    Case, accents, what parts words, and how an address begins and ends make no difference.
    """
    return _BY_NAME.get(_plain(text)) or _BY_ID.get(mentioned(text, _known) or "")


def _known(text: str) -> str | None:
    found = _BY_NAME.get(_plain(text))
    return found.id if found else None


def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(_URL_DRESS.sub("", fold(text))))


_BY_ID = {licence.id: licence for licence in LICENCES}
_BY_NAME = {
    _plain(name): licence
    for licence in LICENCES
    for name in (licence.id, licence.title, licence.url, *licence.aliases)
    if name
}


def canonical(licence: str) -> str:
    """The identifier of a licence that is known by another name; any other text as it is."""
    found = find_licence(licence)
    return found.id if found else licence
