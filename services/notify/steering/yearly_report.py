"""The figures of a year, as one answer and as a tidy CSV."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime

from services.notify.steering import activity, datasets, project_figures, waits
from services.notify.steering.period import YearPeriod
from services.notify.steering.views import Figure, Row, SteeringQuery, SteeringView
from services.notify.steering.world import Snapshot, World
from shared.auth import Caller
from shared.background import in_turns
from shared.language.french import PARIS

_FIGURES = (*project_figures.FIGURES, *waits.FIGURES, *datasets.FIGURES, *activity.FIGURES)
_BOM = "\ufeff"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def report(snapshot: Snapshot, asked: SteeringQuery, now: datetime, caller: Caller) -> SteeringView:
    """Return the figures of the requested year, by default this one, that the caller may see."""
    period = YearPeriod.of(asked.year or now.astimezone(PARIS).year, now)
    sees_members = "operator" in caller.roles and not asked.report
    view = report_of(World(period, snapshot, sees_members))
    return view if caller.is_staff and not asked.report else view.model_copy(update={"ends": ()})


def report_of(world: World) -> SteeringView:
    """Return the figures of what is known."""
    period = world.period
    return SteeringView(
        year=period.year,
        until=period.until.astimezone(PARIS),
        years=world.years,
        is_empty=period.year not in world.years,
        cut=sum(subject.is_cut for subject in world.subjects),
        figures=tuple(_figures(world)),
        ends=project_figures.ends(world),
    )


def _figures(world: World) -> Iterator[Figure]:
    yield from in_turns((make(world) for make in _FIGURES), 1)


def csv_of(view: SteeringView) -> bytes:
    """One line for each value, as a French spreadsheet opens it: `;`, decimal commas, UTF-8 marked.

    A text that would be worked out as a formula begins with an apostrophe.
    """
    text = io.StringIO()
    lines = csv.writer(text, delimiter=";", lineterminator="\r\n")
    lines.writerow(("chiffre", "groupe", "unité", "valeur"))
    for figure in view.figures:
        lines.writerows(
            (figure.title, _harmless(row.group), figure.unit, _value(row)) for row in figure.rows
        )
    return (_BOM + text.getvalue()).encode()


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _value(row: Row) -> str:
    if row.value is None:
        return row.hidden
    return f"{row.value:.1f}".removesuffix(".0").replace(".", ",")
