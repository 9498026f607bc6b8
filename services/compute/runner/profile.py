"""Describes a table: what its columns hold, by value."""

import duckdb

from services.compute.runner.bench import Say, columns, count
from services.compute.runner.keys import find_key, load_reference
from services.compute.runner.names import quoted
from shared.manifest import Column

_LOOKED_AT = 5000
"""Distinct values that a key column is recognised by."""

_WHOLE = "[+-]?(0|[1-9][0-9]{0,17})"
_DECIMAL = "[+-]?(0|[1-9][0-9]*)([.,][0-9]+)?"
_DATES = "['%Y-%m-%d', '%d/%m/%Y', '%Y/%m/%d']"
_BOOLEANS = "('true', 'false', 'vrai', 'faux', 'oui', 'non')"
_KINDS = {
    "integer": f"regexp_full_match(value, '{_WHOLE}')",
    "decimal": f"regexp_full_match(value, '{_DECIMAL}')",
    "boolean": f"lower(value) IN {_BOOLEANS}",
    "date": f"try_strptime(value, {_DATES}) IS NOT NULL",
}
"""Tried in this order on columns of text; a code with leading zeros is no number."""


def describe(database: duckdb.DuckDBPyConnection, table: str, say: Say) -> tuple[int, list[Column]]:
    """The rows of `table`, and its columns in order."""
    reference = load_reference()
    described = []
    types = columns(database, table)
    for at, (name, kind) in enumerate(types.items()):
        say(at / len(types), f"décrit la colonne {name}")
        column = f"(SELECT {quoted(name)} AS value FROM {quoted(table)})"
        if kind == "VARCHAR":
            column = f"(SELECT nullif(trim(value), '') AS value FROM {column})"
            key = find_key(name, _some(database, column), reference)
            described.append(_column(database, name, column, _kind(database, column), key))
        else:
            described.append(_column(database, name, column, _kind_of_type(kind), None))
    return count(database, table), described


def _column(
    database: duckdb.DuckDBPyConnection, name: str, column: str, kind: str, key: str | None
) -> Column:
    ((filled, distinct),) = database.execute(
        f"SELECT count(value), count(DISTINCT value) FROM {column}"
    ).fetchall()
    return Column(
        name=name, kind="text" if key else kind, filled=filled, distinct=distinct, key=key
    )


def _kind(database: duckdb.DuckDBPyConnection, column: str) -> str:
    tests = ", ".join(f"bool_and({test})" for test in _KINDS.values())
    (fits,) = database.execute(f"SELECT {tests} FROM {column} WHERE value IS NOT NULL").fetchall()
    return next((kind for kind, fit in zip(_KINDS, fits, strict=True) if fit), "text")


def _some(database: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    """Distinct values from all over the column, the same ones each time."""
    found = database.execute(
        f"SELECT DISTINCT value FROM {column} WHERE value IS NOT NULL"
        f" ORDER BY hash(value), value LIMIT {_LOOKED_AT}"
    ).fetchall()
    return [value for (value,) in found]


def _kind_of_type(kind: str) -> str:
    if kind.startswith(("DATE", "TIMESTAMP")):
        return "date"
    if kind.startswith(("DECIMAL", "FLOAT", "DOUBLE")):
        return "decimal"
    if kind == "BOOLEAN":
        return "boolean"
    return "integer" if "INT" in kind else "text"
