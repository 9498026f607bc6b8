"""The terms of a description: literals, and addresses in the vocabularies of DCAT-AP 3.0.1.

Codes are those of the EU Publications Office's authority tables (publications.europa.eu), of
data.europa.eu/bna for the categories of Implementing Regulation (EU) 2023/138, and of ADMS
(purl.org/adms) for the types of publishers and licences: section 11 of DCAT-AP prescribes them.
"""

import re
from datetime import UTC, datetime
from urllib.parse import quote

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import CSVW, DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, SKOS, XSD
from rdflib.term import Node as Term

from services.catalog.datasets.metadata import HighValue, Language
from services.catalog.licences.licences import Duty, Licence
from shared.catalogues.eu_codes import HIGH_VALUE, LANGUAGES, PUBLISHERS, THEMES, PublisherKind
from shared.catalogues.rdf import ADMS, DCATAP, HYDRA, SPDX, VCARD
from shared.engine.tables.territory import is_department, is_epci
from shared.language.folding import fold

ELI = Namespace("http://data.europa.eu/eli/ontology#")

PREFIXES = {
    "adms": str(ADMS),
    "csvw": str(CSVW),
    "dcat": str(DCAT),
    "dcatap": str(DCATAP),
    "dct": str(DCTERMS),
    "eli": str(ELI),
    "foaf": str(FOAF),
    "hydra": str(HYDRA),
    "prov": str(PROV),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "skos": str(SKOS),
    "spdx": str(SPDX),
    "vcard": str(VCARD),
    "xsd": str(XSD),
}

_NOT_XML = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (2.2) has no place for, or advises against."""

_IN_URI = ":/?#[]@!$&'()*+,;=%~"
"""What stands in a URI as it is, beside letters and digits (RFC 3986); all else is encoded."""

AUTHORITY = Namespace("http://publications.europa.eu/resource/authority/")
"""The authority tables of the EU Publications Office."""

_ADMS_TYPES = "http://purl.org/adms/"
_INSEE = Namespace("http://id.insee.fr/geo/")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+_-]+")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_IANA = Namespace("http://www.iana.org/assignments/media-types/")

THEME_TABLE = URIRef(AUTHORITY + "data-theme")
FRANCE = URIRef(AUTHORITY + "country/FRA")
AVAILABLE = URIRef(AUTHORITY + "planned-availability/AVAILABLE")
DCATAP_3 = URIRef("https://semiceu.github.io/DCAT-AP/releases/3.0.1")
DCAT_VERSION = URIRef(f"{DCAT}version")
"""Of DCAT 3, which rdflib does not know yet."""

HIGH_VALUE_LAW = URIRef("http://data.europa.eu/eli/reg_impl/2023/138/oj")
"""Commission Implementing Regulation (EU) 2023/138, laying down a list of high-value datasets."""

_ALIASES = {
    "AGRI": "agriculture, alimentation, foret, peche, sylviculture, elevage, viticulture",
    "ECON": "economie, finances, emploi, entreprises, commerce, tourisme, industrie, budget",
    "EDUC": "education, culture, sport, patrimoine, enseignement, formation, loisirs, jeunesse",
    "ENER": "energie, electricite, gaz, energies renouvelables, irve",
    "ENVI": "environnement, climat, eau, dechets, biodiversite, air, meteo, risques, mer, littoral",
    "GOVE": "gouvernement, administration, service public, services publics, elections",
    "HEAL": "sante, soins",
    "INTR": "international, cooperation, europe",
    "JUST": "justice, securite, droit",
    "REGI": "territoire, territoires, habitat, logement, urbanisme, amenagement, ville, foncier",
    "SOCI": "societe, population, social, demographie, solidarite, action sociale",
    "TECH": "science, technologie, numerique, recherche, telecommunications, innovation",
    "TRAN": "transport, transports, mobilite, mobilites, circulation, stationnement, velo, voirie",
}
_BY_NAME = {
    fold(name): code
    for code, title in THEMES.items()
    for name in (code, title, *_ALIASES[code].split(", "))
}

_LICENCE_TYPES = {
    Duty.ASK: ("UnknownIPR", "Droits à demander au producteur"),
    Duty.SHARE_ALIKE: ("ViralEffect-ShareAlike", "Partage dans les mêmes conditions"),
    Duty.ATTRIBUTION: ("Attribution", "Mention de la paternité"),
}
_FREE = ("PublicDomain", "Domaine public")

_FILE_TYPES = {
    "application/vnd.apache.parquet": "PARQUET",
    "application/geo+json": "GEOJSON",
    "application/geopackage+sqlite3": "GPKG",
    "application/json": "JSON",
    "application/pdf": "PDF",
    "application/vnd.google-earth.kml+xml": "KML",
    "application/vnd.google-earth.kmz": "KMZ",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/xml": "XML",
    "application/zip": "ZIP",
    "image/png": "PNG",
    "image/svg+xml": "SVG",
    "text/csv": "CSV",
    "text/html": "HTML",
    "text/plain": "TXT",
    "text/xml": "XML",
}
_OTHERS = ("DBF", "DOC", "DOCX", "GML", "ODT", "SHP", "TIFF", "TSV")
_ENDINGS = frozenset({*_FILE_TYPES.values(), *_OTHERS})

_ALGORITHMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
"""Checksum algorithms that SPDX has an address for, with the length of their hexadecimal values."""


class Node:
    """A subject of statements."""

    def __init__(self, graph: Graph, subject: Term, *classes: URIRef) -> None:
        self._graph, self.subject = graph, subject
        for rdf_class in classes:
            self.add(RDF.type, rdf_class)

    def add(self, predicate: URIRef, value: Term | None) -> None:
        """Add a statement, unless its value is None."""
        if value is not None:
            self._graph.add((self.subject, predicate, value))

    def refer(self, predicate: URIRef, subject: Term, *classes: URIRef) -> "Node":
        """Refer to another subject, saying what it is: who reads this need not look it up."""
        self.add(predicate, subject)
        return Node(self._graph, subject, *classes)

    def part(self, path: str) -> URIRef:
        """The address of what belongs to it, such as its `#fragment`."""
        return URIRef(f"{self.subject}{path}")


def empty_graph() -> Graph:
    """A graph with our prefixes alone: rdflib's own thirty cost time in every serialisation."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def text(value: str, language: str | None = None) -> Literal:
    """A text; XML reads each kind of line end as one, so there is one kind."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return Literal(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", lines), lang=language)


def moment(value: datetime) -> Literal:
    """A time, as XML Schema writes it."""
    return Literal(value.isoformat(timespec="seconds"), datatype=XSD.dateTime, normalize=False)


def day_or_moment(value: str) -> Literal | None:
    """A date or time as another catalogue wrote it; None for what is neither."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    if len(value) == len("2026-01-31"):
        return typed(read.date().isoformat(), "date")
    return moment(read if read.tzinfo else read.replace(tzinfo=UTC))


