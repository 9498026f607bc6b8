"""Which rows of a table are totals: labelled or coded so, without a key, or sums of others.

A label is not enough, for a company or a list of candidates may be called so: the row's figures
have to be sums, or its key has to be missing or no code where those of the others are.
"""

from collections import defaultdict
from collections.abc import Sequence

import duckdb

from services.compute.runner.totals.labels import MOST_COLUMNS, Reason
from services.compute.runner.totals.large_table import marked_sets
from services.compute.runner.totals.small_table import SmallTable
from services.compute.runner.totals.total_codes import coded_totals
from shared.tables.manifest import Column, TotalRows, ranges_of
from shared.words import counted, french_list
from shared.words import quoted as in_guillemets

_SMALL = 20_000
"""Rows up to which each is looked at; of larger tables those that labels mark."""


def find_total_rows(
    database: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: int
) -> tuple[TotalRows, ...]:
    """The rows of a table that are totals, those with one reason together."""
    if rows <= 2:  # noqa: PLR2004 - no row can sum two others
        return ()
    if rows <= _SMALL:
        found = SmallTable(database, table, columns[:MOST_COLUMNS]).find()
    else:
        found = dict(marked_sets(database, table, columns, rows))
    found = dict(coded_totals(database, table, columns, rows)) | found
    rows_of = defaultdict(list)
    for row, reason in sorted(found.items()):
        rows_of[reason].append(row)
    return tuple(
        TotalRows(
            kind=reason.kind,
            column=reason.column,
            sums=reason.sums,
            count=len(numbers),
            ranges=ranges_of(numbers),
            message=_told(reason, len(numbers)),
        )
        for reason, numbers in rows_of.items()
    )


def _told(reason: Reason, count: int) -> str:
    column = in_guillemets(reason.column)
    sums = french_list([in_guillemets(one) for one in reason.sums])
    why = {
        "label": f"libellé de total dans {column}",
        "empty_key": f"sans {column}, que les autres ont",
        "short_code": f"code plus court que les autres dans {column}",
        "total_code": f"code de total dans {column}",
        "sum": "sans libellé",
    }[reason.kind]
    lines = counted(count, "ligne de total", "lignes de total")
    what = f" ; somme d'autres lignes dans {sums}" if sums else ""
    return f"{lines} : {why}{what}"
