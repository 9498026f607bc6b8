"""Namespaces, and the controlled vocabularies that DCAT-AP 3.0.1 prescribes (section 11).

Codes are those of the EU Publications Office's authority tables (publications.europa.eu), of
data.europa.eu/bna for the categories of Implementing Regulation (EU) 2023/138, and of ADMS
(purl.org/adms) for the types of publishers and licences.
"""

import re

from rdflib import Namespace, URIRef

from services.catalog.datasets.metadata import HighValue, Language
from services.catalog.licences.licences import Duty, Licence
from shared.tables.eu_codes import HIGH_VALUE, LANGUAGES, PUBLISHERS, THEMES, PublisherKind
from shared.tables.territory import is_department, is_epci
from shared.words import fold

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
DCT = Namespace("http://purl.org/dc/terms/")
ELI = Namespace("http://data.europa.eu/eli/ontology#")
FOAF = Namespace("http://xmlns.com/foaf/0.1/")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
PROV = Namespace("http://www.w3.org/ns/prov#")
RDF = Namespace("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
RDFS = Namespace("http://www.w3.org/2000/01/rdf-schema#")
SKOS = Namespace("http://www.w3.org/2004/02/skos/core#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")

PREFIXES = {
    "adms": ADMS,
    "dcat": DCAT,
    "dcatap": DCATAP,
    "dct": DCT,
    "eli": ELI,
    "foaf": FOAF,
    "hydra": HYDRA,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "skos": SKOS,
    "spdx": SPDX,
    "vcard": VCARD,
    "xsd": XSD,
}

_AUTHORITY = Namespace("http://publications.europa.eu/resource/authority/")
_ADMS_TYPES = "http://purl.org/adms/"
_INSEE = Namespace("http://id.insee.fr/geo/")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+_-]+")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_IANA = Namespace("http://www.iana.org/assignments/media-types/")

THEME_TABLE = URIRef(_AUTHORITY + "data-theme")
FRANCE = URIRef(_AUTHORITY + "country/FRA")
AVAILABLE = URIRef(_AUTHORITY + "planned-availability/AVAILABLE")
DCATAP_3 = URIRef("https://semiceu.github.io/DCAT-AP/releases/3.0.1")
SHA256 = SPDX.checksumAlgorithm_sha256
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

_CATEGORIES: dict[HighValue, str] = {
    "geospatial": "Géospatial",
    "earth_observation": "Observation de la Terre et environnement",
    "meteorological": "Météorologie",
    "statistics": "Statistiques",
    "companies": "Entreprises et propriété d'entreprises",
    "mobility": "Mobilité",
}

_LICENCE_TYPES = {
    Duty.ASK: ("UnknownIPR", "Droits à demander au producteur"),
    Duty.SHARE_ALIKE: ("ViralEffect-ShareAlike", "Partage dans les mêmes conditions"),
    Duty.ATTRIBUTION: ("Attribution", "Mention de la paternité"),
}
_FREE = ("PublicDomain", "Domaine public")

_PUBLISHERS: dict[PublisherKind, str] = {
    "national_authority": "Autorité nationale",
    "regional_authority": "Autorité régionale",
    "local_authority": "Collectivité locale",
    "supranational_authority": "Organisation supranationale",
    "academia": "Enseignement supérieur et recherche",
    "company": "Entreprise",
    "industry_consortium": "Consortium industriel",
    "nonprofit": "Organisme à but non lucratif",
    "ngo": "Organisation non gouvernementale",
    "standards_body": "Organisme de normalisation",
    "individual": "Particulier",
}

_FILE_TYPES = {
    "application/vnd.apache.parquet": "PARQUET",
    "application/geo+json": "GEOJSON",
    "application/json": "JSON",
    "application/pdf": "PDF",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/xml": "XML",
    "application/zip": "ZIP",
    "image/png": "PNG",
    "text/csv": "CSV",
    "text/html": "HTML",
    "text/plain": "TXT",
    "text/xml": "XML",
}
_OTHERS = ("DBF", "DOC", "DOCX", "GML", "GPKG", "KML", "KMZ", "ODT", "SHP", "TIFF", "TSV")
_ENDINGS = frozenset({*_FILE_TYPES.values(), *_OTHERS})

_ALGORITHMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
"""Checksum algorithms that SPDX has an address for, with the length of their hexadecimal values."""


def theme(text: str) -> tuple[URIRef, str] | None:
    """The EU's data theme that a French word, a title or a code names, with its title."""
    code = _BY_NAME.get(fold(text))
    return (URIRef(f"{THEME_TABLE}/{code}"), THEMES[code]) if code else None


def high_value(category: HighValue) -> tuple[URIRef, str]:
    """The category of high-value datasets, with its title."""
    return URIRef(f"http://data.europa.eu/bna/{HIGH_VALUE[category]}"), _CATEGORIES[category]


def publisher_type(kind: PublisherKind) -> tuple[URIRef, str]:
    """The type of a publisher, with its title."""
    return URIRef(f"{_ADMS_TYPES}publishertype/{PUBLISHERS[kind]}"), _PUBLISHERS[kind]


def licence_type(licence: Licence) -> tuple[URIRef, str]:
    """The type that says most of what a licence asks for, with its title."""
    name, title = next(
        (told for duty, told in _LICENCE_TYPES.items() if duty in licence.duties), _FREE
    )
    return URIRef(f"{_ADMS_TYPES}licencetype/{name}"), title


def language(code: Language) -> URIRef:
    """The EU's language, which goes by three letters (ISO 639-2/T)."""
    return _AUTHORITY[f"language/{LANGUAGES[code]}"]


def frequency(code: str) -> URIRef:
    """The EU's frequency."""
    return _AUTHORITY[f"frequency/{code}"]


def access_right(access: str) -> URIRef:
    """The EU's access right for `open` and `restricted`."""
    return _AUTHORITY[f"access-right/{'PUBLIC' if access == 'open' else 'RESTRICTED'}"]


def file_type(media_type: str, ending: str = "") -> URIRef | None:
    """The EU's file type of an IANA media type or a file's ending; None for one not known here."""
    code = _FILE_TYPES.get(_plain(media_type)) or ending.upper()
    return _AUTHORITY[f"file-type/{code}"] if code in _ENDINGS else None


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
