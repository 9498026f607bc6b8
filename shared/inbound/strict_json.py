"""Reads JSON from outside and refuses what others could not read or keep."""

from typing import Any

from pydantic_core import from_json

from shared.errors import Invalid, Rejected
from shared.events.event import finite


def read(raw: str | bytes, what: str = "le corps") -> Any:  # noqa: ANN401 - whatever JSON says
    """What `raw` says; Rejected with line and column when it is not JSON, as NaN is not.

    Raises Invalid for what JSON can say and nobody can keep: 1e999 and U+0000.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Rejected(f"{what} n'est pas du JSON : {error}") from error
    try:
        finite(value)
    except ValueError as error:
        raise Invalid(str(error)) from error
    if _holds_nul(value):
        raise Invalid("un texte ne peut contenir le caractère U+0000")
    return value


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value
