"""Places the rows of a table: their commune, their distances, and their other coordinates."""

from collections.abc import Iterator, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.applications.application import Application, ColumnName, Parameters, Role, Totals
from shared.applications.effect import (
    Columns,
    Effect,
    MadeColumn,
    Met,
    Named,
    Part,
    Source,
    as_they_are,
)
from shared.applications.parameters import hash_of
from shared.errors import Invalid
from shared.words import unique

Area = Literal["commune", "departement"]
System = Literal["wgs84", "lambert93"]

MOST_NEAR = 1000
"""Metres from an outline up to which a point outside of all may be given to it."""


class Position(Parameters):
    """The columns that say where a row is, in one of the usual ways."""

    latitude: ColumnName | None = Field(
        default=None, description="Degrés décimaux, avec point ou virgule, ou degrés et minutes"
    )
    longitude: ColumnName | None = None
    point: ColumnName | None = Field(
        default=None,
        description="Une seule colonne : « 49,18 ; -0,37 », « 49°11'05\"N 0°22'10\"O », WKT ou"
        " GeoJSON",
    )
    order: Literal["lat_lon", "lon_lat"] = Field(
        default="lat_lon",
        description="Ordre des deux nombres dans point ; WKT et GeoJSON ont le leur",
    )
    x: ColumnName | None = Field(default=None, description="Lambert-93 (EPSG:2154), en mètres")
    y: ColumnName | None = None

    @property
    def columns(self) -> dict[str, str]:
        """The columns that it names, by parameter."""
        named = {"latitude": self.latitude, "longitude": self.longitude, "point": self.point}
        named |= {"x": self.x, "y": self.y}
        return {parameter: name for parameter, name in named.items() if name is not None}

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if set(self.columns) not in ({"latitude", "longitude"}, {"point"}, {"x", "y"}):
            raise ValueError("une position demande latitude et longitude, ou point, ou x et y")
        return self


class Target(Parameters):
    """A point from which distances are measured."""

    latitude: float = Field(ge=-90, le=90, description="Degrés décimaux (WGS84)")
    longitude: float = Field(ge=-180, le=180)
    name: ColumnName = Field(default="distance_m", description="Colonne du résultat, en mètres")


class Nearest(Parameters):
    """The nearest row of the table in the role `places`."""

    position: Position = Field(description="Où sont les lignes de places")
    label: ColumnName = Field(description="Colonne de places qui nomme la plus proche")
    name: ColumnName = Field(
        default="plus_proche", description="Colonne du résultat ; la distance est <name>_m"
    )


class GeoParameters(Parameters):
    """Where the rows are, and what is added to them."""

    position: Position = Field(description="Où sont les lignes de la table")
    areas: tuple[Area, ...] = Field(
        default=(),
        max_length=2,
        description="Ajoute commune (code) et commune_nom, departement, par les contours de la"
        " Normandie",
    )
    near: int = Field(
        default=0,
        ge=0,
        le=MOST_NEAR,
        description="Mètres jusqu'auxquels un point hors de tout contour (un quai, une digue) est"
        " rattaché au contour le plus proche",
    )
    coordinates: tuple[System, ...] = Field(
        default=(),
        max_length=2,
        description="Ajoute latitude_wgs84 et longitude_wgs84, x_lambert93 et y_lambert93",
    )
    distance: Target | None = Field(default=None, description="Distance à un point donné")
    nearest: Nearest | None = Field(default=None, description="La ligne de places la plus proche")
    totals: Totals = "left_out"

    @property
    def added(self) -> tuple[str, ...]:
        """What the new columns are called, where no column of the table is called so."""
        names = []
        if "commune" in self.areas:
            names += ["commune", "commune_nom"]
        names += ["departement"] * ("departement" in self.areas)
        if "wgs84" in self.coordinates:
            names += ["latitude_wgs84", "longitude_wgs84"]
        if "lambert93" in self.coordinates:
            names += ["x_lambert93", "y_lambert93"]
        names += [self.distance.name] if self.distance else []
        names += [self.nearest.name, f"{self.nearest.name}_m"] if self.nearest else []
        return tuple(names)

    @model_validator(mode="after")
    def _adds_something(self) -> Self:
        if not self.added:
            raise ValueError("geo demande areas, coordinates, distance ou nearest")
        return self


_TEXTS = ("commune", "commune_nom", "departement")
_CODES = ("commune", "departement")


def _effect(told: GeoParameters, tables: Mapping[str, Columns]) -> Effect:
    """The table's columns, and those that are made of its position."""
    if told.nearest and "places" not in tables:
        raise Invalid("le rôle places n'a pas de table", "nearest")
    kept = as_they_are("table", tables["table"])
    where = tuple(Source("table", name) for name in told.position.columns.values())
    derived = tuple(Part(one, "derived") for one in where)
    near: tuple[Source, ...] = ()
    if told.nearest:
        near = tuple(Source("places", name) for name in told.nearest.position.columns.values())
    made = {}
    for name, called in zip(told.added, unique(told.added, kept), strict=True):
        kind, unit = ("text", "") if name in _TEXTS else ("decimal", "")
        parts: tuple[Part, ...] = derived
        if told.nearest and name == told.nearest.name:
            kind, parts = "text", (Part(Source("places", told.nearest.label)), *derived)
        if told.nearest and name == f"{told.nearest.name}_m":
            parts, unit = (*derived, *(Part(one, "derived") for one in near)), "m"
        if told.distance and name == told.distance.name:
            unit = "m"
        code = name if name in _CODES else ""
        made[called] = MadeColumn(parts, kind, unit, code=code)
    met = tuple(Met("left", one, near) for one in where[:1] if near)
    made = {**kept, **made}
    code = hash_of((told,))
    return Effect(
        made, named=tuple(_named(told)), passes=("table",), met=met, code=code, rows="kept"
    )


def _named(told: GeoParameters) -> Iterator[Named]:
    for parameter, name in told.position.columns.items():
        yield Named(f"position.{parameter}", Source("table", name))
    if told.nearest:
        for parameter, name in told.nearest.position.columns.items():
            yield Named(f"nearest.position.{parameter}", Source("places", name))
        yield Named("nearest.label", Source("places", told.nearest.label))


GEO = Application(
    name="geo",
    title="Situer les lignes d'une table",
    description=(
        "Lit des latitudes et longitudes de toute écriture usuelle, ou des coordonnées Lambert-93,"
        " et ajoute la commune et le département par les contours de la Normandie, les coordonnées"
        " de l'autre système, la distance à un point ou à la ligne la plus proche d'une seconde"
        " table. Ce qui n'est pas lisible, ou hors de tout contour, est compté et reste vide. Les"
        " contours sont simplifiés : le compte rendu dit combien de points sont à moins de 200 m"
        " d'une limite, et peuvent être de la commune voisine."
    ),
    roles=(
        Role(name="table", title="La table à situer"),
        Role(name="places", title="La table des lieux (nearest)", required=False),
    ),
    parameters=GeoParameters,
    effect=_effect,
)
