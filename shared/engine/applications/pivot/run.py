"""Turns rows into columns, or columns into rows, in DuckDB."""

from shared.engine.applications.pivot.application import MOST_COLUMNS, Long, PivotParameters, Wide
from shared.engine.contract.result import Report
from shared.engine.database import ROW, count, filled, literal, quoted
from shared.engine.running.steps.figures import ordered
from shared.engine.running.steps.workbench import TABLE, Workbench, number
from shared.engine.tables.column_names import unique
from shared.errors import Invalid, Rejected
from shared.language.french import counted, grouped

_NAME, _VALUE, _NUMBER = map(quoted, ("name of a cell", "value of a cell", "number of a row"))
_FIGURES = {"sum": "fsum", "mean": "favg"}


def run(workbench: Workbench, parameters: PivotParameters) -> Report:
    """Make the pivoted table; groups are sorted, cells follow their rows.

    Raises Invalid naming the parameter whose column does not exist or holds no numbers, Rejected
    for more columns or rows than a table may have.
    """
    if parameters.wide:
        return _widen(workbench, parameters.wide)
    return _lengthen(workbench, parameters.long) if parameters.long else {}


def _widen(workbench: Workbench, wide: Wide) -> Report:
    index = [
        workbench.column(TABLE, name, f"wide.index.{at}") for at, name in enumerate(wide.index)
    ]
    workbench.column(TABLE, wide.names, "wide.names")
    figure = _figure(workbench, wide)
    present = _names(workbench, wide)
    names = wide.columns or present
    workbench.say(0.4, "remplit les cellules")
    by = ", ".join(index)
    named, table = filled(wide.names), quoted(workbench.tables[TABLE].name)
    numbered = f"(SELECT *, {ROW} AS {_NUMBER} FROM {table})" if wide.figure == "first" else table
    # Of others' restricted data a group that is not there stays one that nothing is told of.
    nothing = "0" if wide.figure == "count" and not workbench.is_protected else "NULL"
    cells = ", ".join(
        f"coalesce(any_value({_VALUE}) FILTER ({_NAME} = {literal(name)}), {nothing})"
        f" AS {quoted(called)}"
        for name, called in zip(names, wide.called(names), strict=True)
    )
    workbench.make(
        f"SELECT {by}, {cells} FROM (SELECT {by}, {named} AS {_NAME}, {figure} AS {_VALUE}"
        f" FROM {numbered} GROUP BY {by}, {named}) GROUP BY {by} ORDER BY {by}"
    )
    rows = {"in": workbench.tables[TABLE].rows, "out": _rows(workbench)}
    rows |= _left_out(workbench, wide, names)
    missing = [name for name in names if name not in present]
    return {
        "rows": rows,
        "columns": {"names": wide.called(names), "missing": missing},
        "summary": _in_words(wide, rows, len(names)),
    }


def _figure(workbench: Workbench, wide: Wide) -> str:
    column = workbench.column(TABLE, wide.values, "wide.values")
    if wide.figure == "count":
        return f"count({workbench.counted(TABLE, wide.values, filled(wide.values))})"
    if wide.figure == "first":
        return f"min_by({column}, {_NUMBER})"
    if wide.figure in ("min", "max"):
        return f"{wide.figure}({ordered(workbench, wide.values, 'wide.values')})"
    value, whole = number(workbench, TABLE, wide.values, "wide.values")
    if wide.figure == "sum" and whole:
        return f"CAST(sum({value}) AS BIGINT)"
    return f"{_FIGURES[wide.figure]}({value})"


def _names(workbench: Workbench, wide: Wide) -> tuple[str, ...]:
    """Return the values that become columns: of the whole table, so that a trial has the same."""
    table = quoted(workbench.tables[TABLE].whole)
    rows = workbench.rows(
        f"SELECT DISTINCT {_NAME} FROM (SELECT {filled(wide.names)} AS {_NAME} FROM {table})"
        f" WHERE {_NAME} IS NOT NULL ORDER BY {_NAME}"
        + ("" if wide.columns else f" LIMIT {MOST_COLUMNS + 1}")
    )
    if not rows and not wide.columns:
        raise Rejected(f"la colonne « {wide.names} » n'a aucune valeur dont faire une colonne")
    if len(rows) > MOST_COLUMNS and not wide.columns:
        raise Invalid(
            f"« {wide.names} » a plus de {MOST_COLUMNS} valeurs, et une table pivotée au plus"
            f" {MOST_COLUMNS} colonnes ; columns en choisit",
            "wide.names",
        )
    return tuple(str(row[0]) for row in rows)


