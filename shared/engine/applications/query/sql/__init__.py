"""SQL that people write: what may stand in it, which columns it reads and what it makes of them."""

import re
from hashlib import sha256
from string import ascii_lowercase, ascii_uppercase

APPLICATION = "query"
"""The name of the application that runs it."""

MOST_CHARACTERS = 20_000
"""How long a query may be."""

OTHERS = "(autres colonnes)"
"""Stands for the columns of a result whose names only the run tells."""

PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
"""What stands for a value in a recipe, in a query as elsewhere."""

_PLAIN = str.maketrans(ascii_uppercase, ascii_lowercase)


def plain_lower(name: str) -> str:
    """Return a name as DuckDB compares it: without the case of A to Z, and of no other letter.

    `str.lower` would take `\u212a` (KELVIN SIGN) for `k`, and one table for another.
    """
    return name.translate(_PLAIN)


_CLOCK = re.compile(
    r"\b(now|today|ago|age|(get_)?current_\w+|local_?time(stamp)?|transaction_timestamp)\b",
    re.IGNORECASE,
)


def may_read_the_clock(sql: str) -> bool:
    """Return whether a query may read the clock, as it has a word that is named like one."""
    return _CLOCK.search(sql) is not None


def hash_of_query(sql: str) -> str:
    """Return the SHA-256 of its text: another is another request to owners."""
    return sha256(sql.encode("utf-8", "replace")).hexdigest()


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
