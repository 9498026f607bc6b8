"""Gives codes their leading zeros back, where their owner accepted it."""

from collections.abc import Iterable

import duckdb

from services.compute.runner.columns.cog import load_codes
from services.compute.runner.database import columns, literal, quoted
from services.compute.runner.repairs import Repairs
from shared.events.event import AcceptedRepair

_SHORT_POSTCODE = "[1-9][0-9]{3}"


def with_leading_zeros(
    database: duckdb.DuckDBPyConnection,
    table: str,
    accepted: Iterable[AcceptedRepair],
    repairs: Repairs,
) -> dict[str, str]:
    """The columns of `table` that are repaired, as SQL expressions of their values.

    Values that are no codes without their zero stay as they are, and so do columns that another
    version of the file has no more.
    """
    types = columns(database, table)
    wanted = [one for one in accepted if one.column in types]
    tests = {one.column: f"{_text(one.column)} {_is_short(one.type)}" for one in wanted}
    counts = {name: _count(database, table, test) for name, test in tests.items()}
    repaired = [name for name, count in counts.items() if count]
    if repaired:
        repairs.note("leading_zero", count=sum(counts.values()), detail=", ".join(repaired))
    return {name: _lengthened(name, tests[name]) for name in repaired}


def _is_short(kind: str) -> str:
    """The test, in SQL, for what is a code of that kind once it begins with a zero."""
    if kind == "postcode":
        # The list is without CEDEX: the shape is enough.
        return f"SIMILAR TO '{_SHORT_POSTCODE}'"
    codes = load_codes()
    known = codes.departements if kind == "departement" else codes.communes
    short = sorted(code.removeprefix("0") for code in known if code.startswith("0"))
    return f"IN ({', '.join(map(literal, short))})"


def _lengthened(name: str, test: str) -> str:
    return f"CASE WHEN {test} THEN '0' || {_text(name)} ELSE CAST({quoted(name)} AS VARCHAR) END"


def _text(name: str) -> str:
    return f"trim(CAST({quoted(name)} AS VARCHAR))"


def _count(database: duckdb.DuckDBPyConnection, table: str, test: str) -> int:
    ((count,),) = database.execute(f"SELECT count(*) FROM {quoted(table)} WHERE {test}").fetchall()
    return int(count)
