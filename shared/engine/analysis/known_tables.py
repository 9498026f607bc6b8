"""What the catalogue knows of the tables that a treatment reads, before anything runs."""

from typing import Any

from pydantic import Field

from shared.engine.contract.policy import MadeTables
from shared.engine.tables.column_names import named_kind
from shared.engine.tables.key_file import COARSE, KEY_SPACES
from shared.engine.tables.manifest import Column, Profile
from shared.engine.tables.misleading import ColumnWarning, RowRange
from shared.engine.tables.multiplicity import ONCE, Multiplicity, Relation
from shared.engine.tables.privacy import at_most
from shared.events.event import Frozen

_SQL_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
_NUMBERS = ("integer", "decimal")
_TEMPORAL = ("date", "datetime", "month")


class KnownColumn(Frozen):
    """A column as its profile has it; counts are None where nobody has counted."""

    name: str
    kind: str = Field(default="", description="text, integer, decimal, date or boolean")
    type: str = Field(default="", description="what it was recognised to hold, if anything")
    key: str | None = Field(default=None, description="commune, siren, postcode, ...")
    unit: str = Field(default="", description="of numbers, e.g. % or €")
    filled: int | None = None
    distinct: int | None = None
    sql_type: str = Field(default="", description="what a query gets it as; empty if not known")
    misnamed: str = Field(
        default="", description="the kind of code that its name says, where it does not hold it"
    )
    has_lost_zeros: bool = Field(default=False, description="codes without their first zero")
    warnings: tuple[ColumnWarning, ...] = ()

    @classmethod
    def of(cls, column: Column) -> "KnownColumn":
        """Return what a profile says of a column."""
        meaning, named = column.meaning, named_kind(column.name)
        return cls(
            name=column.name,
            kind=column.kind,
            type=column.type,
            key=column.key,
            unit=(meaning and meaning.unit) or "",
            filled=column.filled,
            distinct=column.distinct,
            sql_type=column.sql_type,
            misnamed="" if column.key or column.type == named or not column.filled else named,
            has_lost_zeros=bool(meaning and meaning.repair == "leading_zero" and not meaning.valid),
            warnings=column.warnings,
        )

    @property
    def code(self) -> str:
        """Return the kind of code that it holds: its key, or that of areas too coarse to be one."""
        return self.key or (self.type if self.type in COARSE else "")

    @property
    def space(self) -> str:
        """Return the space of codes that it can be compared with; empty where it holds none."""
        return KEY_SPACES.get(self.code, self.code)

    @property
    def query_type(self) -> str:
        """Return the SQL type that a query gets, which may follow from its kind; else empty."""
        return self.sql_type or _SQL_TYPES.get(self.kind, "")

    def does_for_numbers(self, *, days_do: bool = False) -> bool:
        """Return whether a step that counts with it may run; `days_do` where days do as well."""
        if not self.kind:
            return True  # nobody knows what it holds
        if days_do and (self.kind == "date" or self.type in _TEMPORAL):
            return True
        return not self.key and (self.kind in _NUMBERS or self.type in _NUMBERS)

    @property
    def rows_of_a_value(self) -> int | None:
        """Return how many rows have one value at most; None where it is not counted."""
        if self.filled is None or self.distinct is None:
            return None
        return max(1, self.filled - self.distinct + 1)


class KnownTable(Frozen):
    """A dataset as a member may know it.

    Of its `rows`, `totals` sum others: steps leave these out unless they keep them; `likely_totals`
    look so and are counted. They stand at `total_rows` and `likely_total_rows`. Of others' data
    none of this is known, and `rows` is a bound. `columns` are None while nobody knows them, for
    the `reason` in French. One that `is_lost` can never be read as it is: it does not exist for
    that member, is retired, or answers only for others.
    """

    dataset_id: str
    title: str = ""
    rows: int | None = None
    totals: int = 0
    total_rows: tuple[RowRange, ...] = ()
    likely_totals: int = 0
    likely_total_rows: tuple[RowRange, ...] = ()
    size: int | None = Field(default=None, description="bytes that a job reads")
    on_cluster: bool = Field(default=False, description="whether machines of a cluster may have it")
    columns: tuple[KnownColumn, ...] | None = None
    reason: str = ""
    is_lost: bool = False
    is_files: bool = Field(default=False, description="no table: only own code reads it")
    territory: tuple[str, ...] = Field(default=(), description="codes of places that it is about")
    is_restricted: bool = Field(default=False, description="others' data, who decide on it")
    facts: MadeTables | None = Field(
        default=None, description="its protected tables, which answer others for it"
    )

    @classmethod
    def of(cls, profile: Profile, **about: Any) -> "KnownTable":  # noqa: ANN401 - its other fields
        """Return the table of a profile."""
        return cls(
            **about,
            rows=profile.rows,
            totals=sum(total.count for total in profile.totals if total.ranges),
            total_rows=profile.total_rows,
            likely_totals=profile.likely_total_rows,
            likely_total_rows=profile.likely_total_ranges,
            columns=tuple(map(KnownColumn.of, profile.columns)),
        )

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the names of its columns, where they are known."""
        return None if self.columns is None else tuple(column.name for column in self.columns)

    def without_counts(self) -> "KnownTable":
        """Return the table for those who may not read it: columns, and at most how many rows."""
        columns = self.columns and tuple(
            column.model_copy(update={"filled": None, "distinct": None}) for column in self.columns
        )
        rows = None if self.rows is None else at_most(self.rows)
        update = {"rows": rows, "size": None, "columns": columns}
        update |= {"totals": 0, "total_rows": (), "likely_totals": 0, "likely_total_rows": ()}
        return self.model_copy(update=update)


class KnownCrossing(Frozen):
    """How many rows a step makes that crosses two datasets, counted from the values of their keys.

    `left` and `right` are the rows that meet, `joined` the pairs that they make: at least so many
    when it `is_cut`, and None where they are too many. A right row meets up to `left_most` rows, a
    left row up to `right_most`; 0 where nobody counted.
    """

    step: int = Field(ge=0)
    left: int | None = Field(ge=0)
    right: int | None = Field(ge=0)
    joined: int | None = Field(ge=0)
    left_most: int = Field(default=0, ge=0)
    right_most: int = Field(default=0, ge=0)
    multiplies_left: bool = Field(description="whether a left row may meet several")
    multiplies_right: bool = Field(description="whether a right row may meet several")
    is_cut: bool = False

    @property
    def multiplies(self) -> tuple[bool, bool]:
        """Return whether a left row and a right row may meet several."""
        return self.multiplies_left, self.multiplies_right

    @property
    def relation(self) -> Relation:
        """Return how often a row of either table stands in the crossing, as it was counted."""
        most = (self.right_most, self.left_most)
        left, right = (
            Multiplicity(times or None) if repeats else ONCE
            for repeats, times in zip(self.multiplies, most, strict=True)
        )
        return Relation(left, right)


class KnownInputs(Frozen):
    """The tables that a treatment reads, one for each dataset, and its crossings, as far as known.

    Rows are counted for crossings of two datasets whose values the member may read.
    """

    tables: tuple[KnownTable, ...]
    crossings: tuple[KnownCrossing, ...] = ()

    def table(self, dataset_id: str) -> KnownTable:
        """Return the table of that dataset; an unknown one when there is none."""
        none = KnownTable(dataset_id=dataset_id)
        return next((table for table in self.tables if table.dataset_id == dataset_id), none)

    def crossing(self, step: int) -> KnownCrossing | None:
        """Return the crossing that the step of that number makes, if it was counted."""
        return next((crossing for crossing in self.crossings if crossing.step == step), None)
