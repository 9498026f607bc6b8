"""The one place where the judged benchmark of SQL meets the code that is judged."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.corpora.sql import Reads, Schema

APPLICATION, SQL = "query", "sql"
"""What the application is called, and its parameter with the text of the query."""


class Analysis(NamedTuple):
    """What is found of a query without running it.

    `reads`: the columns by table. `result`: the names of the result's columns. `by`: the columns
    (`table.column`) that the figures of a table are grouped by; None when its rows come out one by
    one. A table may be left out of `by` where nothing of it comes out.
    """

    reads: Reads
    result: tuple[str, ...]
    by: Mapping[str, frozenset[str] | None]


class NoAnalysis(Exception):
    """There is no analysis of queries yet."""


def analyse(sql: str, tables: Schema) -> Analysis:  # noqa: ARG001 - until there is one
    """What the application `query` reads of tables with these columns, and what it makes.

    Raises Rejected where it refuses the query.
    """
    raise NoAnalysis
