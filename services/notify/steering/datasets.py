"""Figures of data: what is used, asked for, refused, never crossed, and delivered services."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from services.notify.steering.views import Figure, Row, highest, rows_of
from services.notify.steering.world import DatasetFacts, World

MOST = 20
"""Datasets that a figure names."""

ALIVE = timedelta(days=365)
"""A delivered service is alive when there was a sign of it within that time."""

_ANSWERS = {
    "access_granted": "accordées",
    "access_refused": "refusées",
    "access_expired": "expirées sans réponse",
    "access_revoked": "retirées ensuite",
}
_STATES = {"alive": "vivants", "stale": "dormants", "dead": "morts"}
_SIGNS = frozenset({"dataset_published", "dataset_described"})


def _stock(world: World) -> Figure:
    """Count the datasets at the period's end, and how they were used until then."""
    there = _there(world)
    lone = [dataset for dataset in there if dataset.dataset_id not in world.crossed]
    used = sum(dataset.dataset_id in world.reads for dataset in there)
    unread = len(world.facts("dataset_rejected"))
    joinable_group = "jamais croisés, bien qu'un croisement soit connu"
    rows = (
        Row(group="publiés", code="published", value=len(there)),
        Row(group="lus par un projet", code="used", value=used),
        Row(group="jamais croisés par un projet", code="lone", value=len(lone)),
        Row(group=joinable_group, code="joinable", value=sum(_joinable(world, lone))),
        Row(group="fichiers qui n'ont pas pu être lus", code="unread", value=unread),
    )
    return Figure(
        name="datasets",
        title="Jeux de données",
        unit="jeux",
        said="À la fin de l'année, ou maintenant ; les fichiers illisibles sont ceux de l'année."
        " Un jeu est croisé quand un calcul de projet a réussi en le lisant avec un autre.",
        rows=rows,
    )


def _used(world: World) -> Figure:
    """The datasets that most projects read: a trial or full job of theirs ended well in the period.

    Each project counts once. Downloads are no events: they do not count.
    """
    counts = Counter(
        dataset_id
        for life in world.projects
        if any(world.period.has(run.at) for run in world.runs(life))
        for dataset_id in set(life.reads)
    )
    return Figure(
        name="datasets_used",
        title="Données les plus utilisées",
        unit="projets",
        said="Projets dont un essai ou un calcul complet a réussi dans l'année en les lisant ; les"
        " téléchargements ne sont pas comptés.",
        rows=_named(world, counts),
    )


def _asked(world: World) -> Figure:
    """List the restricted datasets that most projects asked for in the period."""
    asked = {(subject.thing_id, fact.ids[0]) for subject, fact in world.facts("access_requested")}
    return Figure(
        name="datasets_asked",
        title="Données les plus demandées",
        unit="projets",
        said="Projets qui ont demandé l'accès à ces données restreintes dans l'année.",
        rows=_named(world, Counter(dataset_id for _, dataset_id in asked)),
    )


def _refused(world: World) -> Figure:
    """List the datasets that were refused to most projects in the period."""
    refused = {(subject.thing_id, fact.ids[0]) for subject, fact in world.facts("access_refused")}
    return Figure(
        name="datasets_refused",
        title="Données les plus refusées",
        unit="projets",
        said="Projets auxquels l'accès a été refusé dans l'année.",
        rows=_named(world, Counter(dataset_id for _, dataset_id in refused)),
    )


def _answers(world: World) -> Figure:
    """Count the answers to requests in the period: the last one for each project and dataset."""
    answers = ((subject.thing_id, fact) for subject, fact in world.facts(*_ANSWERS))
    last = {(project_id, fact.ids[0]): fact.what for project_id, fact in answers}
    counts = Counter(last[asked] for asked in world.requests if asked in last)
    waiting = sum(
        wait.until is None
        for (party, _), waits in world.waits.items()
        if party == "owner"
        for wait in waits
    )
    return Figure(
        name="requests_by_answer",
        title="Réponses aux demandes d'accès",
        unit="demandes",
        said="Une demande par projet et par jeu, selon le dernier mot de l'année ; sans réponse :"
        " chaque propriétaire encore attendu.",
        rows=(*rows_of(_ANSWERS, counts), Row(group="encore sans réponse", value=waiting)),
    )


