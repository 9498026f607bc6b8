"""What the owner of restricted data lets be shown of it: an owner's release policy.

It is decided by form, once, and never by looking at what a request would give: the unit (whose a
row is), dimensions with their levels, measures, and how many dimensions a table has at once.
"""

import re
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.engine.tables.release import PERSONS
from shared.events.event import Frozen
from shared.language.french import counted

LevelKind = Literal[
    "region", "departement", "epci", "commune", "year", "quarter", "month", "classes", "value"
]
"""An area that a code lies in, a part of a date, a class of numbers, or the value as written."""

AREA_LEVELS: tuple[LevelKind, ...] = ("region", "departement", "epci", "commune")
DATE_LEVELS: tuple[LevelKind, ...] = ("year", "quarter", "month")
MOST_TABLES, MOST_AT_ONCE = 400, 3

TABLE, COUNT, WHOLE = "tableau", "nombre", "ensemble"
"""The columns that say which table a row is of, and how many units are behind it; and what the
table without dimensions is called."""

NOTHING = "(sans valeur)"
"""The class of rows without a value."""

_RESERVED = re.compile(
    r"tableau|nombre|number|id|value|outer|outers|part|parent|(units|m|total|largest|second)\d*"
)
_DATES = {"year": "année", "quarter": "trimestre", "month": "mois"}


class PolicyDimension(Frozen):
    """A column that tables are made by, from its coarsest level to its finest."""

    column: str = Field(min_length=1)
    levels: tuple[LevelKind, ...] = Field(min_length=1, max_length=3)
    bounds: tuple[float, ...] = Field(
        default=(), max_length=50, description="of classes, where each but the first begins"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        kinds = set(self.levels)
        if len(kinds) < len(self.levels):
            raise ValueError("un niveau est nommé deux fois")
        if kinds & set(DATE_LEVELS) and not kinds <= set(DATE_LEVELS):
            raise ValueError("une date n'a que des années, des trimestres et des mois")
        if ("classes" in kinds) != bool(self.bounds) or list(self.bounds) != sorted(
            set(self.bounds)
        ):
            raise ValueError("des classes ont des bornes, de la plus petite à la plus grande")
        return self

    @property
    def is_known(self) -> bool:
        """Whether everybody knows who is in which class: areas and dates are no secret."""
        return self.is_area or bool({*DATE_LEVELS} & set(self.levels))

    @property
    def is_area(self) -> bool:
        """Whether its levels are areas in which its codes lie."""
        return bool({*AREA_LEVELS} & set(self.levels))

    @property
    def level_names(self) -> tuple[str, ...]:
        """Return the columns of its levels in the protected tables, the coarsest first."""
        return tuple(map(self.level_name, self.levels))

    def level_name(self, level: LevelKind) -> str:
        """Return what the column of a level is called in the protected tables."""
        if level in AREA_LEVELS:
            return level
        if level in DATE_LEVELS:
            return f"{self.column} ({_DATES[level]})"
        return f"{self.column} (classe)" if level == "classes" else self.column

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return what its classes of numbers are called, one more than it has bounds."""
        lower, upper = (None, *self.bounds), (*self.bounds, None)
        return tuple(_between(*limits) for limits in zip(lower, upper, strict=True))


def _between(lower: float | None, upper: float | None) -> str:
    least, most = (
        "" if bound is None else f"{bound:.15g}".replace(".", ",") for bound in (lower, upper)
    )
    if not least:
        return f"moins de {most}"
    return f"{least} à moins de {most}" if most else f"{least} et plus"


def table_name(level_names: Iterable[str]) -> str:
    """Return what the table of these levels is called."""
    return " et ".join(level_names) or WHOLE


class PolicyMeasure(Frozen):
    """A column of numbers that is summed; what a row has above the cap counts as the cap."""

    column: str = Field(min_length=1)
    cap: float | None = Field(default=None, gt=0)


class ReleasePolicy(Frozen):
    """What may be shown of a restricted dataset, to whoever asks, and made once a version."""

    unit: tuple[str, ...] = Field(
        default=(), max_length=3, description="columns that say whose a row is; empty: each its own"
    )
    minimum_units: int = Field(default=PERSONS, ge=3, description="behind each figure shown")
    dimensions: tuple[PolicyDimension, ...] = Field(min_length=1, max_length=12)
    measures: tuple[PolicyMeasure, ...] = Field(default=(), max_length=10)
    most_at_once: int = Field(default=MOST_AT_ONCE, ge=1, le=MOST_AT_ONCE)
    editions_a_year: int = Field(
        default=1,
        ge=0,
        le=12,
        description="how often tables are published by themselves in any 365 days: two editions"
        " side by side may tell of the few units that changed; 0: only as the owner agrees to each",
    )
    series: str = Field(
        default="",
        max_length=200,
        description="what datasets of one owner about the same units are called together, as the"
        " months of one list: their editions are counted as those of one",
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [name for dimension in self.dimensions for name in dimension.level_names]
        names += [measure.column for measure in self.measures]
        folded = [name.casefold() for name in names]
        if len(set(folded)) < len(names):
            raise ValueError("deux colonnes des tableaux auraient le même nom")
        if reserved := [name for name in folded if _RESERVED.fullmatch(name)]:
            raise ValueError(f"« {reserved[0]} » est un nom des tableaux eux-mêmes")
        columns = [dimension.column for dimension in self.dimensions]
        if len(set(columns)) < len(columns):
            raise ValueError("une colonne est deux dimensions : faites-en des niveaux d'une seule")
        if set(columns) & set(self.unit):
            raise ValueError("une colonne qui dit à qui est une ligne n'est pas une dimension")
        return self


class MadeTables(Frozen):
    """What everybody may know of the protected tables of a version, as they were made.

    `cells` are the rows of all tables, `shown` those of them whose count is. `full_measures` are
    without a missing value: their means are a sum by a count.
    """

    policy: ReleasePolicy
    tables: tuple[str, ...] = Field(description="the columns of each, in French")
    most_at_once: int = Field(description="dimensions of a table, which may be fewer than asked")
    cells: int
    shown: int
    has_repeated_units: bool = Field(description="whether a unit has several rows")
    full_measures: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the tables."""
        levels = (name for part in self.policy.dimensions for name in part.level_names)
        return (TABLE, *levels, COUNT, *(measure.column for measure in self.policy.measures))

    @property
    def summary(self) -> str:
        """State in French which tables there are, and how many of their cells show a count."""
        tables = counted(len(self.tables), "tableau", "tableaux")
        share = round(100 * self.shown / max(1, self.cells))
        dimensions = counted(self.most_at_once, "dimension", "dimensions")
        shown = counted(self.shown, "case montrée", "cases montrées")
        return f"{tables} d'au plus {dimensions} à la fois : {shown} sur {self.cells} ({share} %)"
