"""Does the operations of a cleaning in order, in DuckDB, and counts what each changed."""

from collections.abc import Iterator
from functools import singledispatch

import pyarrow as pa

from shared.engine.applications.clean.application import CleanParameters
from shared.engine.applications.clean.operations import (
    Choose,
    CommuneCodes,
    Distinct,
    Operation,
    Recode,
    Rename,
    Rows,
    WithoutTotals,
)
from shared.engine.applications.clean.run.cell_operations import cell
from shared.engine.applications.clean.run.chain import Chain, first_rows
from shared.engine.applications.clean.run.commune_codes import add_codes, codes_in_words
from shared.engine.contract.result import Report
from shared.engine.database import ROW, count, literal, quoted
from shared.engine.reading.totals.labels import WHOLLY, label_sql
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid, Rejected
from shared.language.french import counted, french_list

_CODES = quoted("codes of a recoding")
_ARRIVING = "codes of a recoding, arriving"
_CELLS = ("cellule changée", "cellules changées")
_TITLES = {
    "trim": "espaces",
    "case": "casse",
    "pad": "codes complétés",
    "leading_zero": "zéros de tête",
    "recode": "valeurs remplacées",
    "fill": "cellules vides",
    "commune_codes": "codes des communes",
    "scale": "changement d'unité",
    "dates": "dates",
    "numbers": "nombres",
    "distinct": "doublons",
    "drop_totals": "totaux",
    "keep_rows": "lignes gardées",
    "drop_rows": "lignes ôtées",
    "keep": "colonnes gardées",
    "drop": "colonnes ôtées",
    "rename": "colonnes renommées",
    "copy": "colonnes copiées",
}
"""What the report calls each operation."""


def run(workbench: Workbench, parameters: CleanParameters) -> Report:
    """Make the cleaned table, in the order of its rows.

    Raises Invalid naming the parameter whose column does not exist or holds what cannot be read.
    """
    chain = Chain(workbench)
    reports = []
    for number, operation in enumerate(parameters.operations):
        workbench.say(number / len(parameters.operations), _TITLES[operation.op])
        operation_report = apply(operation, chain, f"operations.{number}")
        reports.append({"op": operation.op, **operation_report})
    workbench.say(0.9, "écrit la table nettoyée")
    workbench.make(f"SELECT * FROM {quoted(chain.table.name)}")
    rows = {
        "in": workbench.tables["table"].rows,
        "out": count(workbench.database, workbench.output),
    }
    report: Report = {"rows": rows, "operations": reports}
    return report | {"summary": " ; ".join(_in_words(report))}


@singledispatch
def apply(operation: Operation, chain: Chain, at: str) -> Report:
    """Do one operation; returns what it changed, in cells or rows."""
    assert not isinstance(  # noqa: S101 - these are registered
        operation, Distinct | WithoutTotals | Rows | Choose | Rename | CommuneCodes
    )
    values = {
        name: cell(operation, chain, name, f"{at}.columns.{place}")
        for place, name in enumerate(operation.columns)
    }
    cells, emptied = chain.change(values)
    return {"columns": list(values), "cells": cells, "emptied": emptied}


@apply.register
def _recode(operation: Recode, chain: Chain, at: str) -> Report:
    texts = {
        name: chain.text(name, f"{at}.columns.{place}")
        for place, name in enumerate(operation.columns)
    }
    _make_codes(operation, chain, at)
    joined: list[str] = []
    values: dict[str, str] = {}
    changed: list[int] = []
    for place, (name, text) in enumerate(texts.items()):
        column = quoted(name)
        mine = text.replace(column, f"t.{column}")
        joined.append(f"LEFT JOIN {_CODES} c{place} ON c{place}.code = {mine}")
        other = "NULL" if operation.others == "empty" else f"CAST(t.{column} AS VARCHAR)"
        values[name] = f"CASE WHEN c{place}.code IS NOT NULL THEN c{place}.value ELSE {other} END"
        changed += _counts(chain, column, text)
    if operation.others == "refused" and (unknown := sum(changed[2::3])):
        some = counted(unknown, "valeur n'a pas", "valeurs n'ont pas")
        raise Invalid(f"{some} de remplacement ; others en décide autrement", f"{at}.others")
    chain.join(" ".join(joined), values)
    emptied = sum(changed[2::3]) if operation.others == "empty" else 0
    cells = sum(changed[1::3]) + emptied
    replaced, unknown = sum(changed[::3]), sum(changed[2::3])
    counts = {"cells": cells, "emptied": emptied, "known": replaced, "unknown": unknown}
    return {"columns": list(values), **counts}


