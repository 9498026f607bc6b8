"""Figures of projects: stages, themes, places, time at each stage, who was waited for, ends."""

from collections.abc import Iterable
from itertools import product

import pandas as pd

from services.notify.steering.figure_rows import Figures, highest, median_days, rounded, rows_of
from services.notify.steering.views import EndView, Row
from services.notify.steering.world import World
from shared.endings.redaction import ERASED
from shared.engine.places.names import in_french
from shared.engine.tables.territory import department_of
from shared.language.folding import fold
from shared.stages import FINAL_STAGES, STAGE_NAMES

PARTIES = {
    "owner": "producteur de données",
    "reviewer": "relecteur",
    "holder": "porteur",
    "member": "membre invité",
    "operator": "exploitant du Datalab",
}
"""Whom projects wait for."""

FIGURES = Figures()
_OPEN_STAGES = {stage: name for stage, name in STAGE_NAMES.items() if stage not in FINAL_STAGES}
_DECIDED = {"all": "ensemble", "trial": "essais", "full": "calculs complets"}
_MOST_THEMES = 20
_MOST_ENDS = 100
_NO_THEME = "sans thème connu"


def ends(world: World) -> tuple[EndView, ...]:
    """Return the projects that were rejected or withdrawn in the period, newest first."""
    ended = _abandoned(world).sort_values("ended", ascending=False, kind="stable")
    return tuple(
        EndView(
            project_id=project.Index,
            end=project.end,
            stage=STAGE_NAMES[project.last_stage],
            at=project.ended,
            reason=project.end_text,
        )
        for project in ended.head(_MOST_ENDS).itertuples()
    )


@FIGURES.add(
    "Projets par étape",
    unit="projets",
    said="Projets ouverts à un moment de l'année, ou terminés dans l'année, selon leur étape à"
    " la fin de l'année, ou maintenant.",
)
def projects_by_stage(world: World) -> Iterable[Row]:
    """The projects of the period by their stage at its end."""
    return rows_of(STAGE_NAMES, world.projects.stage.value_counts())


@FIGURES.add(
    "Projets par thème",
    unit="projets",
    said=f"Les mêmes projets par thème, les {_MOST_THEMES} plus fréquents à part.",
)
def projects_by_theme(world: World) -> Iterable[Row]:
    """The same by theme; case and accents make no difference, the first spelling is shown."""
    themes = world.projects.theme.replace(["", ERASED], _NO_THEME)
    counts = themes.groupby(themes.map(fold)).agg(["first", "size"]).set_index("first")["size"]
    most = highest(counts, _MOST_THEMES)
    yield from (Row(group=theme, value=count) for theme, count in most.items())
    if rest := counts.sum() - most.sum():
        yield Row(group="autres thèmes", value=rest)


@FIGURES.add(
    "Projets par département",
    unit="projets",
    said="Les mêmes projets dans chaque département qu'ils nomment, ou dont ils nomment une"
    " commune : un projet peut compter plusieurs fois.",
)
def projects_by_territory(world: World) -> Iterable[Row]:
    """Count the projects by département, once in each that one names or has a commune in."""
    departments = world.projects.places.explode().dropna().map(department_of).reset_index()
    counts = departments.drop_duplicates().places.value_counts().sort_index()
    return rows_of({department: in_french([department]) for department in counts.index}, counts)


@FIGURES.add(
    "Temps passé à chaque étape",
    unit="jours (médiane)",
    said="Durée médiane des passages qui ont pris fin dans l'année ou durent encore ; qui est"
    " encore à l'étape compte son temps jusqu'ici.",
)
def days_in_stage(world: World) -> Iterable[Row]:
    """The median of those days; a project that is still there counts its time so far."""
    return rows_of(_OPEN_STAGES, world.stays.groupby("stage").days.median().reindex(_OPEN_STAGES))


@FIGURES.add(
    "Passages comptés à chaque étape",
    unit="passages",
    said="Nombre de passages dont la durée médiane est tirée.",
)
def stays_in_stage(world: World) -> Iterable[Row]:
    """How many stays the medians are of."""
    return rows_of(_OPEN_STAGES, world.stays.stage.value_counts())


@FIGURES.add(
    "Abandons par étape",
    unit="projets",
    said="Projets refusés ou retirés dans l'année, à l'étape qu'ils avaient atteinte.",
)
def ends_by_stage(world: World) -> Iterable[Row]:
    """The projects that were rejected or withdrawn in the period, by the stage they had come to."""
    counts = _abandoned(world).groupby(["end", "last_stage"]).size()
    return (
        Row(group=f"{STAGE_NAMES[end]} à l'étape {STAGE_NAMES[last]}", code=last, value=count)
        for (end, last), count in counts.items()
    )


