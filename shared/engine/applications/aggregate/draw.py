"""Draws the chart that an aggregation asks for."""

from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.chart.draw import draw_bars
from shared.engine.contract.result import Report
from shared.engine.running.steps.pictures import PictureWork


def draw(work: PictureWork, parameters: AggregateParameters) -> Report:
    """Draw the groups with the highest values; the report's sentence is of the groups."""
    if parameters.chart is None:
        return {}
    return draw_bars(work, parameters.chart) | {"summary": ""}