def _counts(chain: Chain, column: str, text: str) -> tuple[int, ...]:
    """Return how many cells have a code, how many of them change, and how many have none."""
    table = quoted(chain.table.name)
    ((*counts,),) = chain.workbench.rows(
        "SELECT count(c.code), count(*) FILTER (c.value IS DISTINCT FROM t.before"
        " AND c.code IS NOT NULL), count(*) FILTER (t.text <> '' AND c.code IS NULL) FROM"
        f" (SELECT {text} AS text, CAST({column} AS VARCHAR) AS before FROM {table}) t"
        f" LEFT JOIN {_CODES} c ON c.code = t.text"
    )
    return tuple(int(count) for count in counts)


def _make_codes(operation: Recode, chain: Chain, at: str) -> None:
    """Make the table of `code` and `value`; raises Rejected where a code has several values."""
    database = chain.workbench.database
    if operation.codes:
        codes = {code.strip(): value for code, value in operation.codes.items()}
        listed = pa.table({"code": list(codes), "value": list(codes.values())})
        database.register(_ARRIVING, listed)
        database.execute(f"CREATE OR REPLACE TABLE {_CODES} AS FROM {quoted(_ARRIVING)}")
        database.unregister(_ARRIVING)
        return
    if "codes" not in chain.workbench.tables:
        raise Invalid("le rôle codes n'a pas de table", f"{at}.codes")
    bench = chain.workbench
    code = bench.column("codes", operation.from_column or "", f"{at}.from_column")
    value = bench.column("codes", operation.to_column or "", f"{at}.to_column")
    database.execute(
        f"CREATE OR REPLACE TABLE {_CODES} AS SELECT DISTINCT"
        f" trim(CAST({code} AS VARCHAR)) AS code, CAST({value} AS VARCHAR) AS value"
        f" FROM {quoted(bench.tables['codes'].whole)} WHERE trim(CAST({code} AS VARCHAR)) <> ''"
    )
    ((several,),) = bench.rows(
        f"SELECT count(*) FROM (SELECT code FROM {_CODES} GROUP BY code HAVING count(*) > 1)"
    )
    if several:
        some = counted(several, "valeur y mène", "valeurs y mènent")
        raise Rejected(f"la table des valeurs à remplacer hésite : {some} à plusieurs autres")


@apply.register
def _commune_codes(operation: CommuneCodes, chain: Chain, at: str) -> Report:
    return add_codes(operation, chain, at)


@apply.register
def _distinct(operation: Distinct, chain: Chain, at: str) -> Report:
    for place, name in enumerate(operation.columns):
        chain.column(name, f"{at}.columns.{place}")
    first = first_rows(operation.columns or tuple(chain.columns))
    return {"rows": chain.keep(lambda table: f"QUALIFY {ROW} IN {first(table)}")}


@apply.register
def _without_totals(operation: WithoutTotals, chain: Chain, at: str) -> Report:
    for place, name in enumerate(operation.columns):
        chain.column(name, f"{at}.columns.{place}")
    tests = " OR ".join(f"{label_sql(name)} = {WHOLLY}" for name in operation.columns)
    return {"rows": chain.keep(lambda _table: f"WHERE NOT ({tests})")}


@apply.register
def _rows(operation: Rows, chain: Chain, at: str) -> Report:
    text = f"coalesce({chain.text(operation.column, f'{at}.column')}, '')"
    values = ", ".join(literal(value.strip()) for value in operation.values)
    test = f"{text} {'NOT ' if operation.op == 'drop_rows' else ''}IN ({values})"
    return {"rows": chain.keep(lambda _table: f"WHERE {test}")}


@apply.register
def _choose(operation: Choose, chain: Chain, at: str) -> Report:
    for place, name in enumerate(operation.columns):
        chain.column(name, f"{at}.columns.{place}")
    kept = [
        column
        for column in chain.columns
        if (column in operation.columns) == (operation.op == "keep")
    ]
    if not kept:
        raise Invalid("il ne resterait aucune colonne", f"{at}.columns")
    chain.choose({name: quoted(name) for name in kept})
    return {"columns": list(operation.columns)}


@apply.register
def _rename(operation: Rename, chain: Chain, at: str) -> Report:
    for name in operation.columns:
        chain.column(name, f"{at}.columns.{name}")
    chain.rename(operation.columns, is_copy=operation.op == "copy")
    return {"columns": list(operation.columns.values())}


def _in_words(report: Report) -> Iterator[str]:
    rows = report["rows"]
    yield f"{counted(rows['in'], 'ligne', 'lignes')}, {counted(rows['out'], 'gardée', 'gardées')}"
    for operation in report["operations"]:
        title = _TITLES[operation["op"]]
        if operation["op"] == "commune_codes":
            yield codes_in_words(operation)
        elif "cells" in operation:
            emptied = counted(operation["emptied"], "laissée vide", "laissées vides")
            names = french_list([f"« {name} »" for name in operation["columns"]])
            extra = f", {emptied}" if operation["emptied"] else ""
            yield f"{title} ({names}) : {counted(operation['cells'], *_CELLS)}{extra}"
        elif "rows" in operation:
            yield f"{title} : {counted(operation['rows'], 'ligne écartée', 'lignes écartées')}"