@FIGURES.add(
    "Qui était attendu au moment de l'abandon",
    unit="projets",
    said="Projets refusés ou retirés dans l'année ; qui attendait plusieurs parties compte"
    " pour chacune. Un refus du relecteur met fin à sa propre attente.",
)
def ends_by_wait(world: World) -> Iterable[Row]:
    """The same by whom they waited for when they ended, once for each."""
    ended = _abandoned(world).ended.reset_index()
    last_waits = world.waits.merge(
        ended, left_on=["project", "until"], right_on=["project", "ended"]
    )
    counts = last_waits.groupby("party").project.nunique()
    counts[""] = len(ended) - last_waits.project.nunique()
    return [row for row in rows_of({**PARTIES, "": "personne"}, counts) if row.value]


@FIGURES.add(
    "Qui a été attendu",
    unit="attentes",
    said="Attentes qui ont pris fin dans l'année ou durent encore : accès demandé, revue,"
    " complément ou traitement demandé, invitation, calcul arrêté.",
)
def waits_by_party(world: World) -> Iterable[Row]:
    """How often projects waited for whom, in the period."""
    return rows_of(PARTIES, world.waits.party.value_counts())


@FIGURES.add(
    "Durée des attentes",
    unit="jours (médiane)",
    said="Durée médiane de ces attentes ; qui n'a pas encore répondu compte son temps jusqu'ici.",
)
def days_waited_by_party(world: World) -> Iterable[Row]:
    """The median days of these waits."""
    for party, name in PARTIES.items():
        waits = world.waits[world.waits.party == party]
        yield median_days(name, waits, sees_members=world.sees_members, code=party)


@FIGURES.add(
    "Durée des attentes par étape",
    unit="jours (médiane)",
    said="Les mêmes attentes, à l'étape où elles ont commencé.",
)
def days_waited_by_stage(world: World) -> Iterable[Row]:
    """The same by the stage at which the wait began."""
    waits_at = dict(iter(world.waits.groupby(["stage", "party"])))
    for stage, party in product(STAGE_NAMES, PARTIES):
        if (stage, party) in waits_at:
            yield median_days(
                f"{STAGE_NAMES[stage]}, {PARTIES[party]}",
                waits_at[stage, party],
                sees_members=world.sees_members,
                code=f"{stage}.{party}",
            )


@FIGURES.add(
    "Délai de décision sur les résultats",
    unit="minutes (médiane)",
    said="De la fin d'un calcul qui lit des données restreintes d'autrui à la décision du relecteur"
    " sur ce qui en sort ; 1 440 minutes font un jour. Ce qui attend encore n'est pas compté.",
)
def minutes_to_decide(world: World) -> Iterable[Row]:
    """The median minutes until reviewers decided on results in the period."""
    minutes = world.decisions.groupby("kind").minutes.median()
    minutes["all"] = world.decisions.minutes.median()
    return rows_of(_DECIDED, minutes.reindex(_DECIDED))


@FIGURES.add(
    "Décisions sur les résultats",
    unit="décisions",
    said="Nombre de décisions dont ce délai est tiré.",
)
def results_decided(world: World) -> Iterable[Row]:
    """How many decisions the medians are of."""
    counts = world.decisions.kind.value_counts()
    counts["all"] = len(world.decisions)
    return rows_of(_DECIDED, counts)


@FIGURES.add(
    "Délai de réponse des producteurs",
    unit="jours (médiane)",
    said="De la demande d'accès à la réponse, ou jusqu'ici ; par producteur pour les seuls"
    " opérateurs.",
)
def owner_days(world: World) -> Iterable[Row]:
    """The days until owners answer requests: all together, and each for operators."""
    waits = world.waits[world.waits.party == "owner"]
    yield median_days("ensemble", waits, sees_members=world.sees_members)
    if world.sees_members:
        names = world.of_kind("member_joined").set_index("thing").text.to_dict()
        medians = waits.groupby("who").days.median().map(rounded)
        for owner, days in highest(medians, len(medians)).items():
            yield Row(group=names.get(owner) or owner, code=owner, value=days)


def _abandoned(world: World) -> pd.DataFrame:
    """The projects that were rejected or withdrawn in the period."""
    projects = world.projects
    is_abandoned = projects.end.isin(["rejected", "withdrawn"])
    return projects[is_abandoned & world.period.has(projects.ended)]
