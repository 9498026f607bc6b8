"""Describes a table: what its columns hold, by value."""

import duckdb

from services.compute.runner.bench import Say, columns, count
from services.compute.runner.codes import Codes, load_codes
from services.compute.runner.names import literal, quoted
from services.compute.runner.semantics import kinds_of, lost_zero, recognise
from shared.manifest import Column, Meaning

_SPACE = "[ \u00a0\u202f]"
"""What French numbers are grouped with."""

_WHOLE = f"[+-]?(0|[1-9][0-9]{{0,17}}|[1-9][0-9]{{0,2}}({_SPACE}[0-9]{{3}}){{1,5}})"
_DECIMAL = f"[+-]?(0|[1-9][0-9]*|[1-9][0-9]{{0,2}}({_SPACE}[0-9]{{3}})+)([.,][0-9]+)?"
_DATES = (
    "['%Y-%m-%d', '%d/%m/%Y', '%Y/%m/%d', '%d-%m-%Y', '%d.%m.%Y', '%Y-%m-%d %H:%M:%S',"
    " '%Y-%m-%dT%H:%M:%S', '%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S']"
)
_BOOLEANS = "('true', 'false', 'vrai', 'faux', 'oui', 'non')"
_KINDS = {
    "integer": f"regexp_full_match(value, '{_WHOLE}')",
    "decimal": f"regexp_full_match(value, '{_DECIMAL}')",
    "boolean": f"lower(value) IN {_BOOLEANS}",
    "date": f"try_strptime(value, {_DATES}) IS NOT NULL",
}
"""Tried in this order on columns of text; a code with leading zeros is no number."""

_ALWAYS_MISSING = (r"\N", "#N/A", "NULL", "null")
_OFTEN_MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "ND", "nd", "n.d.", "-", "--", ".", "…", "?")
"""What programs and people write for "no value": also a name, a sign, the code of Namibia."""


class Tests:
    """What every column is tried with."""

    def __init__(self, codes: Codes) -> None:
        self.codes, self.kinds = codes, kinds_of(codes)


def describe(database: duckdb.DuckDBPyConnection, table: str, say: Say) -> tuple[int, list[Column]]:
    """The rows of `table`, and its columns in order.

    The marks that a column writes for "no value" are judged by the rest of it: where all other
    values are numbers, dates or codes, `NA` and `-` are none; in free text they may be a value.
    """
    tests = Tests(load_codes())
    described = []
    types = columns(database, table)
    for at, (name, kind) in enumerate(types.items()):
        say(at / len(types), f"décrit la colonne {name}")
        column = f"(SELECT {quoted(name)} AS value FROM {quoted(table)})"
        if kind == "VARCHAR":
            described.append(_text_column(database, name, column, tests))
        else:
            described.append(_column(database, name, column, _kind_of_type(kind)))
    return count(database, table), described


def without_marks(name: str, missing: tuple[str, ...]) -> str:
    """A column as an SQL expression in which its marks for "no value" are null."""
    marks = ", ".join(map(literal, missing))
    return f"CASE WHEN trim({quoted(name)}) IN ({marks}) THEN NULL ELSE {quoted(name)} END"


def _text_column(
    database: duckdb.DuckDBPyConnection, name: str, column: str, tests: Tests
) -> Column:
    column = f"(SELECT nullif(trim(value), '') AS value FROM {column})"
    marks = _marks(database, column)
    unmarked = _without(column, marks)
    meaning, key = _meaning(database, name, unmarked, tests)
    kind = "text" if key else _kind(database, unmarked)
    if not key and kind == "text":
        marks = tuple(mark for mark in marks if mark in _ALWAYS_MISSING)
    found = _column(database, name, _without(column, marks), kind)
    return found.model_copy(update={"key": key, "meaning": meaning, "missing": marks})


def _meaning(
    database: duckdb.DuckDBPyConnection, name: str, column: str, tests: Tests
) -> tuple[Meaning | None, str | None]:
    """What the column holds, and the kind of key it is."""
    counted = database.sql(
        f"SELECT value, count(*) AS n FROM {column} WHERE value IS NOT NULL GROUP BY value"
        " ORDER BY value"
    ).to_arrow_table()
    values = counted["value"].combine_chunks()
    found = recognise(name, values, counted["n"].to_numpy(), tests.kinds)
    if found:
        meaning, kind = found
        return meaning, kind.name if kind.is_key else None
    if lost_zero(values, tests.codes):
        repair = Meaning(type="commune", confidence=0.5, valid=0.0, repair="leading_zero")
        return repair, None
    return None, None


def _without(column: str, marks: tuple[str, ...]) -> str:
    if not marks:
        return column
    return f"(SELECT {without_marks('value', marks)} AS value FROM {column})"


def _marks(database: duckdb.DuckDBPyConnection, column: str) -> tuple[str, ...]:
    known = ", ".join(map(literal, (*_ALWAYS_MISSING, *_OFTEN_MISSING)))
    found = database.execute(
        f"SELECT DISTINCT value FROM {column} WHERE value IN ({known}) ORDER BY value"
    ).fetchall()
    return tuple(value for (value,) in found)


def _column(database: duckdb.DuckDBPyConnection, name: str, column: str, kind: str) -> Column:
    ((filled, distinct),) = database.execute(
        f"SELECT count(value), count(DISTINCT value) FROM {column}"
    ).fetchall()
    return Column(name=name, kind=kind, filled=filled, distinct=distinct)


def _kind(database: duckdb.DuckDBPyConnection, column: str) -> str:
    tests = ", ".join(f"bool_and({test})" for test in _KINDS.values())
    (fits,) = database.execute(f"SELECT {tests} FROM {column} WHERE value IS NOT NULL").fetchall()
    return next((kind for kind, fit in zip(_KINDS, fits, strict=True) if fit), "text")


def _kind_of_type(kind: str) -> str:
    if kind.startswith(("DATE", "TIMESTAMP")):
        return "date"
    if kind.startswith(("DECIMAL", "FLOAT", "DOUBLE")):
        return "decimal"
    if kind == "BOOLEAN":
        return "boolean"
    return "integer" if "INT" in kind else "text"
