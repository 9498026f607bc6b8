"""Codes of the vocabularies that catalogues are written in, and the lab's words for them.

Sources: the authority tables data-theme, language and frequency of the EU Publications Office; the
categories of high-value datasets (data.europa.eu/bna) of Implementing Regulation (EU) 2023/138; the
publisher types of ADMS (purl.org/adms/publishertype).
"""

from typing import Literal, NamedTuple


class Concept(NamedTuple):
    """A concept of a vocabulary: its code there, and its French title."""

    code: str
    title: str


THEMES = {
    "AGRI": "Agriculture, pêche, sylviculture et alimentation",
    "ECON": "Économie et finances",
    "EDUC": "Éducation, culture et sport",
    "ENER": "Énergie",
    "ENVI": "Environnement",
    "GOVE": "Gouvernement et secteur public",
    "HEAL": "Santé",
    "INTR": "Questions internationales",
    "JUST": "Justice, système juridique et sécurité publique",
    "REGI": "Régions et villes",
    "SOCI": "Population et société",
    "TECH": "Science et technologie",
    "TRAN": "Transports",
}
"""Codes of the themes, with their French titles."""

HIGH_VALUE: dict[str, Concept] = {
    "geospatial": Concept("c_ac64a52d", "Géospatial"),
    "earth_observation": Concept("c_dd313021", "Observation de la Terre et environnement"),
    "meteorological": Concept("c_164e0bf5", "Météorologie"),
    "statistics": Concept("c_e1da4e07", "Statistiques"),
    "companies": Concept("c_a9135398", "Entreprises et propriété d'entreprises"),
    "mobility": Concept("c_b79e35eb", "Mobilité"),
}
"""The lab's words for the categories."""

PublisherKind = Literal[
    "national_authority",
    "regional_authority",
    "local_authority",
    "supranational_authority",
    "academia",
    "company",
    "industry_consortium",
    "nonprofit",
    "ngo",
    "standards_body",
    "individual",
]

PUBLISHERS: dict[PublisherKind, Concept] = {
    "national_authority": Concept("NationalAuthority", "Autorité nationale"),
    "regional_authority": Concept("RegionalAuthority", "Autorité régionale"),
    "local_authority": Concept("LocalAuthority", "Collectivité locale"),
    "supranational_authority": Concept("SupraNationalAuthority", "Organisation supranationale"),
    "academia": Concept("Academia-ScientificOrganisation", "Enseignement supérieur et recherche"),
    "company": Concept("Company", "Entreprise"),
    "industry_consortium": Concept("IndustryConsortium", "Consortium industriel"),
    "nonprofit": Concept("NonProfitOrganisation", "Organisme à but non lucratif"),
    "ngo": Concept("NonGovernmentalOrganisation", "Organisation non gouvernementale"),
    "standards_body": Concept("StandardisationBody", "Organisme de normalisation"),
    "individual": Concept("PrivateIndividual(s)", "Particulier"),
}
"""The lab's words for what kind of body publishes data."""

LANGUAGES = {
    "fr": "FRA",
    "en": "ENG",
    "de": "DEU",
    "es": "SPA",
    "it": "ITA",
    "nl": "NLD",
    "pt": "POR",
    "br": "BRE",
    "ca": "CAT",
    "co": "COS",
    "eu": "EUS",
    "oc": "OCI",
}
"""ISO 639-1 codes of the languages that data may be in, with those of three letters."""
