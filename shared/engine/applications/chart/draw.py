"""Draws charts of a table: its highest rows as bars, or rows as lines or points."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.engine.applications.aggregate.application import Chart
from shared.engine.applications.chart.application import ChartParameters
from shared.engine.contract.result import Report
from shared.engine.database import literal, quoted
from shared.engine.drawing.charts import AxisScale, Point, bars, curves
from shared.engine.drawing.french_labels import french_number
from shared.engine.drawing.picture import Format
from shared.engine.reading.columns.profile import describe_column
from shared.engine.reading.columns.typed_values import typed_value
from shared.engine.release.hidden_cells import is_hidden
from shared.engine.running.steps.pictures import PictureWork
from shared.engine.running.steps.workbench import TABLE, Workbench, number
from shared.errors import Invalid

_NO_LABEL = "(non renseigné)"
_MONTH = re.compile(r"\d{4}-\d{2}")
_MOST_POINTS, _MOST_SERIES = 20_000, 8


def draw(work: PictureWork, parameters: ChartParameters) -> Report:
    """Draw the table as it was asked for."""
    if parameters.kind == "bars":
        return draw_bars(work, parameters, parameters.formats)
    return _draw_points(work, parameters)


def draw_bars(
    work: PictureWork, parameters: Chart | ChartParameters, formats: tuple[Format, ...] = ("png",)
) -> Report:
    """Draw the rows with the highest values; those without one are counted."""
    bench = work.workbench
    label = bench.column(TABLE, parameters.label, "label")
    value, _ = number(bench, TABLE, parameters.value, "value")
    table = quoted(bench.tables[TABLE].name)
    hidden = is_hidden(bench.columns(TABLE), parameters.value)
    ((rows, filled, secret),) = bench.rows(
        f"SELECT count(*), count({value}), count(*) FILTER ({hidden}) FROM {table}"
    )
    heights = bench.rows(f"""
        SELECT coalesce(nullif(trim(CAST({label} AS VARCHAR)), ''), {literal(_NO_LABEL)}) AS label,
            {value} AS value
        FROM {table} WHERE {value} IS NOT NULL ORDER BY value DESC, label LIMIT {parameters.top}
    """)
    drawing = bars(
        [(name, float(height)) for name, height in heights],
        AxisScale(parameters.value, parameters.unit),
    )
    notes = _missing(rows - filled, secret)
    if filled > len(heights):
        notes.insert(
            0, f"Les {len(heights)} valeurs les plus hautes, sur {french_number(filled)} lignes."
        )
    highest = "".join(
        f" ; {name} : {french_number(float(height), parameters.unit)}"
        for name, height in heights[:3]
    )
    text = f"Barres horizontales de {parameters.value}, {len(heights)} lignes{highest}"
    return work.draw(drawing, parameters.title, formats, notes, text)


def _missing(rows: int, secret: int = 0) -> list[str]:
    """Return what is said of rows without a value, and of those whose value is a secret."""
    reasons = ((secret, "dont la valeur est secrète ou manque"), (rows - secret, "sans valeur"))
    return [
        f"1 ligne {which} n'est pas dessinée."
        if many == 1
        else f"{french_number(many)} lignes {which} ne sont pas dessinées."
        for many, which in reasons
        if many
    ]


def _draw_points(work: PictureWork, parameters: ChartParameters) -> Report:
    bench = work.workbench
    rows = _rows(bench, parameters)
    hidden = is_hidden(bench.columns(TABLE), parameters.value)
    ((secret,),) = bench.rows(
        f"SELECT count(*) FILTER ({hidden}) FROM {quoted(bench.tables[TABLE].name)}"
        f" WHERE {_x_column(bench, parameters)} IS NOT NULL"
    )
    without_x = sum(x is None for x, _, _ in rows)
    points = [Point(_x(x), y, series) for x, y, series in rows if x is not None]
    notes = _missing(sum(point.y is None for point in points), secret)
    if without_x:
        notes.append(
            f"{french_number(without_x)} lignes sans {parameters.label} ne sont pas dessinées."
        )
    _check(points, parameters)
    scale = AxisScale(parameters.value, parameters.unit)
    if parameters.kind == "lines":
        points.sort(key=lambda point: (point.series, point.x))
        drawing, kind = curves(points, parameters.label, scale, "lines"), "Courbes"
    else:
        drawn = points[:: -(-len(points) // _MOST_POINTS) or 1]
        if len(drawn) < len(points):
            of = french_number(len(points))
            notes.append(f"{french_number(len(drawn))} points à intervalle régulier, sur {of}.")
        drawing, kind = curves(drawn, parameters.label, scale, "points"), "Points"
    rows_drawn = french_number(len(points))
    text = f"{kind} de {parameters.value} selon {parameters.label}, {rows_drawn} lignes"
    return work.draw(drawing, parameters.title, parameters.formats, notes, text)


def _rows(bench: Workbench, parameters: ChartParameters) -> list[tuple[Any, float | None, str]]:
    """Return x, value and series of every row; raise Invalid for more than a drawing can hold."""
    value, _ = number(bench, TABLE, parameters.value, "value")
    series = "''"
    if parameters.series:
        column = bench.column(TABLE, parameters.series, "series")
        series = f"coalesce(nullif(trim(CAST({column} AS VARCHAR)), ''), {literal(_NO_LABEL)})"
    table, x = quoted(bench.tables[TABLE].name), _x_column(bench, parameters)
    ((kinds,),) = bench.rows(f"SELECT count(DISTINCT {series}) FROM {table}")
    if kinds > _MOST_SERIES:
        raise Invalid(f"{kinds} séries, et un graphique en montre {_MOST_SERIES} au plus", "series")
    rows = bench.rows(f"SELECT {x}, CAST({value} AS DOUBLE), {series} FROM {table}")
    return [(at, height, str(name)) for at, height, name in rows]


def _x_column(bench: Workbench, parameters: ChartParameters) -> str:
    """Return the abscissa in SQL: days or numbers where the column is read so, else its words."""
    column = bench.column(TABLE, parameters.label, "label")
    table = bench.tables[TABLE]
    if bench.columns(TABLE)[parameters.label] != "VARCHAR":
        return column
    profile = table.described.get(parameters.label)
    profile = profile or describe_column(bench.database, table.name, parameters.label)
    return typed_value(profile) or f"nullif(trim({column}), '')"


def _x(value: Any) -> float | date | str:  # noqa: ANN401 - whatever a table holds
    match value:
        case bool():
            return "oui" if value else "non"
        case date():
            return value
        case str() if _MONTH.fullmatch(value):
            return date.fromisoformat(f"{value}-01")
        case str():
            return value
    return float(value)


def _check(points: Sequence[Point], parameters: ChartParameters) -> None:
    """Raise Invalid for what cannot be drawn as asked."""
    kinds = {isinstance(point.x, str) for point in points}
    if parameters.kind == "points" and True in kinds:
        raise Invalid(
            f"l'abscisse « {parameters.label} » n'est faite ni de nombres ni de dates", "label"
        )
    if len(kinds) > 1:
        raise Invalid(f"l'abscisse « {parameters.label} » mêle des mots et des mois", "label")
    if parameters.kind == "points":
        return
    if len(points) > _MOST_POINTS:
        reason = f"{french_number(len(points))} lignes sont trop pour des courbes"
        raise Invalid(f"{reason} ({french_number(_MOST_POINTS)} au plus) ; agrégez d'abord", "")
    often = Counter((point.series, point.x) for point in points)
    if repeated := sum(count > 1 for count in often.values()):
        reason = f"plusieurs lignes ont la même abscisse ({french_number(repeated)} fois)"
        raise Invalid(f"{reason} ; agrégez d'abord, ou séparez les courbes par series", "label")
