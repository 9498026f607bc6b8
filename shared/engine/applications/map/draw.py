"""Draws a map of a table's values, and says what of them is not on it."""

from collections.abc import Iterator

from shared.engine.applications.map.application import MapParameters
from shared.engine.contract.result import Report
from shared.engine.database import quoted
from shared.engine.drawing.charts import AxisScale
from shared.engine.drawing.french_labels import french_number
from shared.engine.drawing.maps import Choropleth, choropleth, classes_between, quantiles
from shared.engine.drawing.outlines import LEVELS, SOURCE, Level
from shared.engine.drawing.placing import (
    HIDDEN,
    NO_VALUE,
    SEVERAL,
    KeyRows,
    Placed,
    level_of,
    place,
)
from shared.engine.release.hidden_cells import is_hidden
from shared.engine.running.steps.pictures import PictureWork
from shared.engine.running.steps.workbench import TABLE, number
from shared.errors import Invalid
from shared.language.french import counted

_NAMED = 8
"""Territories that are named where they have no outline."""


def draw(work: PictureWork, parameters: MapParameters) -> Report:
    """Draw the map; raises Invalid when the key holds no codes."""
    rows = _rows(work, parameters)
    kind = level_of([row.key for row in rows])
    if kind is None:
        raise Invalid(
            f"la colonne « {parameters.key} » ne contient ni codes de commune, ni d'EPCI, ni de"
            " département",
            "key",
        )
    level, placed = LEVELS[kind], place(kind, rows, parameters.several)
    values = placed.values
    classes = (
        classes_between(parameters.bounds)
        if parameters.bounds
        else quantiles(list(values.values()), parameters.classes)
    )
    scale = AxisScale(parameters.value, parameters.unit)
    drawing = choropleth(Choropleth(kind, values, placed.blank, classes, scale))
    notes = list(_notes(placed, level, parameters))
    text = f"Carte de {parameters.value} : {_counted(len(values), level)} en couleur"
    report = work.draw(drawing, parameters.title, parameters.formats, [*notes, f"{SOURCE}."], text)
    return report | {
        "summary": " ; ".join([text, *(note.rstrip(".") for note in notes)]),
        "map": _figures(placed),
    }


def _rows(work: PictureWork, parameters: MapParameters) -> list[KeyRows]:
    bench = work.workbench
    key = bench.column(TABLE, parameters.key, "key")
    value, _ = number(bench, TABLE, parameters.value, "value")
    hidden = is_hidden(bench.columns(TABLE), parameters.value)
    rows = bench.rows(f"""
        SELECT coalesce(trim(CAST({key} AS VARCHAR)), '') AS key, count(*), count({value}),
            coalesce(fsum(CAST({value} AS DOUBLE)), 0), count(*) FILTER ({hidden})
        FROM {quoted(bench.tables[TABLE].name)} GROUP BY ALL ORDER BY ALL
    """)
    return [KeyRows(*row) for row in rows]


def _counted(number_of_them: int, level: Level) -> str:
    many = level.plural if number_of_them > 1 else level.singular
    return f"{french_number(number_of_them)} {many}"


def _notes(placed: Placed, level: Level, parameters: MapParameters) -> Iterator[str]:
    """Yield what of the rows is not coloured, in French, by its reason."""
    if placed.missing:
        named = ", ".join(
            f"{area.code} {area.name}"
            + ("" if area.value is None else f" : {french_number(area.value, parameters.unit)}")
            for area in placed.missing[:_NAMED]
        )
        more = ", …" if len(placed.missing) > _NAMED else ""
        yield f"Sans contour, donc pas sur la carte : {named}{more}."
    for reason, why in (
        (NO_VALUE, "Sans valeur (hachures)"),
        (HIDDEN, "Masqué par le secret statistique, ou sans valeur (points)"),
        (SEVERAL, "Plusieurs lignes, donc pas une valeur (hachures)"),
    ):
        if blank := sum(blank_reason == reason for blank_reason in placed.blank.values()):
            yield f"{why} : {_counted(blank, level)}."
    for rows, why in (
        (placed.moved, "menée{} d'un code d'une autre année à la commune d'aujourd'hui"),
        (placed.split, "dont la commune d'alors est plusieurs aujourd'hui, pas dessinée{}"),
        (placed.elsewhere, "hors de la Normandie, sans contour ici"),
        (placed.unknown, "sans code, ou dont le code n'est pas reconnu, pas dessinée{}"),
    ):
        if rows:
            lines = counted(rows, "ligne", "lignes").replace(str(rows), french_number(rows), 1)
            yield f"{lines} {why.format('s' * (rows > 1))}."


def _figures(placed: Placed) -> Report:
    return {
        "level": placed.level,
        "drawn": len(placed.values),
        "without_outline": [area.code for area in placed.missing],
        "without_value": sum(blank_reason == NO_VALUE for blank_reason in placed.blank.values()),
        "hidden": sum(blank_reason == HIDDEN for blank_reason in placed.blank.values()),
        "several_rows": sum(blank_reason == SEVERAL for blank_reason in placed.blank.values()),
        "rows_of_another_year": placed.moved,
        "rows_split": placed.split,
        "rows_elsewhere": placed.elsewhere,
        "rows_unknown": placed.unknown,
    }
