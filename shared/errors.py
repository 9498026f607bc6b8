"""Every error the lab raises on purpose; the class docstring is the default message."""

from typing import ClassVar, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class SettingsError(Exception):
    """A setting is missing or wrong: the process does not start."""


class LabError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class Rejected(LabError):
    """The request can never succeed as it is."""

    status = 400


class Invalid(Rejected):
    """A value is wrong; `field` names it."""

    status = 422

    def __init__(self, message: str = "", field: str = "") -> None:
        super().__init__(message)
        self.args = (self.args[0], field)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.args[0]}" if self.field else str(self.args[0])


class Unauthenticated(Rejected):
    """A valid bearer token is needed."""

    status = 401


class Forbidden(Rejected):
    """This token's role does not allow that."""

    status = 403


class NotFound(Rejected):
    """Nothing has this identifier."""

    status = 404

    @classmethod
    def of(cls, identifier: str) -> Self:
        """The error that says so of `identifier`, alike whether it is unknown or not to be seen."""
        return cls(f"rien n'a ici l'identifiant {identifier}")


class WrongStage(Rejected):
    """The present state does not allow that."""

    status = 409


class TooLarge(Invalid):
    """The body is larger than this service accepts."""

    status = 413

    @classmethod
    def beyond(cls, limit: int, what: str, field: str = "") -> Self:
        """The error that says which `limit` in bytes `what` is beyond."""
        return cls(f"{what} dépasse {_in_words(limit)}", field)


def _in_words(size: int) -> str:
    for unit, factor in (("Go", 10**9), ("Mo", 10**6), ("ko", 10**3)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} octets"


class Unavailable(LabError):
    """A server that is needed does not answer now; the same request may succeed later."""

    status = 503


class Unreachable(Unavailable):
    """The document server cannot be reached: nothing can be done without it, so events wait."""


class Conflict(Unavailable):
    """The document changed while it was being decided upon."""

    status = 409


class DeadlineExceeded(Unavailable):
    """No answer came within the deadline."""

    status = 504


TYPED: tuple[type[LabError], ...] = tuple(
    found
    for found in list(globals().values())
    if isinstance(found, type) and issubclass(found, LabError) and found is not LabError
)
"""The errors that keep their type across an RPC call."""

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
"""What is wrong with a value, by pydantic's kinds of faults: in French, as its sender reads it."""


def invalid_of(error: ValidationError) -> Invalid:
    """The first fault that pydantic found, in French, naming the field and not the faulty value."""
    first = error.errors(include_url=False, include_input=False)[0]
    return Invalid(_in_french(first), ".".join(str(part) for part in first["loc"]))


def explain(error: ValidationError) -> str:
    """The first fault of a pydantic error as `field: what is wrong`, without the faulty value.

    In English: operators read it of what is parked.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"])) or "body"
    return f"{field}: {first['msg'].removeprefix('Value error, ')}"


def _in_french(fault: ErrorDetails) -> str:
    """One fault of a ValidationError, without the value; pydantic's words for a kind not known."""
    known = _FAULTS.get(fault["type"])
    if known is None:
        return fault["msg"]
    # Pydantic puts the word between the last two values.
    return known.format(**fault.get("ctx", {})).replace("' or '", "' ou '")
