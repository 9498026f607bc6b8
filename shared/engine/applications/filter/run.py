"""Keeps the rows whose value in a column compares with a given one, in DuckDB."""

from shared.engine.applications.filter.application import FilterParameters, read_value
from shared.engine.contract.result import Report
from shared.engine.database import count, filled, folded, literal, quoted
from shared.engine.running.steps.workbench import (
    TABLE,
    WHOLE_TYPES,
    Workbench,
    note_unread,
    typed_columns,
)
from shared.language.french import counted

_MOMENTS = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_KINDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys((*WHOLE_TYPES, "UBIGINT", "HUGEINT"), ("integer", "DECIMAL(38, 0)")),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), ("decimal", "DOUBLE")),
    **dict.fromkeys(("DATE", *_MOMENTS), ("date", "DATE")),
}
"""How a value is read that is compared with a column of that type, and the type that it gets."""


def run(workbench: Workbench, parameters: FilterParameters) -> Report:
    """Make the table of the rows that are kept, in their order and as they are.

    Raises Invalid naming the parameter whose column does not exist, or a value that is no number or
    day where the column has such.
    """
    workbench.column(TABLE, parameters.column, "column")
    chosen = [
        workbench.column(TABLE, name, f"columns.{at}") for at, name in enumerate(parameters.columns)
    ]
    table = workbench.tables[TABLE]
    workbench.say(0.3, "compare les lignes")
    workbench.make(
        f"SELECT {', '.join(dict.fromkeys(chosen)) or '*'} FROM {quoted(table.name)}"
        f" WHERE {_condition(workbench, parameters)}"
    )
    rows = count(workbench.database, workbench.output)
    summary = f"{counted(table.rows, 'ligne', 'lignes')}, {counted(rows, 'gardée', 'gardées')}"
    return {"rows": {"in": table.rows, "out": rows}, "summary": summary}


def _condition(workbench: Workbench, parameters: FilterParameters) -> str:
    """Return which rows are kept, in SQL; cells whose text is none of its column are counted."""
    name = parameters.column
    column = typed_columns(workbench, TABLE, (name,))[name]
    note_unread(workbench, TABLE, name, column)
    kind, compared_type = _KINDS.get(column.sql_type.split("(")[0], ("text", ""))
    side, other = column.value, literal(read_value(parameters.value, kind))
    if column.sql_type in _MOMENTS:
        side = f"CAST({side} AS DATE)"
    if compared_type:
        other = f"CAST({other} AS {compared_type})"
    elif parameters.exact:
        side = f"nullif(CAST({side} AS VARCHAR), '')"
    else:
        side, other = folded(filled(name)), folded(other)
    return f"{side} {parameters.comparison} {other}"
