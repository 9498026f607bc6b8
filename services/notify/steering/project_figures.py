"""Figures of projects: stages, themes, places, time at each stage, who was waited for, ends."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from services.notify.steering.lives import Life
from services.notify.steering.model import Fact
from services.notify.steering.period import median_of
from services.notify.steering.views import EndView, Figure, Row, highest, rows_of
from services.notify.steering.waits import PARTIES
from services.notify.steering.world import World
from shared.endings.redaction import ERASED
from shared.engine.tables.territory import department_of
from shared.language.folding import fold
from shared.places.names import in_french
from shared.stages import FINAL_STAGES, STAGE_NAMES, STAGES

_ABANDONED: Mapping[str, Literal["rejected", "withdrawn"]] = {
    "project_rejected": "rejected",
    "project_withdrawn": "withdrawn",
}
_MOST_THEMES = 20
_MOST_ENDS = 100
_NO_THEME = "sans thème connu"


def ends(world: World) -> tuple[EndView, ...]:
    """Return the projects that were rejected or withdrawn in the period, newest first."""
    ended = sorted(_ended(world), key=lambda pair: pair[1].at, reverse=True)
    return tuple(
        EndView(
            project_id=life.project_id,
            end=_ABANDONED[end.what],
            stage=STAGE_NAMES.get(life.last_stage, ""),
            at=end.at,
            reason=end.text,
        )
        for life, end in ended[:_MOST_ENDS]
    )


def _by_stage(world: World) -> Figure:
    """The projects of the period by their stage at its end."""
    counts = Counter[str](life.stage_at(world.period.until) or "" for life in world.projects)
    return Figure(
        name="projects_by_stage",
        title="Projets par étape",
        unit="projets",
        said="Projets ouverts à un moment de l'année, ou terminés dans l'année, selon leur étape à"
        " la fin de l'année, ou maintenant.",
        rows=rows_of(_names_of(STAGES), counts),
    )


def _by_theme(world: World) -> Figure:
    """The same by theme; case and accents make no difference, the first spelling is shown."""
    spelt: dict[str, str] = {}
    counts = Counter[str]()
    for life in world.projects:
        theme = life.theme if life.theme not in {"", ERASED} else _NO_THEME
        counts[spelt.setdefault(fold(theme), theme)] += 1
    rows = [Row(group=theme, value=count) for theme, count in highest(counts, _MOST_THEMES)]
    rest = counts.total() - sum(int(row.value or 0) for row in rows)
    return Figure(
        name="projects_by_theme",
        title="Projets par thème",
        unit="projets",
        said=f"Les mêmes projets par thème, les {_MOST_THEMES} plus fréquents à part.",
        rows=(*rows, *([Row(group="autres thèmes", value=rest)] if rest else ())),
    )


def _by_territory(world: World) -> Figure:
    """Count the projects by département, once in each that one names or has a commune in."""
    counts = Counter(
        place
        for life in world.projects
        for place in {department_of(named_place) for named_place in life.places}
    )
    return Figure(
        name="projects_by_territory",
        title="Projets par département",
        unit="projets",
        said="Les mêmes projets dans chaque département qu'ils nomment, ou dont ils nomment une"
        " commune : un projet peut compter plusieurs fois.",
        rows=rows_of(
            {department: in_french([department]) for department in sorted(counts)}, counts
        ),
    )


def _days_at(world: World) -> dict[str, list[float]]:
    """Return the days of stays, by stage, that ended in the period or outlasted it."""
    days_by_stage: dict[str, list[float]] = {
        stage: [] for stage in STAGES if stage not in FINAL_STAGES
    }
    for life in world.projects:
        for stay in life.stays:
            if stay.stage in days_by_stage and world.period.meets(stay.since, stay.until):
                days_by_stage[stay.stage].append(world.period.days(stay.since, stay.until))
    return days_by_stage


def _days_in_stage(world: World) -> Figure:
    """The median of those days; a project that is still there counts its time so far."""
    days = _days_at(world)
    return Figure(
        name="days_in_stage",
        title="Temps passé à chaque étape",
        unit="jours (médiane)",
        said="Durée médiane des passages qui ont pris fin dans l'année ou durent encore ; qui est"
        " encore à l'étape compte son temps jusqu'ici.",
        rows=rows_of(_names_of(days), {stage: median_of(spent) for stage, spent in days.items()}),
    )


def _stays(world: World) -> Figure:
    """How many stays the medians are of."""
    days = _days_at(world)
    return Figure(
        name="stays_in_stage",
        title="Passages comptés à chaque étape",
        unit="passages",
        said="Nombre de passages dont la durée médiane est tirée.",
        rows=rows_of(_names_of(days), {stage: len(spent) for stage, spent in days.items()}),
    )


def _ends_by_stage(world: World) -> Figure:
    """The projects that were rejected or withdrawn in the period, by the stage they had come to."""
    counts = Counter((_ABANDONED[end.what], life.last_stage) for life, end in _ended(world))
    rows = (
        Row(group=f"{STAGE_NAMES[end]} à l'étape {STAGE_NAMES[last]}", code=last, value=count)
        for (end, last), count in sorted(counts.items())
    )
    return Figure(
        name="ends_by_stage",
        title="Abandons par étape",
        unit="projets",
        said="Projets refusés ou retirés dans l'année, à l'étape qu'ils avaient atteinte.",
        rows=tuple(rows),
    )


def _ends_by_wait(world: World) -> Figure:
    """The same by whom they waited for when they ended, once for each."""
    counts = Counter[str]()
    for life, end in _ended(world):
        waited: set[str] = {wait.party for wait in life.waits if wait.until == end.at}
        counts.update(waited or {""})
    rows = (
        Row(group=name, code=party, value=counts[party])
        for party, name in (*PARTIES.items(), ("", "personne"))
        if counts[party]
    )
    return Figure(
        name="ends_by_wait",
        title="Qui était attendu au moment de l'abandon",
        unit="projets",
        said="Projets refusés ou retirés dans l'année ; qui attendait plusieurs parties compte"
        " pour chacune. Un refus du relecteur met fin à sa propre attente.",
        rows=tuple(rows),
    )


def _names_of(stages: Iterable[str]) -> dict[str, str]:
    return {stage: STAGE_NAMES[stage] for stage in stages}


def _ended(world: World) -> list[tuple[Life, Fact]]:
    """The projects that were rejected or withdrawn in the period, each with that fact."""
    ends_here = ((life, end) for life in world.projects if (end := life.end))
    return [
        (life, end)
        for life, end in ends_here
        if end.what in _ABANDONED and world.period.has(end.at)
    ]


FIGURES = (
    _by_stage,
    _by_theme,
    _by_territory,
    _days_in_stage,
    _stays,
    _ends_by_stage,
    _ends_by_wait,
)
"""What makes each of them of a world."""
