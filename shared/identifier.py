"""Identifiers as they come from outside: which ones can name a member."""

import re

from shared.errors import Invalid

_MEMBER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def checked_member(value: object) -> str:
    """`value` if it can name a member, else Invalid: lists are filtered by it, and logs show it."""
    if not isinstance(value, str) or not _MEMBER.fullmatch(value):
        raise Invalid("a member id has 1 to 64 of the characters A-Z a-z 0-9 _ . -", "member")
    return value
