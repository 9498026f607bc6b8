"""What kinds of keys and types of columns are called in French."""

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


def key_in_french(key: str) -> str:
    """The kind of key with its article; its name where French has none for it."""
    return KEYS.get(key, f"la clé {key}")
