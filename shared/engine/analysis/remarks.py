"""What is said of a treatment before it is sent."""

from typing import NamedTuple

from pydantic import Field

from shared.errors import Invalid
from shared.events.event import Frozen


class Remark(Frozen):
    """Something to know before a treatment is sent, at a `field` of it; `message` is French."""

    field: str
    kind: str = Field(
        description="unknown_dataset, unknown_column, not_a_number, other_keys, no_codes,"
        " many_to_many, repeated_rows, other_grain, mixed_conventions, repeated_figure,"
        " shared_names, uncertain, totals, likely_totals, not_tried, not_known; of restricted data"
        " at_once or waits"
    )
    message: str
    dataset_id: str = Field(default="", description="that it is about, if it is about one")

    @property
    def refusal(self) -> Invalid:
        """Return the error that states it."""
        return Invalid(self.message, self.field)


Types = dict[str, str]
"""The columns of a table, in order, with the types that a query gets them as; empty if not known.
"""


class Findings(NamedTuple):
    """What a check found: what cannot run, what to think of, and what nobody could look at.

    `tables` are those of the inputs and steps, by name; None for one that may have other columns.
    """

    faults: list[Remark]
    warnings: list[Remark]
    unchecked: list[Remark]
    tables: dict[str, Types | None]


class TreatmentCheck(Frozen):
    """What to think of before a treatment is sent, what nobody could look at, and what waits."""

    warnings: tuple[Remark, ...] = ()
    unchecked: tuple[Remark, ...] = ()
    answers: tuple[Remark, ...] = Field(
        default=(),
        description="of each restricted dataset of others: at_once where its protected tables"
        " answer, waits where people decide, with what asks for more than they hold",
    )
