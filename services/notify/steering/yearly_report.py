"""The figures of a year, as one answer. It loads pandas: a process does when it is asked first."""

from collections.abc import Sequence
from datetime import datetime

from services.notify.steering import activity_figures, data_figures, project_figures
from services.notify.steering.model import Subject
from services.notify.steering.views import SteeringQuery, SteeringView
from services.notify.steering.world import World, YearPeriod
from shared.auth import Caller
from shared.background import in_turns
from shared.language.french import PARIS

_FIGURES = (*project_figures.FIGURES, *data_figures.FIGURES, *activity_figures.FIGURES)


def report(
    subjects: Sequence[Subject], asked: SteeringQuery, now: datetime, caller: Caller
) -> SteeringView:
    """Return the figures of the requested year, by default this one, that the caller may see."""
    period = YearPeriod.of(asked.year or now.astimezone(PARIS).year, now)
    sees_members = "operator" in caller.roles and not asked.report
    view = report_of(World(period, subjects, sees_members=sees_members))
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
        figures=tuple(in_turns((make(world) for make in _FIGURES), 1)),
        ends=project_figures.ends(world),
    )
