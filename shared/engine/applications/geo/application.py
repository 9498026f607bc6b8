"""Places the rows of a table: their commune or zone, their distances, their other coordinates."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.engine.applications.application import Application, Role, Totals, Traits
from shared.engine.applications.effect import (
    Caution,
    Columns,
    Effect,
    MadeColumn,
    Met,
    Named,
    Part,
    Source,
    as_they_are,
)
from shared.engine.applications.parameters import ColumnName, Parameters, hash_of
from shared.engine.tables.column_names import unique
from shared.errors import Invalid

Area = Literal["commune", "departement"]
System = Literal["wgs84", "lambert93"]

MOST_NEAR = 1000
"""Metres from an outline up to which a point outside of all may be given to it."""

COMMUNE_TOLERANCE = 200
"""Metres from a limit within which the lab's simplified outlines may name the other commune."""


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
        """Return the columns that it names, by parameter."""
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


class Outlines(Parameters):
    """The holder's own outlines: the rows of the table in the role `outlines`."""

    geometry: ColumnName = Field(
        default="geometry",
        description="Colonne de outlines qui a leurs formes, en WKT ou GeoJSON (degrés WGS84) :"
        " celle que le Datalab fait d'une carte",
    )
    label: ColumnName = Field(description="Colonne de outlines qui nomme celui où est la ligne")
    name: ColumnName = Field(default="zone", description="Colonne du résultat")
    tolerance: int = Field(
        default=0,
        ge=0,
        le=MOST_NEAR,
        description="Mètres dont les contours, s'ils sont simplifiés, s'écartent au plus des vraies"
        " limites : le compte rendu dit combien de points en sont plus près",
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
    outlines: Outlines | None = Field(
        default=None,
        description="Ajoute le nom de celui de vos propres contours où est la ligne",
        # What was asked of owners before there were any is still the same request.
        exclude_if=lambda outlines: outlines is None,
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
        """Return what the new columns are called, where no column of the table is called so."""
        names = []
        if "commune" in self.areas:
            names += ["commune", "commune_nom"]
        names += ["departement"] * ("departement" in self.areas)
        names += [self.outlines.name] if self.outlines else []
        if "wgs84" in self.coordinates:
            names += ["latitude_wgs84", "longitude_wgs84"]
        if "lambert93" in self.coordinates:
            names += ["x_lambert93", "y_lambert93"]
        names += [self.distance.name] if self.distance else []
        names += [self.nearest.name, f"{self.nearest.name}_m"] if self.nearest else []
        return tuple(names)

    @property
    def needs_plane(self) -> bool:
        """Return whether positions need coordinates of Lambert-93."""
        return bool(self.areas or self.outlines or "lambert93" in self.coordinates)

    @model_validator(mode="after")
    def _adds_something(self) -> Self:
        if not self.added:
            raise ValueError("geo demande areas, outlines, coordinates, distance ou nearest")
        if len({*self.added}) < len(self.added):
            raise ValueError("deux des colonnes ajoutées ont le même nom")
        return self


_TEXTS = ("commune", "commune_nom", "departement")
_CODES = ("commune", "departement")


def _effect(parameters: GeoParameters, tables: Mapping[str, Columns]) -> Effect:
    """Return the effect: the table's columns, and those that are made of its position."""
    if parameters.nearest and "places" not in tables:
        raise Invalid("le rôle places n'a pas de table", "nearest")
    if parameters.outlines and "outlines" not in tables:
        raise Invalid("le rôle outlines n'a pas de table", "outlines")
    kept = as_they_are("table", tables["table"])
    added = _added(parameters)
    called = unique(parameters.added, kept)
    columns = {new: added[name] for name, new in zip(parameters.added, called, strict=True)}
    here = next(iter(_sources(parameters.position, "table")))
    return Effect(
        {**kept, **columns},
        named=tuple(_named(parameters)),
        passes=("table",),
        met=tuple(Met("left", here, others) for others in _others(parameters)),
        cautions=tuple(_cautions(parameters)),
        code=hash_of((parameters,)),
        rows="kept",
        moves_values=False,
    )


def _sources(position: Position, role: str) -> tuple[Source, ...]:
    return tuple(Source(role, name) for name in position.columns.values())


def _others(parameters: GeoParameters) -> Iterator[tuple[Source, ...]]:
    """Return the columns of each other table that positions are compared with."""
    if parameters.nearest:
        yield _sources(parameters.nearest.position, "places")
    if parameters.outlines:
        yield (Source("outlines", parameters.outlines.geometry),)


def _added(parameters: GeoParameters) -> dict[str, MadeColumn]:
    """Return what is made of positions, by name."""
    here = _derived(_sources(parameters.position, "table"))
    columns = {name: MadeColumn(here, "decimal") for name in parameters.added}
    for name in set(_TEXTS) & set(parameters.added):
        columns[name] = MadeColumn(here, "text", code=name if name in _CODES else "")
    if parameters.outlines:
        label = Part(Source("outlines", parameters.outlines.label))
        columns[parameters.outlines.name] = MadeColumn((label, *here), "text")
    if parameters.distance:
        columns[parameters.distance.name] = MadeColumn(here, "decimal", "m")
    if parameters.nearest:
        label = Part(Source("places", parameters.nearest.label))
        there = _derived(_sources(parameters.nearest.position, "places"))
        columns[parameters.nearest.name] = MadeColumn((label, *here), "text")
        columns[f"{parameters.nearest.name}_m"] = MadeColumn((*here, *there), "decimal", "m")
    return columns


def _derived(sources: Iterable[Source]) -> tuple[Part, ...]:
    return tuple(Part(source, "derived") for source in sources)


def _cautions(parameters: GeoParameters) -> Iterator[Caution]:
    if parameters.areas:
        yield Caution("areas", _near_limits("les contours des communes", COMMUNE_TOLERANCE))
    if parameters.outlines and parameters.outlines.tolerance:
        tolerance = parameters.outlines.tolerance
        yield Caution("outlines.tolerance", _near_limits("vos contours", tolerance))


def _near_limits(outlines: str, tolerance: int) -> str:
    return (
        f"{outlines} sont simplifiés à {tolerance} m près : un point à moins de {tolerance} m d'une"
        " limite peut être situé chez le voisin ; le compte rendu dira combien le sont"
    )


def _named(parameters: GeoParameters) -> Iterator[Named]:
    for parameter, name in parameters.position.columns.items():
        yield Named(f"position.{parameter}", Source("table", name))
    if parameters.nearest:
        for parameter, name in parameters.nearest.position.columns.items():
            yield Named(f"nearest.position.{parameter}", Source("places", name))
        yield Named("nearest.label", Source("places", parameters.nearest.label))
    if parameters.outlines:
        yield Named("outlines.geometry", Source("outlines", parameters.outlines.geometry))
        yield Named("outlines.label", Source("outlines", parameters.outlines.label))


GEO = Application(
    name="geo",
    title="Situer les lignes d'une table",
    description=(
        "Lit des latitudes et longitudes de toute écriture usuelle, ou des coordonnées Lambert-93,"
        " et ajoute la commune et le département par les contours de la Normandie, le nom de celui"
        " de vos propres contours, les coordonnées de l'autre système, la distance à un point ou à"
        " la ligne la plus proche d'une seconde table. Ce qui n'est pas lisible, ou hors de tout"
        " contour, est compté et reste vide. Les contours de la Normandie sont simplifiés : le"
        f" compte rendu dit combien de points sont à moins de {COMMUNE_TOLERANCE} m d'une limite,"
        " et peuvent être de la commune voisine."
    ),
    roles=(
        Role(name="table", title="La table à situer"),
        Role(name="places", title="La table des lieux (nearest)", required=False),
        Role(name="outlines", title="La table de vos contours (outlines)", required=False),
    ),
    parameters=GeoParameters,
    effect=_effect,
    traits=Traits(
        draws=False,
        runs_code=False,
        runs_sql=False,
        joins=False,
        sums=False,
        reads_files=False,
        needs_key=False,
        picks_rows=True,
        is_repeatable=lambda _parameters: True,
        splits=lambda _parameters: False,
    ),
)
