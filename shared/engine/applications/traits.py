"""What rules ask of an application, in place of its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What an application is to those who do not know it; none has a default.

    draws: it hands its table, in the role `table`, on as it is, and draws what of it leaves.
    runs_code, runs_sql: people write what it does, as a program or as a query.
    joins: it sets rows of several tables side by side, and may so repeat them.
    sums: it adds up groups of rows, as its parameters, AggregateParameters, tell.
    reads_files: it takes a dataset of files as these are.
    needs_key: it makes pseudonyms with the key of its project.
    may_fail_by_row: its holder can choose for which rows, or values, it fails.
    picks_rows: its holder can choose which rows, or values of them, go on, and so single out
        others' units.
    is_repeatable: whether the same parameters make the same table of the same tables, on any day.
    """

    draws: bool
    runs_code: bool
    runs_sql: bool
    joins: bool
    sums: bool
    reads_files: bool
    needs_key: bool
    may_fail_by_row: bool
    picks_rows: bool
    is_repeatable: Callable[[Mapping[str, Any]], bool]


NOT_DECLARED = Traits(
    draws=False,
    runs_code=False,
    runs_sql=False,
    joins=False,
    sums=False,
    reads_files=False,
    needs_key=False,
    may_fail_by_row=True,
    picks_rows=True,
    is_repeatable=lambda _parameters: False,
)
"""Those of an application that is not known: the most careful answers."""
