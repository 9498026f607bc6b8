"""Keeps the rows whose value in a column compares with a given one, in DuckDB."""

from shared.engine.applications.filter.application import FilterParameters, read_value
from shared.engine.contract.result import Report
from shared.engine.database import count, filled, folded, literal, quoted
from shared.engine.reading.columns.typed_values import typed_value
from shared.engine.reading.values.withheld_values import EmptyCells, is_withheld
from shared.engine.running.steps.workbench import TABLE, WHOLE_TYPES, Workbench
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
    name, stored = parameters.column, workbench.columns(TABLE)[parameters.column]
    profile = workbench.tables[TABLE].described.get(name)
    value = typed_value(profile) if profile and stored == "VARCHAR" else ""
    if profile and value:
        ((lost, secret),) = workbench.rows(
            f"SELECT count({filled(name)}) - count({value}),"
            f" count(*) FILTER ({is_withheld(profile)})"
            f" FROM {quoted(workbench.tables[TABLE].name)}"
        )
        if lost:
            workbench.empty[name] = EmptyCells(int(lost), int(secret), profile.withheld)
        stored = _type_of(workbench, value)
    kind, sql_type = _KINDS.get(stored.split("(")[0], ("text", ""))
    side, other = value or quoted(name), literal(read_value(parameters.value, kind))
    if stored in _MOMENTS:
        side = f"CAST({side} AS DATE)"
    if sql_type:
        other = f"CAST({other} AS {sql_type})"
    elif parameters.exact:
        side = f"nullif(CAST({side} AS VARCHAR), '')"
    else:
        side, other = folded(filled(name)), folded(other)
    return f"{side} {parameters.comparison} {other}"


def _type_of(workbench: Workbench, value: str) -> str:
    table = quoted(workbench.tables[TABLE].name)
    ((_, sql_type, *_),) = workbench.rows(f"DESCRIBE SELECT {value} FROM {table}")
    return str(sql_type)
