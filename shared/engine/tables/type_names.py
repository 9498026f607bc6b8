"""What kinds of keys and types of columns are called in French."""

from shared.engine.tables.manifest import Meaning
from shared.engine.tables.misleading import examples_told
from shared.language.french import counted

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

_CODES = frozenset((*KEYS, "finess", "naf", "rna", "rnb", "tva", "uai"))


def key_in_french(key: str) -> str:
    """Return the kind of key in French with its article; its name without a translation."""
    return KEYS.get(key, f"la clé {key}")


def others_told(meaning: Meaning) -> str:
    """State in French which rows of a code column have other values; empty without any."""
    if not meaning.invalid_rows or meaning.type not in _CODES:
        return ""
    others = counted(
        meaning.invalid_rows,
        "ligne a une autre valeur, qui reste telle quelle et ne se croise pas",
        "lignes ont d'autres valeurs, qui restent telles quelles et ne se croisent pas",
    )
    examples = examples_told(meaning.invalid, meaning.invalid_at)
    some = "p. ex. " if meaning.invalid_rows > len(meaning.invalid_at) else ""
    return f"{others} : {some}{examples}" if examples else others
