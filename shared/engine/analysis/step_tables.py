"""Tables on the way through a treatment: columns in place of rows, and how often rows stand."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.engine.analysis.known_tables import KnownColumn
from shared.engine.analysis.remarks import Types
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.effect import MadeColumn, Source
from shared.engine.tables.key_file import COARSE
from shared.engine.tables.multiplicity import ONCE, Multiplicity
from shared.events.event import Step

_EXTREMES = ("min", "max")


class StepColumn(NamedTuple):
    """A column of a table on the way: where it is from, and how often a row of that may stand.

    `is_bound` when that is a bound, which no row need reach.
    """

    profile: KnownColumn | None
    source: str
    multiplicity: Multiplicity = ONCE
    crossed: str = ""
    is_bound: bool = False


class StepTable(NamedTuple):
    """A table on the way; one that `is_open` may have columns that nobody knows.

    What `is_files` is none. Of its `rows`, `totals` sum others: steps leave these out unless they
    keep them.
    """

    name: str
    dataset_id: str
    columns: Mapping[str, StepColumn]
    rows: int | None = None
    is_open: bool = False
    is_files: bool = False
    totals: int = 0

    def rows_read(self, *, with_totals: bool) -> int | None:
        """Return how many rows a step reads."""
        return self.rows if self.rows is None or with_totals else self.rows - self.totals

    @property
    def types(self) -> Types | None:
        """Return the SQL types that a query gets; None where the table may have other columns."""
        profiles = {name: column.profile for name, column in self.columns.items()}
        types = {name: profile.query_type if profile else "" for name, profile in profiles.items()}
        return None if self.is_open else types

    @staticmethod
    def profiles_in(tables: Mapping[str, "StepTable"]) -> dict[Source, KnownColumn]:
        """Return the columns of tables, by their roles, of which something is known."""
        return {
            Source(role, name): column.profile
            for role, table in tables.items()
            for name, column in table.columns.items()
            if column.profile
        }


def grouped(column: StepColumn, parameters: AggregateParameters) -> KnownColumn | None:
    """Return a column of groups; where it is the only one, each of its values stands once."""
    profile = column.profile
    if profile is None:
        return None
    once = profile.distinct if len(parameters.group_columns()) == 1 else None
    return profile.model_copy(update={"filled": once, "distinct": once})


def figure(name: str, column: MadeColumn, table: StepTable) -> KnownColumn:
    """Return the profile of a figure of groups; the smallest or largest of dates is a date."""
    sources = [table.columns.get(part.source.column) for part in column.of if part.how in _EXTREMES]
    profiles = [source.profile for source in sources if source]
    is_day = any(profile and profile.kind == "date" for profile in profiles)
    return KnownColumn(name=name, kind="date" if is_day else column.kind, unit=column.unit)


def met(
    column: StepColumn, multiplicity: Multiplicity, step: Step, *, is_bound: bool
) -> StepColumn:
    """Return a column after a crossing in which each of its rows may stand that often."""
    if multiplicity == ONCE:
        return column
    return column._replace(
        multiplicity=column.multiplicity * multiplicity,
        crossed=step.output,
        is_bound=is_bound or column.multiplicity != ONCE,
    )


def handed_on(
    name: str, column: MadeColumn, input_tables: Mapping[str, StepTable], step: Step
) -> StepColumn:
    """Return a column of a step's result: as it was, or as one that is made there."""
    source = column.unchanged
    input_column = input_tables[source.role].columns.get(source.column) if source else None
    if input_column is None:
        key = None if column.code in COARSE else column.code or None
        profile = KnownColumn(name=name, kind=column.kind, type=column.code, key=key)
        return StepColumn(profile, step.output)
    return input_column._replace(
        profile=input_column.profile and input_column.profile.model_copy(update={"name": name})
    )
