"""What a step makes of the columns of its tables, known without running it.

What owners are asked for and what is checked before a treatment runs are made from this alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Columns: TypeAlias = tuple[str, ...] | None
"""The names of a table's columns, in order; None where nobody knows them."""

FIGURES: Mapping[str, str] = {
    "sum": "la somme de",
    "mean": "la moyenne de",
    "count": "le nombre de valeurs de",
    "distinct": "le nombre de valeurs distinctes de",
    "median": "la médiane de",
    "quantile": "un quantile de",
    "min": "la plus petite valeur de",
    "max": "la plus grande valeur de",
    "share": "la part de",
    "weighed": "la moyenne pondérée de",
    "derived": "un calcul sur",
    "pseudonym": "un pseudonyme de",
    "listed": "les valeurs sans correspondance de",
    "met": "s'il y a une valeur égale dans",
}
"""How a figure is made of a column, as owners are told it (French)."""


RowsMade: TypeAlias = Literal["kept", "chosen", "made"]
"""Rows that are those of the table one by one, or some of these, or any others."""


class Source(NamedTuple):
    """A column of the table in a role."""

    role: str
    column: str


class Part(NamedTuple):
    """A column that another is made of, and how: a name of FIGURES, empty where as it is."""

    source: Source
    how: str = ""


class MadeColumn(NamedTuple):
    """A column that a step makes. `kind` is text, integer, decimal, date or boolean.

    Kind and `unit` are empty where they are its source's, or not known. `by` are groups of its own
    that it was made for, whichever those of the rows are. `code` is the kind of codes that the step
    writes there: commune, departement, ...
    """

    of: tuple[Part, ...] = ()
    kind: str = ""
    unit: str = ""
    by: tuple[Source, ...] | None = None
    code: str = ""

    @property
    def unchanged(self) -> Source | None:
        """Return the column that it is, as it is; None for one that is made."""
        return self.of[0].source if len(self.of) == 1 and not self.of[0].how else None


class ShownTable(NamedTuple):
    """A table that comes out besides the result, such as a chart's or what met nothing."""

    columns: Mapping[str, MadeColumn]
    by: tuple[Source, ...] | None = None


class Named(NamedTuple):
    """A column that the parameter `field` names; `number_for` says in French why it holds numbers.

    It is empty where any values will do. Dates will do in place of numbers where it `may_be_day`.
    What is only taken away is not read.
    """

    field: str
    source: Source
    number_for: str = ""
    may_be_day: bool = False
    is_read: bool = True


def named_each(
    field: str,
    columns: Iterable[str],
    number_for: str = "",
    *,
    role: str = "table",
    may_be_day: bool = False,
) -> Iterator[Named]:
    """Yield the columns that a list of the parameters names, each at its place."""
    for at, column in enumerate(columns):
        yield Named(f"{field}.{at}", Source(role, column), number_for, may_be_day)


class Fault(NamedTuple):
    """A name at the parameter `field` that no table has; `message` says so in French."""

    field: str
    message: str


class Caution(NamedTuple):
    """What makes the values uncertain that the parameter `field` asks for, in French."""

    field: str
    message: str


class Met(NamedTuple):
    """A column whose values meet those of others, each side perhaps via a crosswalk."""

    how: str
    left: Source
    right: tuple[Source, ...]
    left_via: str = ""
    right_via: str = ""


@dataclass(frozen=True)
class Effect:
    """What a step makes: `columns` of its result in order, `by` the groups that they are made for.

    by: None where the result's rows are those of the tables, and not groups.
    named: what the parameters name; a name that its table does not have is a fault there.
    faults: names that none of the tables has.
    cautions: what is uncertain of the values that are made, whatever the tables hold.
    looks_at: columns that are read besides, such as those of a filter.
    whole: roles of which all columns are read, also those that nobody knows.
    passes: roles whose columns that nobody knows stand in the result.
    shows: other tables that come out.
    is_open: whether the result may have columns that only its run tells.
    code: the SHA-256 of code of the holder's own that the tables go through, or of what chooses
        rows, puts values together or works them out: another is another request.
    rows: what it does to the rows of its main table.
    moves_values: whether values may stand in other rows than their own, or rows be left out that
        the holder singles out; who does not say, may.
    may_stop: whether it stops at values that it is not told of, or cannot read.
    """

    columns: Mapping[str, MadeColumn]
    by: tuple[Source, ...] | None = None
    named: tuple[Named, ...] = ()
    faults: tuple[Fault, ...] = ()
    cautions: tuple[Caution, ...] = ()
    looks_at: frozenset[Source] = frozenset()
    whole: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    shows: tuple[ShownTable, ...] = ()
    met: tuple[Met, ...] = ()
    is_open: bool = False
    code: str = ""
    rows: RowsMade = "made"
    moves_values: bool = True
    may_stop: bool = False

    @property
    def reads(self) -> frozenset[Source]:
        """Return every column that the step looks at, without those that it only hands on."""
        parts = (part for column in self.columns.values() for part in column.of if part.how)
        named = (named_column.source for named_column in self.named if named_column.is_read)
        return frozenset((*(part.source for part in parts), *named, *self.looks_at))


def as_they_are(role: str, columns: Columns) -> dict[str, MadeColumn]:
    """Return the known columns of the table in that role, unchanged."""
    return {name: as_it_is(Source(role, name)) for name in columns or ()}


def as_it_is(source: Source) -> MadeColumn:
    """Return the column unchanged."""
    return MadeColumn((Part(source),))
