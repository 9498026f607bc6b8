"""Draws a table as bars, lines or points, with its title, source and date."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from shared.engine.applications.application import (
    DRAWS,
    Application,
    Formats,
    Role,
    Title,
    Totals,
    Unit,
)
from shared.engine.applications.effect import (
    Columns,
    Effect,
    Named,
    ShownTable,
    Source,
    as_it_is,
    as_they_are,
)
from shared.engine.applications.parameters import ColumnName, Parameters
from shared.language.french import quoted


class ChartParameters(Parameters):
    """What is drawn, and how."""

    kind: Literal["bars", "lines", "points"] = Field(
        default="bars",
        description="bars : barres horizontales des lignes les plus hautes ; lines : une courbe par"
        " série, dans l'ordre des abscisses ; points : un point par ligne",
    )
    label: ColumnName = Field(
        description="Colonne qui nomme les barres, ou qui donne l'abscisse : dates, nombres ou,"
        " pour lines, mots"
    )
    value: ColumnName = Field(description="Colonne de nombres : la longueur ou la hauteur")
    series: ColumnName | None = Field(
        default=None, description="Colonne qui sépare les courbes ou les points (8 au plus)"
    )
    top: int = Field(default=10, ge=1, le=50, description="Nombre de barres")
    title: Title
    unit: Unit = ""
    formats: Formats = ("png", "svg")
    totals: Totals = "left_out"

    @model_validator(mode="after")
    def _series_fit(self) -> Self:
        if self.series and self.kind == "bars":
            raise ValueError("series : les barres n'ont qu'une série")
        return self


def _effect(parameters: ChartParameters, tables: Mapping[str, Columns]) -> Effect:
    named = tuple(_named(parameters))
    drawn_columns = {
        named_column.source.column: as_it_is(named_column.source) for named_column in named
    }
    return Effect(
        as_they_are("table", tables["table"]),
        named=named,
        passes=("table",),
        shows=(ShownTable(drawn_columns),),
        rows="kept",
    )


def _named(parameters: ChartParameters) -> Iterator[Named]:
    yield Named("label", Source("table", parameters.label))
    yield Named("value", Source("table", parameters.value), "le graphique")
    if parameters.series:
        yield Named("series", Source("table", parameters.series))


def _sentence(parameters: Mapping[str, Any], _tables: Mapping[str, str]) -> str:
    label, value = quoted(parameters["label"]), quoted(parameters["value"])
    kind = parameters.get("kind", "bars")
    if kind == "bars":
        return f"Dessine une barre par {label}, selon {value}."
    return f"Dessine {value} selon {label}, en {_SHAPES[kind]}."


_SHAPES = {"lines": "courbes", "points": "points"}


CHART = Application(
    name="chart",
    title="Dessiner un graphique",
    description=(
        "Dessine une table en barres, en courbes ou en points, lisibles sans distinguer les"
        " couleurs, avec son titre, la mention de ses sources et sa date, comme les licences le"
        " demandent. Ce qui n'a pas de valeur est compté sous le graphique. La table passe à"
        " l'étape suivante telle quelle."
    ),
    roles=(Role(name="table", title="La table à dessiner"),),
    parameters=ChartParameters,
    effect=_effect,
    sentence=_sentence,
    picture="chart",
    traits=DRAWS,
)
