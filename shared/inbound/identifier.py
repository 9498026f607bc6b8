"""Identifiers as they come from outside: in tokens, queries and RPC arguments."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.errors import Invalid

_ANY = re.compile(r"[A-Za-z0-9_.:@-]{1,200}")
_MEMBER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def checked_member(value: object) -> str:
    """`value` if it can name a member, else Invalid: lists are filtered by it, and logs show it."""
    try:
        return _member(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Invalid(str(error), "member") from error


def _member(value: str) -> str:
    if not _MEMBER.fullmatch(value):
        raise ValueError("l'identifiant d'un membre a de 1 à 64 des caractères A-Z a-z 0-9 _ . -")
    return value


def _plain(value: str) -> str:
    if not _ANY.fullmatch(value):
        raise ValueError(
            "doit être un identifiant : de 1 à 200 des caractères A-Z a-z 0-9 _ . : @ -"
        )
    return value


Identifier = Annotated[
    str,
    AfterValidator(_plain),
    Field(json_schema_extra={"pattern": f"^{_ANY.pattern}$"}),
]
"""The id of anything, or a cursor, which is one; whether the thing exists is not asked."""

MemberId = Annotated[
    str,
    AfterValidator(_member),
    Field(json_schema_extra={"pattern": f"^{_MEMBER.pattern}$"}),
]
"""The id of a member, as tokens name one; whether somebody has it is not asked."""
