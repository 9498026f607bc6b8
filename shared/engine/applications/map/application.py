"""Draws a table's values on a map of communes, EPCI or départements."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

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


class MapParameters(Parameters):
    """What is coloured, and by which classes."""

    key: ColumnName = Field(
        description="Colonne des codes de commune, d'EPCI ou de département, reconnus à leurs"
        " valeurs ; les codes de communes d'une autre année mènent à la commune d'aujourd'hui"
    )
    value: ColumnName = Field(description="Colonne de nombres")
    title: Title
    unit: Unit = ""
    classes: int = Field(
        default=5, ge=3, le=7, description="Nombre de classes, d'autant de territoires chacune"
    )
    bounds: tuple[FiniteFloat, ...] = Field(
        default=(),
        max_length=6,
        description="Limites des classes, croissantes, à la place de classes égales en nombre ;"
        " 2 à 6 limites font 3 à 7 classes",
    )
    several: Literal["not_drawn", "sum"] = Field(
        default="not_drawn",
        description="D'un territoire qui a plusieurs lignes : not_drawn le laisse sans couleur et"
        " le dit, sum additionne ses valeurs (juste pour des nombres, faux pour des taux)",
    )
    formats: Formats = ("png", "svg")
    totals: Totals = "left_out"

    @model_validator(mode="after")
    def _bounds_ascend(self) -> Self:
        if len(self.bounds) == 1:
            raise ValueError("bounds : il faut 2 à 6 limites")
        if any(low >= high for low, high in pairwise(self.bounds)):
            raise ValueError("bounds : les limites doivent croître")
        return self


def _effect(parameters: MapParameters, tables: Mapping[str, Columns]) -> Effect:
    key, value = Source("table", parameters.key), Source("table", parameters.value)
    return Effect(
        as_they_are("table", tables["table"]),
        named=(Named("key", key), Named("value", value, "la carte")),
        passes=("table",),
        shows=(ShownTable({parameters.key: as_it_is(key), parameters.value: as_it_is(value)}),),
        rows="kept",
    )


def _sentence(parameters: Mapping[str, Any], _tables: Mapping[str, str]) -> str:
    value, key = quoted(parameters["value"]), quoted(parameters["key"])
    return f"Colore une carte selon {value}, par {key}."


MAP = Application(
    name="map",
    title="Dessiner une carte",
    description=(
        "Colore les communes, EPCI ou départements de Normandie selon une colonne, sur les contours"
        " de l'IGN, par classes d'effectifs égaux ou aux limites choisies, avec légende, sources et"
        " date. Ce qui n'a pas de contour (14581 Aurseulles, les autres régions), pas de valeur ou"
        " plusieurs lignes est dit sur la carte et dans le compte rendu. La table passe à l'étape"
        " suivante telle quelle."
    ),
    roles=(Role(name="table", title="La table à cartographier"),),
    parameters=MapParameters,
    effect=_effect,
    sentence=_sentence,
    picture="map",
    traits=DRAWS,
)
