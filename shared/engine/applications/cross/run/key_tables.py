"""The tables of keys that a crossing is made by: what they are called, and of what they are."""

from typing import Literal, NamedTuple

from shared.engine.database import quoted

Side = Literal["left", "right"]

LEFT, MEETINGS = quoted("left keys and what they met"), quoted("keys that meet")

ALONE = f"({{0}} IS NULL OR {{0}} NOT IN (SELECT right_key FROM {MEETINGS}))"
"""Whether a right key meets nothing, in SQL, to be formatted with it."""


class JoinBound(NamedTuple):
    """What is joined: the table of pairs of keys, and how many right rows a key has at most.

    Where only keys meet that `are_equal`, those that have many rows need no table of pairs.
    """

    meetings: str = MEETINGS
    rows_of_a_key: int | None = None
    are_equal: bool = False


def key_text(column: str) -> str:
    """Return a cell as a key, in SQL: without spaces around, null for nothing."""
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')"


def cells(side: Side) -> str:
    """Return the table of a side's keys as its cells have them: `cell`, `key`, `n` and `weight`."""
    return quoted(f"{side} keys as they are written")


def keys(side: Side) -> str:
    """Return the table of a side's distinct keys: `key`, null for none, and `n` rows with it."""
    return quoted(f"{side} keys")


def few_rows(numbered: str, of: JoinBound) -> str:
    """Return the rows of a numbered right table (`number`, `key`, ...) that are joined."""
    if of.rows_of_a_key is None:
        return numbered
    until, before = (f"({place} * {of.rows_of_a_key}) // n" for place in ("place", "(place - 1)"))
    return f"""(SELECT * FROM {numbered} WHERE number IN (
        SELECT number FROM (
            SELECT number, n, row_number() OVER (PARTITION BY key ORDER BY number) AS place
            FROM (SELECT number, key FROM {numbered}) JOIN {keys("right")} USING (key)
            WHERE key IN (SELECT right_key FROM {of.meetings})
        ) WHERE n <= {of.rows_of_a_key} OR {until} <> {before}
    ))"""
