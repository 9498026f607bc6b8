"""Adds up a table by groups, in DuckDB, and draws a chart of them."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from services.compute.execution.job_folder import Report
from services.compute.runner.database import count, quoted
from services.compute.runner.steps.workbench import Workbench, number
from shared.applications.aggregate import AggregateParameters, Chart, Ratio
from shared.treatments.repetition import grain_told, repeated_told
from shared.words import counted

_COLOUR = "#1f5fa8"
_WIDTH = 38


def run(workbench: Workbench, parameters: AggregateParameters) -> Report:
    """Make the table of groups, sorted by them; rows whose group is empty form a group too."""
    workbench.say(0.1, "relit les nombres")
    groups = [workbench.column("table", name, "by") for name in parameters.by]
    figures = _figures(workbench, parameters)
    workbench.say(0.5, "additionne")
    by = ", ".join(groups)
    table = quoted(workbench.tables["table"].name)
    inner = f"SELECT {by}, {', '.join(figures)} FROM {table} GROUP BY {by}"
    ratio = f", {_ratio(parameters.ratio)}" if parameters.ratio else ""
    workbench.make(f"SELECT *{ratio} FROM ({inner}) ORDER BY {by}")
    if parameters.chart:
        workbench.say(0.8, "dessine")
        _draw(workbench, parameters.chart)
    return _report(workbench, groups, list(_of_repetition(workbench, parameters)))


def _figures(workbench: Workbench, parameters: AggregateParameters) -> list[str]:
    figures = []
    for name in parameters.sums:
        value, whole = number(workbench, "table", name, "sums")
        total = f"CAST(sum({value}) AS BIGINT)" if whole else f"fsum({value})"
        figures.append(f"{total} AS {quoted(name)}")
    for name in parameters.means:
        value, _ = number(workbench, "table", name, "means")
        figures.append(f"favg({value}) AS {quoted(name + '_moyenne')}")
    for name in parameters.counts:
        column = workbench.column("table", name, "counts")
        figures.append(f"count({column}) AS {quoted(name + '_nombre')}")
    return figures


def _ratio(ratio: Ratio) -> str:
    numerator, denominator = quoted(ratio.numerator), quoted(ratio.denominator)
    factor = 100.0 if ratio.percent else 1.0
    share = f"{factor} * CAST({numerator} AS DOUBLE) / nullif({denominator}, 0)"
    return f"round({share}, {ratio.digits}) AS {quoted(ratio.name)}"


def _draw(workbench: Workbench, chart: Chart) -> None:
    value, label = quoted(chart.value), quoted(chart.label)
    bars = workbench.rows(f"""
        SELECT coalesce(CAST({label} AS VARCHAR), '(non renseigné)'), {value}
        FROM {quoted(workbench.output)} WHERE {value} IS NOT NULL
        ORDER BY {value} DESC, {label} LIMIT {chart.top}
    """)
    _draw_bars(workbench.chart, [(name, float(height)) for name, height in bars], chart)


def _draw_bars(path: Path, bars: list[tuple[str, float]], chart: Chart) -> None:
    """Write a PNG with one bar per (label, value), the first on top; needs no display."""
    from matplotlib import rc_context  # noqa: PLC0415 - costs half a second
    from matplotlib.figure import Figure  # noqa: PLC0415

    labels = [textwrap.fill(textwrap.shorten(label, 90), _WIDTH) for label, _ in bars]
    # Labels come from the data: a dollar sign in them is no formula.
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(9, 1.6 + 0.45 * len(bars)), layout="constrained")
        axes = figure.subplots()
        drawn = axes.barh(range(len(bars)), [value for _, value in bars], color=_COLOUR)
        axes.bar_label(drawn, [_text(value, chart.unit) for _, value in bars], padding=3)
        axes.set_yticks(range(len(bars)), labels)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(chart.value + (f" ({chart.unit})" if chart.unit else ""))
        axes.set_title(textwrap.fill(chart.title, 70), loc="left")
        figure.savefig(path, dpi=110)


def _text(value: float, unit: str) -> str:
    number = f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", "\u202f").replace(".", ",")
    return f"{number}\u00a0{unit}" if unit else number


def _of_repetition(workbench: Workbench, told: AggregateParameters) -> Iterator[Report]:
    """What of the figures counts rows several times, since a crossing repeats them."""
    repeated = workbench.tables["table"].repeated
    for names, how in ((told.sums, "la somme"), (told.means, "la moyenne")):
        for name in names:
            if one := repeated.get(name):
                text = repeated_told(name, one.source, one.times, one.crossed, how)
                yield {"kind": "repeated_rows", "column": name, "times": one.times, "told": text}
    if told.ratio:
        parts = [told.made_of(figure) for figure in told.ratio.parts]
        times = {repeated[name].times if name in repeated else 1 for _, name in parts}
        if text := grain_told(told.ratio.name, parts, is_mixed=len(times) > 1):
            yield {"kind": "other_grain", "column": told.ratio.name, "told": text}


def _report(workbench: Workbench, groups: list[str], warnings: list[Report]) -> Report:
    table = workbench.tables["table"]
    empty = " OR ".join(f"{group} IS NULL" for group in groups)
    ((without_group,),) = workbench.rows(f"SELECT count(*) FROM {quoted(table.name)} WHERE {empty}")
    made = count(workbench.database, workbench.output)
    return {
        "rows": {"in": table.rows, "out": made, "without_group": int(without_group)},
        "summary": f"{counted(table.rows, 'ligne agrégée', 'lignes agrégées')} en"
        f" {counted(made, 'groupe', 'groupes')}"
        + (
            f", dont {counted(without_group, 'ligne', 'lignes')} sans groupe"
            if without_group
            else ""
        )
        + "".join(f" ; {one['told']}" for one in warnings),
        "warnings": warnings,
    }
