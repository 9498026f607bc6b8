"""Codes of the vocabularies that catalogues are written with, and the lab's words for them.

Sources: the EU Publications Office's authority tables data-theme, frequency and language; the
Dublin Core collection description frequencies (purl.org/cld/freq); the categories of high-value
datasets of data.europa.eu; the frequencies of data.gouv.fr's API.
"""

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

HIGH_VALUE = {
    "c_ac64a52d": "geospatial",
    "c_dd313021": "earth_observation",
    "c_164e0bf5": "meteorological",
    "c_e1da4e07": "statistics",
    "c_a9135398": "companies",
    "c_b79e35eb": "mobility",
}

LANGUAGES = {
    "FRA": "fr",
    "ENG": "en",
    "DEU": "de",
    "SPA": "es",
    "ITA": "it",
    "NLD": "nl",
    "POR": "pt",
    "BRE": "br",
    "CAT": "ca",
    "COS": "co",
    "EUS": "eu",
    "OCI": "oc",
}

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
    return LANGUAGES.get(code.upper(), code.lower()[:2])
