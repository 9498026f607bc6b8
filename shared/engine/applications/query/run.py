"""Runs a SELECT of a person's on the tables of its step, and on nothing else.

What the analysis of the query says that it reads is what it gets: another column would fail, and
not be read in silence.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from shared.engine.applications.effect import Effect, Source
from shared.engine.applications.query.application import QueryParameters, effect
from shared.engine.applications.query.sql import OTHERS
from shared.engine.contract.result import Report
from shared.engine.database import count, literal, quoted
from shared.engine.release.populations import visible
from shared.engine.running.sql.binding import bind, bound, selected, trimmed
from shared.engine.running.sql.faults import failed_at, failure_of
from shared.engine.running.sql.plain_groups import plain_groups
from shared.engine.running.steps.workbench import TypedColumn, Workbench, note_unread, typed_columns
from shared.errors import Invalid, Rejected
from shared.language.french import counted, grouped

_UNREAD = "colonne hors de l'analyse"
"""What a column fails with that the query reads though its analysis says no."""

_UNFORESEEN = (
    "le résultat a des colonnes que l'analyse de la requête n'a pas vues : nommez-les une par une"
    " dans un SELECT"
)


def run(workbench: Workbench, parameters: QueryParameters) -> Report:
    """Make the table that the query selects.

    Raises Invalid for a query that does not fit its tables, with its place in the text; Rejected
    for one that fails on their rows, or makes too many: no value of a row is told.
    """
    workbench.say(0.1, "lit la requête")
    tables = {role: given_columns(workbench, role) for role in workbench.tables}
    columns_by_role = {role: tuple(columns) for role, columns in tables.items()}
    query_effect = effect(parameters, columns_by_role)
    if query_effect.faults:
        raise Invalid(query_effect.faults[0].message, query_effect.faults[0].field)
    shapes = {role: shape(columns) for role, columns in tables.items()}
    plain = plain_groups(parameters.sql, shapes) if workbench.is_protected else None
    sql = plain.sql if plain else parameters.sql
    types = bind(sql, shapes)
    workbench.say(0.2, "exécute la requête")
    names = result_names(query_effect, types)
    with _views(workbench, tables, query_effect):
        rows = _select(workbench, sql, shapes, names)
    workbench.say(0.9, "compte ce qui n'a pas été lu")
    for source in sorted(query_effect.reads, key=str):
        if source.column in tables[source.role]:
            note_unread(workbench, source.role, source.column, tables[source.role][source.column])
    read = sum(
        workbench.tables[role].rows for role in {source.role for source in _reads(query_effect)}
    )
    return {
        "rows": {"in": read, "out": rows},
        "columns": dict(zip(names, types.values(), strict=True)),
        "summary": f"{counted(rows, 'ligne', 'lignes')} par requête SQL sur"
        f" {counted(len(workbench.tables), 'table', 'tables')}",
    }


def shape(columns: Mapping[str, TypedColumn]) -> dict[str, str]:
    """Return the types of columns as a query gets them."""
    return {name: column.sql_type for name, column in columns.items()}


def given_columns(workbench: Workbench, role: str) -> dict[str, TypedColumn]:
    """Return the columns of the table in a role, without those by which rows are followed.

    `*` would show them.
    """
    return typed_columns(workbench, role, visible(list(workbench.columns(role))))


@contextmanager
def _views(
    workbench: Workbench, tables: Mapping[str, Mapping[str, TypedColumn]], query_effect: Effect
) -> Iterator[None]:
    """Let the names of the query stand for its tables, with the columns that it reads.

    They are temporary views, which are found before the tables of other steps.
    """
    whole = query_effect.whole
    read = {(source.role, source.column) for source in _reads(query_effect)}
    try:
        for role, columns in tables.items():
            chosen = (
                f"{column.value if (role, name) in read or role in whole else _unread(column)}"
                f" AS {quoted(name)}"
                for name, column in columns.items()
            )
            source = f"memory.main.{quoted(workbench.tables[role].name)}"
            workbench.database.execute(
                f"CREATE TEMP VIEW {quoted(role)} AS SELECT {', '.join(chosen)} FROM {source}"
            )
        yield
    finally:
        for role in tables:
            workbench.database.execute(f"DROP VIEW IF EXISTS temp.{quoted(role)}")


def _reads(query_effect: Effect) -> frozenset[Source]:
    parts = (part.source for column in query_effect.columns.values() for part in column.of)
    return query_effect.reads | frozenset(parts)


def _unread(column: TypedColumn) -> str:
    return f"CAST(error({literal(_UNREAD)}) AS {column.sql_type})"


def result_names(query_effect: Effect, types: Mapping[str, str]) -> list[str]:
    """Return what the result's columns are called: as was foreseen, or as the engine names them.

    Raises Invalid where the engine makes more of them than owners were asked for.
    """
    foreseen = list(query_effect.columns)
    if query_effect.is_open or query_effect.passes or OTHERS in foreseen:
        return list(types)
    if len(types) > len(foreseen):
        raise Invalid(_UNFORESEEN, "sql")
    return foreseen if len(foreseen) == len(types) else list(types)


def _select(
    workbench: Workbench, sql: str, shapes: Mapping[str, Mapping[str, str]], names: list[str]
) -> int:
    """Make the result; returns its rows."""
    limit = workbench.crossing_rows
    types, text = bound(workbench.database, sql, shapes), trimmed(sql)
    asked = selected(text, types, names)
    try:
        workbench.make(f"{asked} LIMIT {limit + 1}")
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise
    except duckdb.Error as error:
        # What runs of restricted data may be written in another way than it was asked.
        ran = "" if workbench.is_protected else workbench.making(asked)
        raise Rejected(_told(text, error, ran)) from None
    rows = count(workbench.database, workbench.output)
    if rows > limit:
        raise Rejected(
            f"le résultat de la requête a plus de {grouped(limit)} lignes : filtrez, ou agrégez"
        )
    return rows


def _told(sql: str, error: duckdb.Error, ran: str) -> str:
    if _UNREAD in str(error):
        return (
            "la requête lit une colonne que son analyse n'a pas vue : nommez les colonnes au lieu"
            " de lire des lignes entières"
        )
    failure = failed_at(sql, error, ran) if ran else failure_of(error)
    return (
        f"la requête a échoué, {failure}"
        if failure.startswith("ligne ")
        else f"la requête a échoué : {failure}"
    )
