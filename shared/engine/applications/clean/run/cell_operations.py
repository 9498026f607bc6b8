"""What each operation makes of a column's cells, in SQL."""

from functools import singledispatch

from shared.engine.applications.clean.operations import (
    Case,
    Dates,
    Fill,
    LeadingZero,
    Numbers,
    OnCells,
    Pad,
    Scale,
    Trim,
)
from shared.engine.applications.clean.run.chain import Chain
from shared.engine.database import literal
from shared.engine.reading.columns.area_codes import lacks_zero
from shared.engine.reading.columns.typed_values import day_sql
from shared.engine.reading.values.numbers import any_number_sql
from shared.engine.running.steps.workbench import TABLE, number
from shared.errors import Invalid
from shared.language.french import counted
from shared.language.french import quoted as french_quoted

_SPACES = r"[\s\x{00a0}\x{2009}\x{202f}]+"
_WORDS = r"[\pL\pN]+|[^\pL\pN]+"
_CLEAR = ("%Y-%m-%d", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y")
"""Formats of which no text has two."""

_EXACT = 2**53
"""Whole numbers up to here are exact in a DOUBLE."""


@singledispatch
def cell(operation: OnCells, _chain: Chain, _name: str, _at: str) -> str:
    """Return a column's new values in SQL; raise Invalid naming the parameter that does not fit."""
    raise TypeError(operation)


@cell.register
def _trim(_told: Trim, chain: Chain, name: str, at: str) -> str:
    column = f"CAST({chain.column(name, at)} AS VARCHAR)"
    return f"trim(regexp_replace({column}, '{_SPACES}', ' ', 'g'))"


@cell.register
def _case(operation: Case, chain: Chain, name: str, at: str) -> str:
    column = f"CAST({chain.column(name, at)} AS VARCHAR)"
    if operation.to != "title":
        return f"{operation.to}({column})"
    words = f"regexp_extract_all(lower({column}), '{_WORDS}')"
    titled = f"list_transform({words}, lambda word: upper(word[1]) || word[2:])"
    return f"CASE WHEN {column} IS NOT NULL THEN array_to_string({titled}, '') END"


@cell.register
def _pad(operation: Pad, chain: Chain, name: str, at: str) -> str:
    text = chain.text(name, at)
    padded = f"lpad({text}, {operation.length}, {literal(operation.sign)})"
    is_short = f"length({text}) BETWEEN 1 AND {operation.length - 1}"
    return f"CASE WHEN {is_short} THEN {padded} ELSE {text} END"


@cell.register
def _leading_zero(operation: LeadingZero, chain: Chain, name: str, at: str) -> str:
    text = chain.text(name, at)
    return f"CASE WHEN {text} {lacks_zero(operation.key)} THEN '0' || {text} ELSE {text} END"


@cell.register
def _fill(operation: Fill, chain: Chain, name: str, at: str) -> str:
    column = f"CAST({chain.column(name, at)} AS VARCHAR)"
    value = literal(operation.value)
    return f"CASE WHEN coalesce(trim({column}), '') = '' THEN {value} ELSE {column} END"


@cell.register
def _scale(operation: Scale, chain: Chain, name: str, at: str) -> str:
    value, _whole = number(chain.now, TABLE, name, at)
    sign, factor = ("*", operation.multiply) if operation.multiply else ("/", operation.divide)
    scaled = f"round(CAST({value} AS DOUBLE) {sign} CAST({factor!r} AS DOUBLE), {operation.digits})"
    (others,) = chain.figures(
        f"count(*) FILTER ({scaled} <> trunc({scaled}) OR abs({scaled}) >= {_EXACT})", whole=True
    )
    return scaled if others or chain.now.is_protected else f"CAST({scaled} AS BIGINT)"


@cell.register
def _numbers(operation: Numbers, chain: Chain, name: str, at: str) -> str:
    chain.column(name, at)
    if operation.others == "refused" or chain.columns[name] != "VARCHAR":
        return number(chain.now, TABLE, name, at)[0]
    return any_number_sql(chain.text(name, at))


@cell.register
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
