"""What is wrong with a value that somebody sent, in French: people read it."""

from pydantic_core import ErrorDetails

_OBJECT, _LIST, _TEXT = "doit être un objet JSON", "doit être une liste JSON", "doit être un texte"
_WHOLE, _NUMBER = "doit être un nombre entier", "doit être un nombre"
_TRUTH = "doit être vrai ou faux (true, false)"
_DATE = "doit être une date : AAAA-MM-JJ"
_MOMENT = "doit être une date et une heure avec leur fuseau : AAAA-MM-JJThh:mm:ssZ"

_FAULTS = {
    "missing": "ce champ manque",
    "extra_forbidden": "ce champ n'existe pas",
    "literal_error": "les valeurs possibles sont {expected}",
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": "doit avoir au moins {min_length} caractère(s)",
    "string_too_long": "doit avoir au plus {max_length} caractère(s)",
    "string_pattern_mismatch": "n'a pas la forme attendue : {pattern}",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "ce nombre est trop grand",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "doit être un nombre fini",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "greater_than": "doit être plus grand que {gt}",
    "greater_than_equal": "doit être au moins {ge}",
    "less_than": "doit être plus petit que {lt}",
    "less_than_equal": "doit être au plus {le}",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "too_short": "doit avoir au moins {min_length} élément(s)",
    "too_long": "doit avoir au plus {max_length} élément(s)",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "value_error": "{error}",
}
"""By pydantic's kinds of faults, those that the lab's types can have."""


def in_french(fault: ErrorDetails) -> str:
    """One fault of a ValidationError, without the value; pydantic's words for a kind not known."""
    known = _FAULTS.get(fault["type"])
    if known is None:
        return fault["msg"]
    # Pydantic puts the word between the last two values.
    return known.format(**fault.get("ctx", {})).replace("' or '", "' ou '")
