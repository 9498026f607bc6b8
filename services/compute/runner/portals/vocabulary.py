"""Codes of the vocabularies that catalogues are written with, and the lab's words for them.

Sources, beside those of shared/tables/eu_codes.py: the EU Publications Office's authority table
frequency; the Dublin Core collection description frequencies (purl.org/cld/freq); the frequencies
of data.gouv.fr's API.
"""

from shared.tables import eu_codes

HIGH_VALUE = {code: word for word, code in eu_codes.HIGH_VALUE.items()}
PUBLISHERS = {code: word for word, code in eu_codes.PUBLISHERS.items()}
_LANGUAGES = {letters: code for code, letters in eu_codes.LANGUAGES.items()}

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
    return _LANGUAGES.get(code.upper(), code.lower()[:2])
