"""Tables on the way through a treatment: columns in place of rows, and how often rows stand."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.engine.analysis.known_tables import KnownColumn
from shared.engine.analysis.remarks import Types
from shared.engine.analysis.repetition import Times, multiplied
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.effect import MadeColumn, Source
from shared.engine.tables.key_file import COARSE
from shared.events.event import Step

_EXTREMES = ("min", "max")


class StepColumn(NamedTuple):
    """A column of a table on the way: where it is from, and how often a row of that may stand.

    `is_bound` when that is a bound, which no row need reach.
    """

    known: KnownColumn | None
    source: str
    times: Times = 1
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
        """How many rows a step reads."""
        return self.rows if self.rows is None or with_totals else self.rows - self.totals

    @property
    def types(self) -> Types | None:
        """What a query gets its columns as; None where it may have others."""
        known = {name: one.known for name, one in self.columns.items()}
        types = {name: one.query_type if one else "" for name, one in known.items()}
        return None if self.is_open else types

    @staticmethod
    def known_in(given: Mapping[str, "StepTable"]) -> dict[Source, KnownColumn]:
        """The columns of tables, by their roles, of which something is known."""
        return {
            Source(role, name): one.known
            for role, table in given.items()
            for name, one in table.columns.items()
            if one.known
        }


def grouped(column: StepColumn, told: AggregateParameters) -> KnownColumn | None:
    """A column of groups: the only one has each of its values once."""
    known = column.known
    if known is None:
        return None
    once = known.distinct if len(told.group_columns()) == 1 else None
    return known.model_copy(update={"filled": once, "distinct": once})


def figure(name: str, made: MadeColumn, table: StepTable) -> KnownColumn:
    """A figure of groups: the first or last of dates is a date."""
    sources = [table.columns.get(part.source.column) for part in made.of if part.how in _EXTREMES]
    is_day = any(one and one.known and one.known.kind == "date" for one in sources)
    return KnownColumn(name=name, kind="date" if is_day else made.kind, unit=made.unit)


def met(column: StepColumn, times: Times, step: Step, *, is_bound: bool) -> StepColumn:
    """A column after a crossing in which each of its rows may stand that often."""
    if times == 1:
        return column
    is_bound |= column.times != 1
    times = multiplied(column.times, times)
    return column._replace(times=times, crossed=step.output, is_bound=is_bound)


def handed_on(
    name: str, made: MadeColumn, given: Mapping[str, StepTable], step: Step
) -> StepColumn:
    """A column of a step's result: as it was, or as one that is made there."""
    source = made.unchanged
    found = given[source.role].columns.get(source.column) if source else None
    if found is None:
        key = None if made.code in COARSE else made.code or None
        known = KnownColumn(name=name, kind=made.kind, type=made.code, key=key)
        return StepColumn(known, step.output)
    return found._replace(known=found.known and found.known.model_copy(update={"name": name}))
