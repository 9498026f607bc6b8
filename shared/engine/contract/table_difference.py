"""Two tables to compare, such as two editions of a dataset, and what differs between them."""

from typing import Annotated

from pydantic import Field, StringConstraints, computed_field

from shared.engine.tables.manifest import Column
from shared.events.event import Frozen

Exact = Annotated[str, StringConstraints(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A number in decimal digits, as text: none of them is lost."""


class TableComparison(Frozen):
    """How two tables are read: by what their columns of text were described to hold."""

    before: tuple[Column, ...] = ()
    after: tuple[Column, ...] = ()


class ChangedKind(Frozen):
    """A column of both tables whose values are of another kind: text, integer, decimal, ..."""

    name: str
    before: str
    after: str


class MovedFigure(Frozen):
    """A figure that is another: of a row, by its key, or without a key the sum of a column."""

    row: tuple[str | None, ...] = Field(description="its values in the columns of the key, cut")
    column: str
    before: Exact
    after: Exact
    change: Exact


class TableDifference(Frozen):
    """What differs between two tables; what both write otherwise, 12,50 and 12.5, is the same.

    Rows are compared by the columns that both tables have.
    """

    rows_before: int
    rows_after: int
    added_columns: tuple[str, ...] = ()
    removed_columns: tuple[str, ...] = ()
    changed_kinds: tuple[ChangedKind, ...] = ()
    key: tuple[str, ...] = Field(
        default=(), description="columns whose values no two rows of either table share, if any do"
    )
    added_rows: int = Field(description="rows that the first table has not")
    removed_rows: int = Field(description="rows that the second table has not")
    changed_rows: int | None = Field(
        default=None,
        description="rows of one key with other values; without a key none is told apart from one"
        " that was removed and one that was added",
    )
    moved_figures: tuple[MovedFigure, ...] = Field(
        default=(),
        description="at most 20, to ten decimals: of each column those that moved most; without a"
        " key the sums of columns",
    )

    @computed_field(description="whether nothing differs")  # type: ignore[prop-decorator]
    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        columns = (*self.added_columns, *self.removed_columns, *self.changed_kinds)
        return not (columns or self.added_rows or self.removed_rows or self.changed_rows)