def _left_out(workbench: Workbench, wide: Wide, names: tuple[str, ...]) -> dict[str, int]:
    """Return the rows in no cell, and those behind the first of their cell."""
    by, name = ", ".join(map(quoted, wide.index)), filled(wide.names)
    is_kept = f"{name} IN ({', '.join(map(literal, names))})"
    ((unnamed, others, kept, cells),) = workbench.rows(
        f"SELECT count(*) FILTER ({name} IS NULL), count(*) FILTER (NOT {is_kept}),"
        f" count(*) FILTER ({is_kept}), count(DISTINCT ROW({by}, {name})) FILTER ({is_kept})"
        f" FROM {quoted(workbench.tables[TABLE].name)}"
    )
    return {"unnamed": int(unnamed), "left_out": int(others), "repeated": int(kept - cells)}


def _in_words(wide: Wide, rows: dict[str, int], columns: int) -> str:
    parts = []
    if rows["unnamed"]:
        some = counted(rows["unnamed"], "ligne n'a", "lignes n'ont")
        parts.append(f"{some} pas de nom de colonne")
    if rows["left_out"]:
        singular, plural = "ligne d'une autre valeur est", "lignes d'autres valeurs sont"
        parts.append(f"{counted(rows['left_out'], singular, plural)} de côté")
    if wide.figure == "first" and rows["repeated"]:
        singular, plural = "ligne suit la première", "lignes suivent la première"
        parts.append(f"{counted(rows['repeated'], singular, plural)} de sa cellule, et n'y est pas")
    before, after = (counted(rows[side], "ligne", "lignes") for side in ("in", "out"))
    columns_in_words = f"{counted(columns, 'colonne', 'colonnes')} de « {wide.values} »"
    return " ; ".join((f"{before} en {after} et {columns_in_words}", *parts))


def _lengthen(workbench: Workbench, long: Long) -> Report:
    cells = [
        workbench.column(TABLE, name, f"long.columns.{at}") for at, name in enumerate(long.columns)
    ]
    types, before = workbench.columns(TABLE), workbench.tables[TABLE].rows
    _check_size(workbench, len(cells))
    if len({types[name] for name in long.columns}) > 1:
        cells = [f"CAST({cell} AS VARCHAR)" for cell in cells]
    kept = [name for name in types if name not in long.columns]
    names_to, values_to = map(quoted, unique((long.names_to, long.values_to), kept))
    others = "".join(f"{quoted(name)}, " for name in kept)
    names = ", ".join(map(literal, long.columns))
    has_value = f"WHERE trim(CAST({values_to} AS VARCHAR)) <> ''" * (long.empty == "left_out")
    workbench.say(0.4, "fait une ligne de chaque cellule")
    workbench.make(
        f"SELECT * FROM (SELECT {others}unnest([{names}]) AS {names_to},"
        f" unnest([{', '.join(cells)}]) AS {values_to}"
        f" FROM {quoted(workbench.tables[TABLE].name)}) {has_value}"
    )
    rows = _rows(workbench)
    empty = before * len(cells) - rows
    left_out = f" ; {counted(empty, 'cellule vide laissée', 'cellules vides laissées')} de côté"
    summary = (
        f"{counted(before, 'ligne', 'lignes')} et {counted(len(cells), 'colonne', 'colonnes')} en"
        f" {counted(rows, 'ligne', 'lignes')}{left_out if empty else ''}"
    )
    return {
        "rows": {"in": before, "out": rows, "empty": empty},
        "repeated": {TABLE: len(cells)},
        "summary": summary,
    }


def _check_size(workbench: Workbench, cells: int) -> None:
    rows = workbench.tables[TABLE].whole_rows * cells
    if rows > workbench.crossing_rows:
        raise Rejected(
            f"table trop grande : ses cellules feraient {grouped(rows)} lignes, pour"
            f" {grouped(workbench.crossing_rows)} permises ; choisissez moins de colonnes"
        )


def _rows(workbench: Workbench) -> int:
    return count(workbench.database, workbench.output)
