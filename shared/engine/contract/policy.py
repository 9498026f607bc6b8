"""What the owner of restricted data lets be shown of it: an owner's release policy.

It is decided by form, once, and never by looking at what a request would give: the unit (whose a
row is), dimensions with their levels, measures, and how many dimensions a table has at once.
"""

import re
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.engine.contract.guessing import LEAST_PERCENT, MOST_PERCENT, budget_of
from shared.engine.tables.release import PERSONS
from shared.errors import Invalid
from shared.events.event import Frozen
from shared.language.french import counted, quoted

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

NOTHING, OTHER = "(sans valeur)", "(autre)"
"""The class of rows without a value, and with noise of those whose value has no class."""

Readers = Literal["lab", "granted"]
"""Everybody of the lab, or the projects to which an owner granted the data."""

Method = Literal["exact", "noise"]
"""Exact figures, where those of few units are hidden; or all of them, each slightly wrong."""

NORMAL_95 = 1.96
"""So many standard errors on either side hold 95 % of what is normally distributed."""

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
    values: tuple[str, ...] = Field(
        default=(),
        max_length=1000,
        description="with noise, what it has classes of, whoever is in them: values as written; of"
        " dates the first and the last year; of areas the départements, EPCI or communes they lie"
        " in, by their codes",
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
    def missing_values(self) -> str:
        """Why noise needs its `values`, in French; empty where its classes follow from elsewhere.

        Those of numbers do from their bounds, and of large areas the whole of France is taken.
        """
        if self.is_area:
            is_large = self.levels[-1] in ("region", "departement")
            return "" if is_large else "dites dans quels départements, EPCI ou communes"
        if {*DATE_LEVELS} & set(self.levels):
            return "dites la première et la dernière année"
        return "nommez ses valeurs" if "value" in self.levels else ""

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


def error_name(column: str) -> str:
    """Return the column of half widths beside one of figures with noise."""
    return f"{column} (±)"


def table_name(level_names: Iterable[str]) -> str:
    """Return what the table of these levels is called."""
    return " et ".join(level_names) or WHOLE


class PolicyMeasure(Frozen):
    """A column of numbers that is summed; what a row has above the cap counts as the cap."""

    column: str = Field(min_length=1)
    cap: float | None = Field(default=None, gt=0, description="needed with noise")
    is_full: bool = Field(
        default=False,
        description="whether each row has a value, of all versions: others are refused",
    )


class ReleasePolicy(Frozen):
    """What may be shown of a restricted dataset, to whoever asks, and made once a version."""

    unit: tuple[str, ...] = Field(
        default=(), max_length=3, description="columns that say whose a row is; empty: each its own"
    )
    units_repeat: bool | None = Field(
        default=None,
        description="whether a unit may have several rows; if none may, versions where one has are"
        " refused, and rows can be counted; unsaid: as the data had it when this was set",
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
    readers: Readers = Field(
        default="lab",
        description="who reads the tables: `lab`, everybody, as open data; `granted`, only projects"
        " to which the data was granted, and no reviewer is asked",
    )
    method: Method = Field(
        default="exact",
        description="`exact`: small cells are hidden; `noise`: none is, each is slightly wrong",
    )
    guess_percent: int = Field(
        default=70,
        ge=LEAST_PERCENT,
        le=MOST_PERCENT,
        description="with noise: who knew all of the others would guess at most so many times in a"
        " hundred right whether a unit is there, or in which of two classes; of all editions in"
        " any 365 days together",
    )
    most_rows: int = Field(
        default=1, ge=1, le=100, description="with noise: of a unit that count; others are left out"
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [name for dimension in self.dimensions for name in dimension.level_names]
        names += [measure.column for measure in self.measures]
        names += [error_name(measure.column) for measure in self.measures]
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

    @property
    def has_repeated_units(self) -> bool:
        """Whether a unit may have several rows, so that to count rows is not to count units."""
        return bool(self.unit) and self.units_repeat is not False

    @property
    def is_for_granted(self) -> bool:
        """Whether only projects to which an owner granted the data read the tables."""
        return self.readers == "granted"

    @property
    def is_noisy(self) -> bool:
        """Whether all cells are shown, each slightly wrong."""
        return self.method == "noise"

    @property
    def year_budget(self) -> float:
        """Return the rho (zCDP) of all editions with noise in any 365 days."""
        return budget_of(self.guess_percent)

    @property
    def edition_budget(self) -> float:
        """Return the rho of one of them: an equal share; each has all if its owner sees to it."""
        return self.year_budget / max(1, self.editions_a_year)

    def check_noise(self) -> None:
        """Raise Invalid at the field that noise needs and the policy lacks.

        Which classes there are, and how much one row adds, may not come of the data: that a town
        is listed since one lives there, or how large the largest amount is, would be told exactly.
        """
        if not self.is_noisy:
            return
        for number, measure in enumerate(self.measures):
            if measure.cap is None:
                raise Invalid(
                    f"{quoted(measure.column)} a besoin d'un plafond : le bruit se mesure à ce"
                    " qu'une ligne ajoute au plus",
                    f"measures.{number}.cap",
                )
        for number, dimension in enumerate(self.dimensions):
            if not dimension.values and (missing := dimension.missing_values):
                raise Invalid(
                    f"{quoted(dimension.column)} : {missing}", f"dimensions.{number}.values"
                )


def in_french(amount: float) -> str:
    """Return an amount as people read it, with two digits that say something."""
    return f"{float(f'{amount:.2g}'):,.15g}".replace(",", "\u202f").replace(".", ",")


class MadeTables(Frozen):
    """What everybody may know of the protected tables of a version, as they were made.

    `cells` are the rows of all tables, `shown` those of them whose count is; with noise both are
    all that there may be. `full_measures` are without a missing value: their means are a sum by a
    count. Exact tables have them, and whether units repeat, from the policy: one row of the data
    would decide it. `listed_levels` have a row for each class that may be below a hidden one.
    `standard_errors` are, with noise, of each table's count and then of its sums.
    """

    policy: ReleasePolicy
    tables: tuple[str, ...] = Field(description="the columns of each, in French")
    most_at_once: int = Field(description="dimensions of a table, which may be fewer than asked")
    cells: int
    shown: int
    has_repeated_units: bool = Field(description="whether a unit may have several rows")
    full_measures: tuple[str, ...] = ()
    standard_errors: tuple[tuple[float, ...], ...] = ()
    listed_levels: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the tables."""
        levels = (name for part in self.policy.dimensions for name in part.level_names)
        figures = (COUNT, *(measure.column for measure in self.policy.measures))
        if self.policy.is_noisy:
            figures = tuple(name for figure in figures for name in (figure, error_name(figure)))
        return (TABLE, *levels, *figures)

    @property
    def half_widths(self) -> dict[str, tuple[float, float]]:
        """Return how far figures with noise are off at most in 95 % of all draws, by column.

        Of the table where that is least, and where it is most.
        """
        figures = (COUNT, *(measure.column for measure in self.policy.measures))
        return {
            figure: (NORMAL_95 * min(errors), NORMAL_95 * max(errors))
            for figure, errors in zip(
                figures, zip(*self.standard_errors, strict=True), strict=False
            )
        }

    @property
    def accuracy(self) -> str:
        """State in French how wrong figures with noise are; empty without noise."""
        return " ; ".join(
            f"{quoted(figure)} à ± {in_french(least)} près"
            + (f", jusqu'à ± {in_french(most)} selon le tableau" if most > least else "")
            for figure, (least, most) in self.half_widths.items()
        )

    @property
    def summary(self) -> str:
        """State in French which tables there are, and how many of their cells show a count."""
        tables = counted(len(self.tables), "tableau", "tableaux")
        share = round(100 * self.shown / max(1, self.cells))
        dimensions = counted(self.most_at_once, "dimension", "dimensions")
        if self.policy.is_noisy:
            cells = counted(self.cells, "case, toutes montrées", "cases, toutes montrées")
            return f"{tables} d'au plus {dimensions} à la fois : {cells}, légèrement fausses"
        shown = counted(self.shown, "case montrée", "cases montrées")
        return f"{tables} d'au plus {dimensions} à la fois : {shown} sur {self.cells} ({share} %)"


class Invention(Frozen):
    """What a trial's rows are invented from in the place of a restricted table, beside its columns.

    It is what everybody may know of the table; its protected tables are the input's file.
    """

    seed: str = Field(description="the dataset and its version: the same rows each time")
    rows: int = Field(ge=0, description="that the table has at most, as everybody is told")
    territory: tuple[str, ...] = Field(default=(), description="codes of places that it is about")
    facts: MadeTables | None = Field(default=None, description="of its protected tables, if any")
