"""The kinds of key columns, as people read them in French."""

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


def key_in_french(key: str) -> str:
    """The kind of key with its article; its name where French has none for it."""
    return KEYS.get(key, f"la clé {key}")
