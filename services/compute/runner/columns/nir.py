"""Numbers of the social security (NIR): a column of them without their key, or a few with it."""

from collections.abc import Sequence
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.cog import load_codes
from services.compute.runner.columns.identifiers import Flags, Test, Texts, among, is_nir, matching
from services.compute.runner.database import literal, quoted
from shared.tables.manifest import Column

_MONTH = "(0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])"
_SPOKEN = rf"[123478][0-9]{{2}}{_MONTH}([0-9]{{2}}|2[AB])[0-9]{{6}}([0-9]{{2}})?"
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

_SPOKEN_SHARE, _NEARLY_ALL, _ENOUGH = 0.5, 0.95, 10


def keyless_nir(values: Texts, *, is_spoken: bool) -> float:
    """How sure the filled values of a column make it that they are NIRs, from 0 to 1.

    Sex, year, month, commune and order (decree 82-103 of 22 January 1982) are enough under a name
    that speaks of them (`is_spoken`). Else nearly all of at least ten values, each once, must be
    born in a month of the calendar and in a known commune or abroad: a number's digits are so by
    chance in one of twenty. The key of two digits may lack, or be wrong under such a name.
    """
    if not len(values):
        return 0.0
    plain = pc.replace_substring_regex(pc.utf8_upper(values), "[ .\u00a0\u202f-]", "")
    if is_spoken:
        share = float(matching(_SPOKEN)(plain).mean())
        return share if share >= _SPOKEN_SHARE else 0.0
    if len(values) < _ENOUGH or len(plain.unique()) < len(plain):
        return 0.0
    share = float(_is_born_somewhere(plain).mean())
    return share if share >= _NEARLY_ALL else 0.0


def stray_nirs(
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
        SELECT cell FROM (
            SELECT regexp_replace(trim(CAST({quoted(column)} AS VARCHAR)), '[.]0$', '') AS cell
            FROM {quoted(table)}
        )
        WHERE length(cell) BETWEEN {_SHORTEST} AND {_LONGEST}
            AND regexp_full_match(cell, {literal(f"{_WRITTEN}|{_LONG}")})
    """)
    long = keyed = 0
    for (batch,) in cells.to_arrow_reader(_AT_ONCE):
        long += int(matching(_LONG)(batch).sum())
        keyed += int(_is_written(batch).sum())
    return long, keyed


def _is_written(cells: Texts) -> Flags:
    return matching(_WRITTEN)(cells) & is_nir(cells)


def _is_born_somewhere(plain: Texts) -> Flags:
    found = matching(_STRICT)(plain)
    born = pc.utf8_slice_codeunits(plain.filter(pa.array(found)), _BORN.start, _BORN.stop)
    found[found] = _communes()(born) | matching("99[1-5][0-9]{2}")(born)
    return found


@cache
def _communes() -> Test:
    return among(load_codes().communes)
