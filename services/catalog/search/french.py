"""French words as search and matching compare them, and the names of keys in French."""

import tantivy

from shared.words import lexical

_GENERIC = frozenset({"donnee", "etude", "projet"})
"""Every dataset is data and every project a study: no reason that one fits the other."""


KEYS = {
    "commune": "le code commune",
    "epci": "le code de l'EPCI",
    "iris": "le code IRIS",
    "postcode": "le code postal",
    "siren": "le numéro SIREN",
    "siret": "le numéro SIRET",
    "departement": "le code du département",
    "region": "le code de la région",
}
TYPES = {
    "date": "date",
    "email": "adresse électronique",
    "finess": "numéro FINESS d'établissement de santé",
    "geo_point": "coordonnées géographiques",
    "latitude": "latitude",
    "longitude": "longitude",
    "month": "mois",
    "naf": "code NAF d'activité",
    "phone": "numéro de téléphone",
    "rna": "numéro RNA d'association",
    "rnb": "identifiant RNB de bâtiment",
    "tva": "numéro de TVA",
    "uai": "code UAI d'établissement scolaire",
    "url": "adresse web",
    "wkt": "géométrie",
    "year": "année",
}
"""What columns hold that are no keys, by their type."""

# Accents are gone before: Snowball would cut `chaussée` and `chaussee` at different letters.
_STEMMER = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    .filter(tantivy.Filter.stemmer("french"))
    .build()
)


def meaningful(*texts: str) -> dict[str, str]:
    """The words that tell what a project or dataset is about, as `lexical` gives them."""
    return {word: written for word, written in lexical(*texts).items() if word not in _GENERIC}


def key_in_french(key: str) -> str:
    """The kind of key with its article; its name where French has none for it."""
    return KEYS.get(key, f"la clé {key}")


def stems_of(words: str) -> list[str]:
    """The stems of words that `lexical` gives, one space apart."""
    return [str(stem) for stem in _STEMMER.analyze(words)]


def stem(word: str) -> str:
    """The stem of one word."""
    return stems_of(word)[0]
