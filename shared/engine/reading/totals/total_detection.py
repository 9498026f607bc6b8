"""Which rows of a table are totals: labelled or coded so, without a key, or sums of others.

A label is not enough, for a company or a list of candidates may be called so: the row's figures
have to be sums, or its key has to be missing or no code where those of the others are.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from duckdb import DuckDBPyConnection as Database

from shared.engine.reading.totals.labels import MOST_COLUMNS, Reason
from shared.engine.reading.totals.large_table import marked_sets
from shared.engine.reading.totals.small_table import SmallTable
from shared.engine.reading.totals.total_codes import coded_totals
from shared.engine.tables.manifest import Column
from shared.engine.tables.misleading import TotalRows, ranges_of
from shared.language.french import counted, french_list
from shared.language.french import quoted as in_guillemets

_SMALL = 20_000
"""Rows up to which each is looked at; of larger tables those that labels mark."""


class FoundTotals(NamedTuple):
    """The rows of a table that sum others, and those that look so; one reason's together."""

    totals: tuple[TotalRows, ...] = ()
    likely: tuple[TotalRows, ...] = ()

    @property
    def profile_fields(self) -> dict[str, tuple[TotalRows, ...]]:
        """Return the fields of a profile that list the totals."""
        return {"totals": self.totals, "likely_totals": self.likely}


def find_total_rows(
    database: Database, table: str, columns: Sequence[Column], rows: int
) -> FoundTotals:
    """Find the rows of a table that are totals, and those that only look like totals."""
    if rows <= 2:  # noqa: PLR2004 - no row can sum two others
        return FoundTotals()
    likely: dict[int, Reason] = {}
    if rows <= _SMALL:
        small = SmallTable(database, table, columns[:MOST_COLUMNS])
        certain, likely = small.find(), small.likely()
    else:
        certain = dict(marked_sets(database, table, columns, rows))
    for row, reason in coded_totals(database, table, columns, rows):
        (certain if reason.sums else likely).setdefault(row, reason)
    left = {row: reason for row, reason in likely.items() if row not in certain}
    return FoundTotals(_together(certain, _told), _together(left, _likely_told))


def _together(
    reasons: Mapping[int, Reason], message_of: Callable[[Reason, int], str]
) -> tuple[TotalRows, ...]:
    """Group the rows by their reason."""
    rows_of = defaultdict(list)
    for row, reason in sorted(reasons.items()):
        rows_of[reason].append(row)
    return tuple(
        TotalRows(
            kind=reason.kind,
            column=reason.column,
            sums=reason.sums,
            count=len(numbers),
            ranges=ranges_of(numbers),
            message=message_of(reason, len(numbers)),
        )
        for reason, numbers in rows_of.items()
    )


def _likely_told(reason: Reason, count: int) -> str:
    singular, many = "ligne ressemble à un total", "lignes ressemblent à des totaux"
    is_counted = "est comptée" if count == 1 else "sont comptées"
    return f"{counted(count, singular, many)} ({_why(reason)}) et {is_counted}"


def _told(reason: Reason, count: int) -> str:
    sums = french_list([in_guillemets(name) for name in reason.sums])
    lines = counted(count, "ligne de total", "lignes de total")
    what = f" ; somme d'autres lignes dans {sums}" if sums else ""
    return f"{lines} : {_why(reason)}{what}"


def _why(reason: Reason) -> str:
    column = in_guillemets(reason.column)
    return {
        "label": f"libellé de total dans {column}",
        "empty_key": f"sans {column}, que les autres ont",
        "short_code": f"code plus court que les autres dans {column}",
        "total_code": f"code de total dans {column}",
        "sum": "sans libellé",
    }[reason.kind]
