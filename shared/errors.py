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


class Gone(Rejected):
    """What was here was taken away for good."""

    status = 410


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
    """What nothing can be done without is away, or not made yet: events wait for it."""


class Conflict(Unavailable):
    """The document changed while it was being decided upon."""

    status = 409


class TooMany(Unavailable):
    """The caller has too many requests under way."""

    status = 429


class DeadlineExceeded(Unavailable):
    """No answer came within the deadline."""

    status = 504


TYPED: tuple[type[LabError], ...] = tuple(
    error_class
    for error_class in list(globals().values())
    if isinstance(error_class, type)
    and issubclass(error_class, LabError)
    and error_class is not LabError
)
"""The errors that keep their type across an RPC call."""

_FAULTS = {
    kind: message
    for message, kinds in {
        "ce champ manque": "missing",
        "ce champ n'existe pas": "extra_forbidden",
        "les valeurs possibles sont {expected}": "literal_error",
        "{discriminator} doit être l'un de {expected_tags}": "union_tag_invalid",
        "{discriminator} manque": "union_tag_not_found",
        "doit être un texte": "string_type string_unicode",
        "doit avoir au moins {min_length} caractères": "string_too_short",
        "doit avoir au plus {max_length} caractères": "string_too_long",
        "n'a pas la forme attendue : {pattern}": "string_pattern_mismatch",
        "doit être un nombre entier": "int_type int_parsing int_from_float",
        "ce nombre est trop grand": "int_parsing_size",
        "doit être un nombre": "float_type float_parsing",
        "doit être un nombre fini": "finite_number",
        "doit être vrai ou faux (true, false)": "bool_type bool_parsing",
        "doit être plus grand que {gt}": "greater_than",
        "doit être au moins {ge}": "greater_than_equal",
        "doit être plus petit que {lt}": "less_than",
        "doit être au plus {le}": "less_than_equal",
        "doit être une liste JSON": "list_type tuple_type",
        "doit avoir au moins {min_length} éléments": "too_short",
        "doit avoir au plus {max_length} éléments": "too_long",
        "doit être un objet JSON": "dict_type model_type model_attributes_type",
        "doit être une date : AAAA-MM-JJ": (
            "date_type date_parsing date_from_datetime_parsing date_from_datetime_inexact"
        ),
        "doit être une date et une heure avec leur fuseau : AAAA-MM-JJThh:mm:ssZ": (
            "datetime_type datetime_parsing datetime_from_date_parsing timezone_aware"
        ),
        "{error}": "value_error",
    }.items()
    for kind in kinds.split()
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
    """One fault of a ValidationError, without the value; pydantic's words for an unknown kind."""
    template, context = _FAULTS.get(fault["type"]), fault.get("ctx", {})
    if template is None:
        return fault["msg"]
    if context.get("min_length") == 1:
        return "doit être rempli"
    # Pydantic puts the word between the last two values.
    return template.format(**context).replace("' or '", "' ou '")
