"""Adds up a table by groups, in DuckDB."""

from collections.abc import Iterator

from shared.engine.analysis.repetition import grain_told, repeated_told
from shared.engine.applications.aggregate.application import AggregateParameters, Ratio
from shared.engine.contract.result import Report
from shared.engine.database import Database, count, quoted
from shared.engine.running.steps.figures import figures_sql, period
from shared.engine.running.steps.workbench import TABLE, Workbench, added_up
from shared.engine.tables.multiplicity import Multiplicity
from shared.language.french import counted

_GROUPED, _ROWS = quoted("groups and their rows"), quoted("rows of the group")


def run(workbench: Workbench, parameters: AggregateParameters) -> Report:
    """Make the table of groups, sorted by them; rows whose group is empty form a group too.

    Raises Invalid naming the parameter whose column does not exist or holds what cannot be read.
    """
    workbench.say(0.1, "relit les nombres")
    groups = [workbench.column(TABLE, name, "by") for name in parameters.by]
    time_groups = [
        f"{period(workbench, at, time_group)} AS {quoted(time_group.called)}"
        for at, time_group in enumerate(parameters.times)
    ]
    figures = list(figures_sql(workbench, parameters))
    workbench.say(0.5, "additionne")
    table = workbench.tables[TABLE].name
    source = quoted(added_up(table) if workbench.is_added_up() else table)
    # Counted with the rest: a crossing before it may be made anew each time it is read.
    workbench.database.execute(f"""
        CREATE OR REPLACE TABLE {_GROUPED} AS SELECT {", ".join((*groups, *time_groups, *figures))},
            {workbench.added("count", "*")} AS {_ROWS} FROM {source}
        GROUP BY {_places(len(groups) + len(time_groups))}
    """)
    names = [quoted(name) for name in parameters.groups()]
    added = "".join(f", {figure}" for figure in _added(parameters))
    workbench.make(f"SELECT * EXCLUDE {_ROWS}{added} FROM {_GROUPED} ORDER BY {', '.join(names)}")
    return _report(workbench, names, list(_of_repetition(workbench, parameters)))


def smallest_group(database: Database) -> int:
    """Return how many rows the smallest group has in the last table made here; 0 for none."""
    ((rows,),) = database.execute(f"SELECT min({_ROWS}) FROM {_GROUPED}").fetchall()
    return int(rows or 0)


def _places(number: int) -> str:
    return ", ".join(str(place) for place in range(1, number + 1))


def _added(parameters: AggregateParameters) -> Iterator[str]:
    """Yield the columns that are made of the others."""
    for share in parameters.shares:
        within = f"PARTITION BY {', '.join(map(quoted, share.within))}" if share.within else ""
        total = f"nullif(sum({quoted(share.of)}) OVER ({within}), 0)"
        factor = 100.0 if share.percent else 1.0
        part = f"{factor} * CAST({quoted(share.of)} AS DOUBLE) / {total}"
        yield f"round({part}, {share.digits}) AS {quoted(share.called)}"
    if parameters.ratio:
        yield _ratio(parameters.ratio)


def _ratio(ratio: Ratio) -> str:
    numerator, denominator = quoted(ratio.numerator), quoted(ratio.denominator)
    factor = 100.0 if ratio.percent else 1.0
    share = f"{factor} * CAST({numerator} AS DOUBLE) / nullif({denominator}, 0)"
    return f"round({share}, {ratio.digits}) AS {quoted(ratio.name)}"


def _of_repetition(workbench: Workbench, parameters: AggregateParameters) -> Iterator[Report]:
    """Yield what of the figures counts rows several times, since a crossing repeats them."""
    repeated = workbench.tables["table"].repeated
    for names, how in ((parameters.sums, "la somme"), (parameters.means, "la moyenne")):
        for name in names:
            if column := repeated.get(name):
                text = repeated_told(
                    name, column.source, Multiplicity(column.times), column.crossed, how
                )
                yield {"kind": "repeated_rows", "column": name, "times": column.times, "told": text}
    if parameters.ratio:
        parts = [parameters.made_of(figure) for figure in parameters.ratio.parts]
        times = {repeated[name].times if name in repeated else 1 for _, name in parts}
        if text := grain_told(parameters.ratio.name, parts, is_mixed=len(times) > 1):
            yield {"kind": "other_grain", "column": parameters.ratio.name, "told": text}


def _report(workbench: Workbench, groups: list[str], warnings: list[Report]) -> Report:
    table = workbench.tables["table"]
    empty = " OR ".join(f"{group} IS NULL" for group in groups)
    ((without_group,),) = workbench.rows(
        f"SELECT coalesce(sum({_ROWS}), 0) FROM {_GROUPED} WHERE {empty}"
    )
    group_count = count(workbench.database, workbench.output)
    return {
        "rows": {"in": table.rows, "out": group_count, "without_group": int(without_group)},
        "summary": f"{counted(table.rows, 'ligne agrégée', 'lignes agrégées')} en"
        f" {counted(group_count, 'groupe', 'groupes')}"
        + (
            f", dont {counted(without_group, 'ligne', 'lignes')} sans groupe"
            if without_group
            else ""
        )
        + "".join(f" ; {warning['told']}" for warning in warnings),
        "warnings": warnings,
    }