def typed(value: object, name: str) -> Literal:
    """A value of that type of XML Schema, written as `str` does."""
    return Literal(str(value), datatype=XSD[name], normalize=False)


def address(value: str) -> URIRef:
    """A URI, with what may not stand in one percent-encoded."""
    return URIRef(quote(value, safe=_IN_URI))


def add_concept(node: Node, predicate: URIRef, concept: URIRef, title: str) -> None:
    """Refer to a concept of a controlled vocabulary, with its French title."""
    node.refer(predicate, concept, SKOS.Concept).add(SKOS.prefLabel, text(title, "fr"))


def add_title(node: Node, title: str, description: str, language: str = "fr") -> None:
    """Add title and description, which nothing in a catalogue may be without."""
    node.add(DCTERMS.title, text(title, language))
    node.add(DCTERMS.description, text(description or title, language))


def theme(text: str) -> tuple[URIRef, str] | None:
    """The EU's data theme that a French word, a title or a code names, with its title."""
    code = _BY_NAME.get(fold(text))
    return (URIRef(f"{THEME_TABLE}/{code}"), THEMES[code]) if code else None


def high_value(category: HighValue) -> tuple[URIRef, str]:
    """The category of high-value datasets, with its title."""
    code, title = HIGH_VALUE[category]
    return URIRef(f"http://data.europa.eu/bna/{code}"), title


def publisher_type(kind: PublisherKind) -> tuple[URIRef, str]:
    """The type of a publisher, with its title."""
    code, title = PUBLISHERS[kind]
    return URIRef(f"{_ADMS_TYPES}publishertype/{code}"), title


def licence_type(licence: Licence) -> tuple[URIRef, str]:
    """The type that says most of what a licence asks for, with its title."""
    name, title = next(
        (named_type for duty, named_type in _LICENCE_TYPES.items() if duty in licence.duties), _FREE
    )
    return URIRef(f"{_ADMS_TYPES}licencetype/{name}"), title


def language(code: Language) -> URIRef:
    """The EU's language, which goes by three letters (ISO 639-2/T)."""
    return AUTHORITY[f"language/{LANGUAGES[code]}"]


def file_type(media_type: str, ending: str = "") -> URIRef | None:
    """The EU's file type of an IANA media type or a file's ending; None for one not known here."""
    code = _FILE_TYPES.get(_plain(media_type)) or ending.upper()
    return AUTHORITY[f"file-type/{code}"] if code in _ENDINGS else None


def media_type(name: str) -> URIRef | None:
    """The media type at IANA; None for a text that is none."""
    return _IANA[_plain(name)] if _MEDIA_TYPE.fullmatch(_plain(name)) else None


def checksum_algorithm(name: str, value: str) -> URIRef | None:
    """SPDX's algorithm of that name; None for another, or when `value` cannot be of it."""
    if len(value) != _ALGORITHMS.get(name) or not _HEXADECIMAL.fullmatch(value):
        return None
    return SPDX[f"checksumAlgorithm_{name}"]


def place(code: str) -> URIRef:
    """The INSEE's address of a department, a commune or, by its SIREN, an EPCI.

    By code, as the official geographic code was first published (INSEE, RDF); the addresses with a
    UUID that INSEE has beside them cannot be told from a code without its server.
    """
    if is_epci(code):
        return _INSEE[f"intercommunalite/{code}"]
    kind = "departement" if is_department(code) else "commune"
    return _INSEE[f"{kind}/{code}"]


def _plain(media_type: str) -> str:
    """Without parameters, such as the charset."""
    return media_type.partition(";")[0].strip().lower()
