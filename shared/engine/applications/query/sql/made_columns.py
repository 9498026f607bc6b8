"""What a query makes of the columns of its tables, for those who ask for data and check it."""

from collections.abc import Iterable, Mapping

from shared.engine.applications.effect import Columns, Effect, Fault, MadeColumn, Part, Source
from shared.engine.applications.query.sql import OTHERS
from shared.engine.applications.query.sql.analysis import Analysis
from shared.engine.applications.query.sql.relations import Parts, QueryColumn
from shared.engine.applications.query.sql.statement import SqlFault
from shared.engine.tables.column_names import unique
from shared.errors import Invalid


def effect(sql: str, tables: Mapping[str, Columns]) -> Effect:
    """Return what a query makes of tables with these columns; its names are those of the roles.

    Raises Invalid for one that cannot run, whatever they hold.
    """
    try:
        analysis = Analysis(sql, tables)
    except SqlFault as fault:
        raise Invalid(str(fault), "sql") from fault
    account, result = analysis.account, analysis.result
    names = unique(output.name for output in result.outputs)
    columns = {name: _made(output) for name, output in zip(names, result.outputs, strict=True)}
    if result.rest:
        columns[unique([OTHERS], columns)[0]] = _made(QueryColumn(OTHERS, result.rest))
    groups = [column.by for column in columns.values() if column.of]
    rows = None if any(by is None for by in groups) else _sorted(*(by or () for by in groups))
    return Effect(
        columns,
        by=rows,
        faults=tuple(Fault("sql", str(unknown_name)) for unknown_name in account.unknown),
        looks_at=frozenset(account.looks_at),
        whole=tuple(sorted(account.whole)),
        passes=result.open,
        met=tuple(dict.fromkeys(account.met)),
        is_open=result.is_unsure,
    )


def _made(output: QueryColumn) -> MadeColumn:
    parts = sorted({Part(part.source, part.how) for part in output.parts})
    return MadeColumn(tuple(parts), output.kind, by=_groups(output.parts))


def _groups(parts: Parts) -> tuple[Source, ...] | None:
    if any(part.by is None for part in parts):
        return None
    return _sorted(*(part.by or () for part in parts))


def _sorted(*sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(sorted({source for group in sources for source in group}))
