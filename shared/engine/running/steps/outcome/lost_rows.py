"""Which step leaves a result without a row, or a column without a value, and what is close by."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import duckdb

from shared.engine.applications import APPLICATIONS
from shared.engine.applications.application import Equality
from shared.engine.contract.result import LOST, NEAR, Report
from shared.engine.database import Database, columns, filled, folded, literal, quoted
from shared.engine.running.steps.workbench import InputTable
from shared.events.event import Step
from shared.language.french import french_list, grouped
from shared.language.french import quoted as french_quoted

_ALIKE = 0.85
"""Jaro-Winkler similarity from which a value is close to another: most letters, the first first."""

_MOST = 5
_SUFFIX = re.compile(r"_\d+$")
"""What a crossing adds to the second of two columns of one name."""


def lost(database: Database, steps: tuple[Step, ...], tables: Mapping[str, InputTable]) -> Report:
    """Report in French what is wrong with the last table, and a value that may have been meant.

    Empty where it has rows, and a value in every column that the treatment made. What an input has
    empty is no fault of the treatment.
    """
    result = steps[-1].output
    if tables[result].rows == 0:
        return _lost_rows(database, steps, tables)
    sentence = _made_empty(database, steps, tables, result)
    return {LOST: sentence} if sentence else {}


def _lost_rows(
    database: Database, steps: tuple[Step, ...], tables: Mapping[str, InputTable]
) -> Report:
    for step in steps:
        input_tables = [tables[name] for name in step.inputs.values()]
        if none := [table for table in input_tables if table.rows == 0]:
            return {LOST: f"la table {french_quoted(none[0].called)} n'a aucune ligne"}
        if tables[step.output].rows == 0:
            return _emptied(database, step, input_tables)
    return {}


def _emptied(database: Database, step: Step, input_tables: list[InputTable]) -> Report:
    """Report a step that got rows and left none."""
    before = french_list([_lines(table) for table in input_tables])
    roles = dict(zip(step.inputs, input_tables, strict=True))
    # Of a step that an earlier job did, the tables need not be here.
    with suppress(duckdb.Error):
        columns_by_role = {role: columns(database, table.name) for role, table in roles.items()}
        application = APPLICATIONS[step.application]
        for equality in application.equalities(step.parameters, columns_by_role):
            table = roles[equality.role]
            if not _kept(database, equality, table):
                sentence = f"le filtre « {equality.column} = {equality.text} » garde 0 des"
                value = _near(database, equality, table)
                hint = {NEAR: f"valeur proche : {value}"} if value else {}
                return {LOST: f"{sentence} {grouped(table.rows)} lignes"} | hint
    title = APPLICATIONS[step.application].title
    return {LOST: f"l'étape {french_quoted(step.output)} ({title}) reçoit {before} et n'en garde 0"}


def _lines(table: InputTable) -> str:
    lines = "ligne" if table.rows == 1 else "lignes"
    return f"{grouped(table.rows)} {lines} de {french_quoted(table.called)}"


def _kept(database: Database, equality: Equality, table: InputTable) -> bool:
    value, text = filled(equality.column), literal(equality.text.strip())
    if equality.is_folded:
        value, text = folded(value), folded(text)
    return bool(
        _rows(database, f"SELECT 1 FROM {quoted(table.name)} WHERE {value} = {text} LIMIT 1")
    )


def _near(database: Database, equality: Equality, table: InputTable) -> str:
    """Return the value of the column that is most like the one that none has; empty without any."""
    text, value = folded(literal(equality.text)), folded("value")
    holds = f"contains({value}, {text}) OR contains({text}, {value})"
    alike = f"jaro_winkler_similarity({value}, {text})"
    rows = _rows(
        database,
        f"SELECT value FROM (SELECT DISTINCT {filled(equality.column)} AS value"
        f" FROM {quoted(table.name)}) WHERE {holds} OR {alike} >= {_ALIKE}"
        f" ORDER BY ({holds}) DESC, {alike} DESC, value LIMIT 1",
    )
    return str(rows[0][0])[:100] if rows else ""


def _rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    return database.execute(sql).fetchall()


def _made_empty(
    database: Database, steps: tuple[Step, ...], tables: Mapping[str, InputTable], result: str
) -> str:
    """State which columns of the result lost all values, though no input has them empty."""
    inputs = {name for step in steps for name in step.inputs.values()} - {
        step.output for step in steps
    }
    as_read = {column for name in inputs for column in _without_value(database, tables[name].whole)}
    empty = _without_value(database, tables[result].name)
    new_columns = [
        column
        for column in empty
        if _SUFFIX.sub("", column) not in as_read and column not in as_read
    ]
    if not new_columns:
        return ""
    of = french_list([french_quoted(column) for column in new_columns[:_MOST]])
    many = "les colonnes" if len(new_columns) > 1 else "la colonne"
    has, rows = "ont" if len(new_columns) > 1 else "a", grouped(tables[result].rows)
    return f"{many} {of} du résultat n'{has} aucune valeur (lignes : {rows})"


def _without_value(database: Database, table: str) -> list[str]:
    """Return the columns of a table none of whose rows has a value."""
    names = list(columns(database, table))
    if not names:
        return []
    chosen = ", ".join(f"count({filled(name)})" for name in names)
    ((*filled_rows,),) = _rows(database, f"SELECT {chosen} FROM {quoted(table)}")
    return [name for name, rows in zip(names, filled_rows, strict=True) if not rows]