def _never_crossed(world: World) -> Figure:
    """List the published datasets that no project read with another one, oldest first."""
    lone = [dataset for dataset in _there(world) if dataset.dataset_id not in world.crossed]
    days = {dataset: world.period.days(dataset.published[0].at, None) for dataset in lone}
    oldest = sorted(days.items(), key=lambda pair: (-pair[1], pair[0].dataset_id))[:MOST]
    return Figure(
        name="datasets_never_crossed",
        title="Données jamais croisées",
        unit="jours depuis la publication",
        said=f"Les {MOST} plus anciennes que nul projet n'a encore lues avec d'autres.",
        rows=tuple(
            Row(group=dataset.label, code=dataset.dataset_id, value=round(count, 1))
            for dataset, count in oldest
        ),
    )


def _services(world: World) -> Figure:
    """The delivered services by their state at the period's end."""
    counts = Counter(state for _, state, _ in _states(world))
    return Figure(
        name="services",
        title="Services livrés",
        unit="services",
        said="Vivant : depuis un an ou moins, son jeu a été livré, renouvelé, décrit, demandé, ou"
        " lu par un calcul de projet. Dormant : rien depuis. Mort : son jeu est retiré ou"
        " supprimé.",
        rows=rows_of(_STATES, counts),
    )


def _silent_services(world: World) -> Figure:
    """The stale services, the longest silent first."""
    stale = [(label, sign) for label, state, sign in _states(world) if state == "stale"]
    rows = [Row(group=label, value=round(world.period.days(at, None), 1)) for label, at in stale]
    rows.sort(key=lambda row: (-(row.value or 0), row.group))
    return Figure(
        name="services_silent",
        title="Services dormants",
        unit="jours depuis le dernier signe",
        said=f"Les {MOST} services livrés dont rien ne se fait plus depuis le plus longtemps.",
        rows=tuple(rows[:MOST]),
    )


def _states(world: World) -> Iterator[tuple[str, str, datetime]]:
    """Yield each delivered service: its name, its state and its last sign of life."""
    datasets_by_project = {
        project_id: dataset for dataset in world.datasets.values() for project_id in dataset.made_by
    }
    signs = _signs(world)
    for life in world.all_projects:
        end = life.end
        if end is None or end.what != "project_delivered" or end.at >= world.period.until:
            continue
        dataset = datasets_by_project.get(life.project_id)
        sign = max(end.at, signs.get(dataset.dataset_id, end.at) if dataset else end.at)
        label = dataset.label if dataset else f"{end.text} ({life.project_id})"
        yield label, _state(world, dataset, sign), sign


def _state(world: World, dataset: DatasetFacts | None, sign: datetime) -> str:
    if dataset and not dataset.is_there(world.period.until):
        return "dead"
    return "alive" if sign >= world.period.until - ALIVE else "stale"


def _signs(world: World) -> dict[str, datetime]:
    """Return when each dataset was last updated, requested or read, until the period's end."""
    last_signs = {dataset_id: max(times) for dataset_id, times in world.reads.items()}
    tended = (
        (dataset.dataset_id, fact.at)
        for dataset in world.datasets.values()
        for fact in dataset.facts
        if fact.what in _SIGNS and fact.at < world.period.until
    )
    asked = ((dataset_id, at) for (_, dataset_id), times in world.requests.items() for at in times)
    for dataset_id, at in (*tended, *asked):
        last_signs[dataset_id] = max(at, last_signs.get(dataset_id, at))
    return last_signs


def _there(world: World) -> list[DatasetFacts]:
    return [dataset for dataset in world.datasets.values() if dataset.is_there(world.period.until)]


def _joinable(world: World, lone: Collection[DatasetFacts]) -> Iterable[bool]:
    named = {other for dataset in world.datasets.values() for other in dataset.joins}
    return (bool(dataset.joins) or dataset.dataset_id in named for dataset in lone)


def _named(world: World, counts: Counter[str]) -> tuple[Row, ...]:
    """Return rows of the highest counts, labelled with the datasets' titles."""
    most = dict(highest(counts, MOST))
    return rows_of({dataset_id: world.label(dataset_id) for dataset_id in most}, most)


FIGURES = (_stock, _used, _asked, _refused, _answers, _never_crossed, _services, _silent_services)
"""What makes each of them of a world."""
