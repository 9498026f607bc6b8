"""Numbers of the social security (NIR): a column of them without their key, or a few with it."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.cog import load_codes
from services.compute.runner.columns.identifiers import (
    NIR_MONTH,
    Flags,
    Texts,
    among,
    is_nir,
    matching,
)
from services.compute.runner.database import literal, quoted, trimmed
from shared.tables.manifest import Column

_SHAPE = rf"[123478][0-9]{{2}}{NIR_MONTH}([0-9]{{2}}|2[AB])[0-9]{{6}}([0-9]{{2}})?"
_STRICT = r"[12][0-9]{2}(0[1-9]|1[0-2])([0-9]{2}|2[AB])[0-9]{6}"
_BORN = slice(5, 10)
"""Where the commune of birth stands, or 99 and a country."""

_SPACE = "[ \u00a0\u202f]?"
_PARTS = (
    "[1-478]",
    "[0-9]{2}",
    "[0-9]{2}",
    "([0-9]{2}|2[ABab])",
    "[0-9]{3}",
    "[0-9]{3}",
    "[0-9]{2}",
)
_WRITTEN = "|".join(between.join(_PARTS) for between in (_SPACE, "[.]", "-"))
"""A whole NIR; within a decimal number a point stands elsewhere."""

_LONG = rf"[0-9]({_SPACE}[0-9]){{14}}"
_SHORTEST, _LONGEST = 15, 21
_MOST, _AT_ONCE = 0.5, 100_000


def compact(texts: Texts) -> Texts:
    """Numbers as they are without spaces, points and hyphens."""
    return pc.replace_substring_regex(pc.utf8_upper(texts), "[ .\u00a0\u202f-]", "")


def is_shaped_as_nir(texts: Texts) -> Flags:
    """Sex, year, month, commune and order; the key of two digits may lack, or be wrong.

    Source: decree 82-103 of 22 January 1982.
    """
    return matching(_SHAPE)(compact(texts))


def is_plausible_nir(plain: Texts) -> Flags:
    """Of compact numbers of thirteen signs: a month of the calendar, a known commune or abroad."""
    found = matching(_STRICT)(plain)
    born = pc.utf8_slice_codeunits(plain.filter(pa.array(found)), _BORN.start, _BORN.stop)
    found[found] = among(load_codes().communes)(born) | matching("99[1-5][0-9]{2}")(born)
    return found


def nirs_in_cells(
    database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column]
) -> dict[str, int]:
    """The columns with cells that are whole NIRs with the right key, and how many such cells.

    All rows are looked at: one among thousands is somebody's. In a column most of which is numbers
    of fifteen digits they count for nothing, as of any such numbers one in a hundred has the key.
    """
    found = {}
    for column in columns:
        if column.kind in {"text", "integer", "decimal"} and column.filled:
            long, keyed = _counted(database, table, column.name)
            if keyed and long <= _MOST * column.filled:
                found[column.name] = keyed
    return found


def _counted(database: duckdb.DuckDBPyConnection, table: str, column: str) -> tuple[int, int]:
    """How many cells are numbers of fifteen digits, and how many are NIRs with the right key."""
    cells = database.sql(f"""
        SELECT * FROM (
            SELECT cell, {_matches(_LONG)} AS is_long, {_matches(_WRITTEN)} AS is_written FROM (
                SELECT regexp_replace({trimmed(column)}, '[.]0$', '') AS cell
                FROM {quoted(table)}
            ) WHERE length(cell) BETWEEN {_SHORTEST} AND {_LONGEST}
        ) WHERE is_long OR is_written
    """)
    long = keyed = 0
    for batch in cells.to_arrow_reader(_AT_ONCE):
        long += batch["is_long"].true_count
        keyed += int(is_nir(batch["cell"].filter(batch["is_written"])).sum())
    return long, keyed


def _matches(pattern: str) -> str:
    return f"regexp_full_match(cell, {literal(pattern)})"
