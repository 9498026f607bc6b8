"""What is wrong with a parameter, in French: the holder reads it."""

from pydantic_core import ErrorDetails

_FAULTS = {
    "missing": "ce paramètre manque",
    "extra_forbidden": "ce paramètre n'existe pas",
    "literal_error": "les valeurs possibles sont {expected}",
    "string_type": "doit être un texte",
    "string_too_short": "doit avoir au moins {min_length} caractère(s)",
    "string_too_long": "doit avoir au plus {max_length} caractères",
    "int_type": "doit être un nombre entier",
    "int_parsing": "doit être un nombre entier",
    "int_from_float": "doit être un nombre entier",
    "bool_type": "doit être vrai ou faux",
    "bool_parsing": "doit être vrai ou faux",
    "greater_than_equal": "doit être au moins {ge}",
    "less_than_equal": "doit être au plus {le}",
    "tuple_type": "doit être une liste",
    "too_short": "doit avoir au moins {min_length} élément(s)",
    "too_long": "doit avoir au plus {max_length} éléments",
    "model_type": "doit être un objet",
    "model_attributes_type": "doit être un objet",
    "value_error": "{error}",
}
"""The kinds of pydantic's faults that the parameters' types can have."""


def in_french(fault: ErrorDetails) -> str:
    """One fault of a ValidationError; pydantic's own words for a kind that is new."""
    known = _FAULTS.get(fault["type"])
    if known is None:
        return fault["msg"]
    # Pydantic puts the word between the last two values.
    return known.format(**fault.get("ctx", {})).replace("' or '", "' ou '")
