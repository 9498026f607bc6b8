"""The query that says what an aggregation does, so that both are answered in the same way."""

from collections.abc import Iterator

from shared.engine.answering.source import NotInTables
from shared.engine.answering.sql_text import quoted
from shared.engine.applications.aggregate.application import (
    AggregateParameters,
    Ratio,
    Share,
    TimeGroup,
)
from shared.engine.applications.chart.application import CHART
from shared.events.event import Step
from shared.language.french import quoted as in_quotes

_FORMATS = {"month": "%Y-%m", "year": "%Y"}
_HOW = {"sum": "sum({})", "mean": "avg({})", "count": "count({})", "distinct": "count(DISTINCT {})"}


def query_of_aggregation(parameters: AggregateParameters, table: str) -> str:
    """Return the query; raises NotInTables naming the figure that is no sum."""
    groups = [
        *(f"{quoted(name)} AS {quoted(name)}" for name in parameters.by),
        *(
            f"{_period(time_group)} AS {quoted(time_group.called)}"
            for time_group in parameters.times
        ),
    ]
    figures = {name: _figure(parameters, name) for name in _plain_figures(parameters)}
    outputs = [f"{figure} AS {quoted(name)}" for name, figure in figures.items()]
    within = {time_group.called: _period(time_group) for time_group in parameters.times}
    for share in parameters.shares:
        parts = ", ".join(within.get(name, quoted(name)) for name in share.within)
        outputs.append(_share(share, figures[share.of], parts))
    if parameters.ratio:
        outputs.append(_ratio(parameters.ratio, figures))
    places = ", ".join(str(place) for place in range(1, len(groups) + 1))
    return (
        f"SELECT {', '.join((*groups, *outputs))} FROM {quoted(table)}"
        f" GROUP BY {places} ORDER BY {places}"
    )


def chart_of_aggregation(parameters: AggregateParameters, table: str, output: str) -> Step | None:
    """Return the step that draws what an aggregation draws, if it does."""
    if parameters.chart is None:
        return None
    return Step(
        application=CHART.name,
        inputs={"table": table},
        output=output,
        parameters=parameters.chart.model_dump(exclude_none=True),
    )


def _plain_figures(parameters: AggregateParameters) -> Iterator[str]:
    others = {share.called for share in parameters.shares}
    others |= {parameters.ratio.name} if parameters.ratio else set()
    yield from (name for name in parameters.figures() if name not in others)


def _figure(parameters: AggregateParameters, name: str) -> str:
    if name == parameters.rows:
        return "count(*)"
    how, column = parameters.made_of(name)
    if how not in _HOW:
        raise NotInTables(f"{in_quotes(name)} n'est pas une somme : aucun tableau ne la contient")
    return _HOW[how].format(quoted(column))


def _period(time_group: TimeGroup) -> str:
    column = quoted(time_group.column)
    if time_group.step == "quarter":
        return f"strftime({column}, '%Y') || '-T' || CAST(quarter({column}) AS VARCHAR)"
    if time_group.step not in _FORMATS:
        raise NotInTables(
            f"{in_quotes(time_group.column)} n'est pas montré par jour ni par semaine"
        )
    return f"strftime({column}, '{_FORMATS[time_group.step]}')"


def _share(share: Share, figure: str, parts: str) -> str:
    over = f"PARTITION BY {parts}" if parts else ""
    factor = 100.0 if share.percent else 1.0
    part = f"{factor} * CAST({figure} AS DOUBLE) / nullif(sum({figure}) OVER ({over}), 0)"
    return f"round({part}, {share.digits}) AS {quoted(share.called)}"


def _ratio(ratio: Ratio, figures: dict[str, str]) -> str:
    numerator, denominator = (figures[name] for name in ratio.parts)
    factor = 100.0 if ratio.percent else 1.0
    part = f"{factor} * CAST({numerator} AS DOUBLE) / nullif({denominator}, 0)"
    return f"round({part}, {ratio.digits}) AS {quoted(ratio.name)}"
