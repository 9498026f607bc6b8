"""Does the operations of a cleaning in order, in DuckDB, and counts what each changed."""

from collections.abc import Iterator
from functools import singledispatch

import pyarrow as pa

from shared.engine.applications.clean.application import CleanParameters
from shared.engine.applications.clean.operations import (
    Case,
    Choose,
    CommuneCodes,
    Dates,
    Distinct,
    Fill,
    LeadingZero,
    Numbers,
    OnCells,
    Operation,
    Pad,
    Recode,
    Rename,
    Rows,
    Scale,
    Trim,
    WithoutTotals,
)
from shared.engine.applications.clean.run.chain import Chain, first_rows
from shared.engine.applications.clean.run.commune_codes import add_codes, codes_in_words
from shared.engine.contract.result import Report
from shared.engine.database import ROW, count, literal, quoted
from shared.engine.reading.columns.area_codes import lacks_zero
from shared.engine.reading.columns.typed_values import day_sql
from shared.engine.reading.totals.labels import WHOLLY, label_sql
from shared.engine.reading.values.numbers import any_number_sql
from shared.engine.running.steps.workbench import TABLE, Workbench, number
from shared.errors import Invalid, Rejected
from shared.language.french import counted, french_list
from shared.language.french import quoted as french_quoted

_SPACES = r"[\s\x{00a0}\x{2009}\x{202f}]+"
_WORDS = r"[\pL\pN]+|[^\pL\pN]+"
_CLEAR = ("%Y-%m-%d", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y")
"""Formats of which no text has two."""

_EXACT = 2**53
"""Whole numbers up to here are exact in a DOUBLE."""

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
    for place, operation in enumerate(parameters.operations):
        workbench.say(place / len(parameters.operations), _TITLES[operation.op])
        operation_report = _apply(operation, chain, f"operations.{place}")
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
def _apply(operation: Operation, chain: Chain, at: str) -> Report:
    """Do one operation; returns what it changed, in cells or rows."""
    assert not isinstance(  # noqa: S101 - these are registered
        operation, Distinct | WithoutTotals | Rows | Choose | Rename | CommuneCodes
    )
    values = {
        name: _cell(operation, chain, name, f"{at}.columns.{place}")
        for place, name in enumerate(operation.columns)
    }
    cells, emptied = chain.change(values)
    return {"columns": list(values), "cells": cells, "emptied": emptied}


@_apply.register
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


_apply.register(add_codes)


@_apply.register
def _distinct(operation: Distinct, chain: Chain, at: str) -> Report:
    for place, name in enumerate(operation.columns):
        chain.column(name, f"{at}.columns.{place}")
    first = first_rows(operation.columns or tuple(chain.columns))
    return {"rows": chain.keep(lambda table: f"QUALIFY {ROW} IN {first(table)}")}


@_apply.register
def _without_totals(operation: WithoutTotals, chain: Chain, at: str) -> Report:
    for place, name in enumerate(operation.columns):
        chain.column(name, f"{at}.columns.{place}")
    tests = " OR ".join(f"{label_sql(name)} = {WHOLLY}" for name in operation.columns)
    return {"rows": chain.keep(lambda _table: f"WHERE NOT ({tests})")}


@_apply.register
def _rows(operation: Rows, chain: Chain, at: str) -> Report:
    text = f"coalesce({chain.text(operation.column, f'{at}.column')}, '')"
    values = ", ".join(literal(value.strip()) for value in operation.values)
    test = f"{text} {'NOT ' if operation.op == 'drop_rows' else ''}IN ({values})"
    return {"rows": chain.keep(lambda _table: f"WHERE {test}")}


@_apply.register
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


@_apply.register
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


@singledispatch
def _cell(operation: OnCells, _chain: Chain, _name: str, _at: str) -> str:
    """Return a column's new values in SQL; raise Invalid naming the parameter that does not fit."""
    raise TypeError(operation)


@_cell.register
def _trim(_told: Trim, chain: Chain, name: str, at: str) -> str:
    column = f"CAST({chain.column(name, at)} AS VARCHAR)"
    return f"trim(regexp_replace({column}, '{_SPACES}', ' ', 'g'))"


@_cell.register
def _case(operation: Case, chain: Chain, name: str, at: str) -> str:
    column = f"CAST({chain.column(name, at)} AS VARCHAR)"
    if operation.to != "title":
        return f"{operation.to}({column})"
    words = f"regexp_extract_all(lower({column}), '{_WORDS}')"
    titled = f"list_transform({words}, lambda word: upper(word[1]) || word[2:])"
    return f"CASE WHEN {column} IS NOT NULL THEN array_to_string({titled}, '') END"


@_cell.register
def _pad(operation: Pad, chain: Chain, name: str, at: str) -> str:
    text = chain.text(name, at)
    padded = f"lpad({text}, {operation.length}, {literal(operation.sign)})"
    is_short = f"length({text}) BETWEEN 1 AND {operation.length - 1}"
    return f"CASE WHEN {is_short} THEN {padded} ELSE {text} END"


@_cell.register
def _leading_zero(operation: LeadingZero, chain: Chain, name: str, at: str) -> str:
    text = chain.text(name, at)
    return f"CASE WHEN {text} {lacks_zero(operation.key)} THEN '0' || {text} ELSE {text} END"


@_cell.register
def _fill(operation: Fill, chain: Chain, name: str, at: str) -> str:
    column = f"CAST({chain.column(name, at)} AS VARCHAR)"
    value = literal(operation.value)
    return f"CASE WHEN coalesce(trim({column}), '') = '' THEN {value} ELSE {column} END"


@_cell.register
def _scale(operation: Scale, chain: Chain, name: str, at: str) -> str:
    value, _whole = number(chain.now, TABLE, name, at)
    sign, factor = ("*", operation.multiply) if operation.multiply else ("/", operation.divide)
    scaled = f"round(CAST({value} AS DOUBLE) {sign} CAST({factor!r} AS DOUBLE), {operation.digits})"
    (others,) = chain.figures(
        f"count(*) FILTER ({scaled} <> trunc({scaled}) OR abs({scaled}) >= {_EXACT})", whole=True
    )
    return scaled if others or chain.now.is_protected else f"CAST({scaled} AS BIGINT)"


@_cell.register
def _numbers(operation: Numbers, chain: Chain, name: str, at: str) -> str:
    chain.column(name, at)
    if operation.others == "refused" or chain.columns[name] != "VARCHAR":
        return number(chain.now, TABLE, name, at)[0]
    return any_number_sql(chain.text(name, at))


@_cell.register
def _dates(operation: Dates, chain: Chain, name: str, at: str) -> str:
    column = chain.column(name, at)
    kind = chain.columns[name]
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"CAST({column} AS DATE)"
    text = f"nullif({chain.text(name, at)}, '')"
    day = f"coalesce({', '.join(day_sql(text, shape) for shape in operation.formats or _CLEAR)})"
    if operation.others == "refused":
        is_wrong = f"{text} IS NOT NULL AND {day} IS NULL"
        (wrong,) = chain.figures(f"count(*) FILTER ({is_wrong})", whole=True)
        if wrong:
            some = counted(wrong, "valeur n'est pas une date", "valeurs ne sont pas des dates")
            raise Invalid(
                f"colonne {french_quoted(name)} : {some} d'un format demandé ; formats en choisit"
                " d'autres, et others = « empty » laisse ces cellules vides",
                at,
            )
    return day
