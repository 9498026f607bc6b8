"""The one place where the judged benchmark of SQL meets the code that is judged."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import ValidationError

from shared.engine.applications.query.application import QueryParameters, effect
from shared.engine.applications.query.run import result_names
from shared.engine.running.sql.binding import bind
from shared.errors import Invalid, invalid_of
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


def analyse(sql: str, tables: Schema) -> Analysis:
    """What the application `query` reads of tables with these columns, and what it makes.

    Raises Rejected where it refuses the query.
    """
    try:
        parameters = QueryParameters(sql=sql)
    except ValidationError as error:
        raise invalid_of(error) from error
    query_effect = effect(parameters, {name: tuple(columns) for name, columns in tables.items()})
    if query_effect.faults:
        raise Invalid(query_effect.faults[0].message, "sql")
    types = bind(sql, tables)
    sources = query_effect.reads | {
        part.source for column in query_effect.columns.values() for part in column.of
    }
    reads = {
        role: frozenset(source.column for source in sources if source.role == role)
        for role in {source.role for source in sources}
    }
    by: dict[str, frozenset[str] | None] = {}
    for column in query_effect.columns.values():
        for role in {part.source.role for part in column.of}:
            groups = query_effect.by if column.by is None else column.by
            before = by.get(role, frozenset())
            named = None if groups is None else frozenset(".".join(source) for source in groups)
            by[role] = None if named is None or before is None else named | before
    return Analysis(reads, tuple(result_names(query_effect, types)), by)
