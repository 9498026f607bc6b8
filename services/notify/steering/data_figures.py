"""Figures of data: what is used, asked for, refused, never crossed, and delivered services."""

from collections.abc import Iterable
from datetime import timedelta

import pandas as pd

from services.notify.steering.figure_rows import Figures, highest, rounded, rows_of
from services.notify.steering.views import Row
from services.notify.steering.world import World, accesses_of

FIGURES = Figures()

MOST = 20
"""Datasets that a figure names."""

_ANSWERS = {
    "access_granted": "accordées",
    "access_refused": "refusées",
    "access_expired": "expirées sans réponse",
    "access_revoked": "retirées ensuite",
}
_STATES = {"alive": "vivants", "dormant": "dormants", "dead": "morts"}
_RENEWALS = {"service_renewed": "nouvelles éditions", "renewal_failed": "sans résultat"}


@FIGURES.add(
    "Jeux de données",
    unit="jeux",
    said="À la fin de l'année, ou maintenant ; les fichiers illisibles sont ceux de l'année."
    " Un jeu est croisé quand un calcul de projet a réussi en le lisant avec un autre.",
)
def datasets(world: World) -> Iterable[Row]:
    """Count the datasets at the period's end, and how they were used until then."""
    there, lone = world.datasets[world.datasets.is_there], world.lone_datasets
    joins = world.of_kind("joins_discovered").explode("ids").dropna(subset="ids")
    joinable = lone.index.isin(joins.ids) | lone.index.isin(joins.thing)
    return rows_of(
        {
            "published": "publiés",
            "used": "lus par un projet",
            "lone": "jamais croisés par un projet",
            "joinable": "jamais croisés, bien qu'un croisement soit connu",
            "unread": "fichiers qui n'ont pas pu être lus",
        },
        {
            "published": len(there),
            "used": there.index.isin(world.reads.dataset).sum(),
            "lone": len(lone),
            "joinable": joinable.sum(),
            "unread": len(world.during("dataset_rejected")),
        },
    )


@FIGURES.add(
    "Données les plus utilisées",
    unit="projets",
    said="Projets dont un essai ou un calcul complet a réussi dans l'année en les lisant ; les"
    " téléchargements ne sont pas comptés.",
)
def datasets_used(world: World) -> Iterable[Row]:
    """The datasets that most projects read: a trial or full job of theirs ended well in the period.

    Each project counts once. Downloads are no events: they do not count.
    """
    reads = world.reads[world.period.has(world.reads.time)]
    return _most_projects(world, reads[reads.project.isin(world.projects.index)])


@FIGURES.add(
    "Données les plus demandées",
    unit="projets",
    said="Projets qui ont demandé l'accès à ces données restreintes dans l'année.",
)
def datasets_asked(world: World) -> Iterable[Row]:
    """List the restricted datasets that most projects asked for in the period."""
    return _most_projects(world, accesses_of(world.during("access_requested")))


@FIGURES.add(
    "Données les plus refusées",
    unit="projets",
    said="Projets auxquels l'accès a été refusé dans l'année.",
)
def datasets_refused(world: World) -> Iterable[Row]:
    """List the datasets that were refused to most projects in the period."""
    return _most_projects(world, accesses_of(world.during("access_refused")))


@FIGURES.add(
    "Réponses aux demandes d'accès",
    unit="demandes",
    said="Une demande par projet et par jeu, selon le dernier mot de l'année ; sans réponse :"
    " chaque propriétaire encore attendu.",
)
def requests_by_answer(world: World) -> Iterable[Row]:
    """Count the answers to requests in the period: the last one for each project and dataset."""
    request = ["project", "dataset"]
    answers = accesses_of(world.during(*_ANSWERS)).drop_duplicates(request, keep="last")
    answered = answers.merge(world.requests[request].drop_duplicates())
    yield from rows_of(_ANSWERS, answered.what.value_counts())
    is_waiting = (world.waits.party == "owner") & world.waits.until.isna()
    yield Row(group="encore sans réponse", value=is_waiting.sum())


@FIGURES.add(
    "Données jamais croisées",
    unit="jours depuis la publication",
    said=f"Les {MOST} plus anciennes que nul projet n'a encore lues avec d'autres.",
)
def datasets_never_crossed(world: World) -> Iterable[Row]:
    """List the published datasets that no project read with another one, oldest first."""
    lone = world.lone_datasets
    days = (world.period.until - lone.published) / timedelta(days=1)
    oldest = highest(days, MOST)
    return rows_of(lone.label[oldest.index].to_dict(), oldest)


@FIGURES.add(
    "Services livrés",
    unit="services",
    said="Vivant : depuis un an ou moins, son jeu a été livré, renouvelé, décrit, demandé, ou"
    " lu par un calcul de projet. Dormant : rien depuis. Mort : il a pris fin, ou son jeu est"
    " retiré ou supprimé.",
)
def services(world: World) -> Iterable[Row]:
    """The delivered services by their state at the period's end."""
    return rows_of(_STATES, world.services.state.value_counts())


@FIGURES.add(
    "Services dormants",
    unit="jours depuis le dernier signe",
    said=f"Les {MOST} services livrés dont rien ne se fait plus depuis le plus longtemps.",
)
def services_silent(world: World) -> Iterable[Row]:
    """The dormant services, the longest silent first."""
    dormant = world.services[world.services.state == "dormant"].set_index("label")
    days = ((world.period.until - dormant.sign) / timedelta(days=1)).map(rounded)
    return (Row(group=label, value=count) for label, count in highest(days, MOST).items())


@FIGURES.add(
    "Services à recalculer",
    unit="services",
    said="Services livrés, vivants ou dormants, dont une donnée, un accès ou la recette a changé"
    " depuis leur dernier calcul complet.",
)
def services_stale(world: World) -> Iterable[Row]:
    """Count the delivered services whose results are stale at the period's end, and the others."""
    stale = len(world.stale_services)
    counts = {"stale": stale, "current": (world.services.state != "dead").sum() - stale}
    return rows_of({"stale": "à recalculer", "current": "à jour"}, counts)


@FIGURES.add(
    "Services arrêtés",
    unit="services",
    said="Services livrés, vivants ou dormants. Arrêté : une donnée ne peut plus être lue, et il"
    " n'y a eu depuis ni accord ni nouvelle édition.",
)
def services_stopped(world: World) -> Iterable[Row]:
    """Count the delivered services that stopped at the period's end, and the others."""
    stopped = len(world.stopped_services)
    counts = {"stopped": stopped, "running": (world.services.state != "dead").sum() - stopped}
    return rows_of({"stopped": "arrêtés", "running": "non arrêtés"}, counts)


@FIGURES.add(
    "Actualisations des services",
    unit="actualisations",
    said="Dans l'année ; une actualisation sans résultat laisse l'édition présente.",
)
def renewals(world: World) -> Iterable[Row]:
    """The renewals of delivered services in the period, by what came of them."""
    return rows_of(_RENEWALS, world.during(*_RENEWALS).what.value_counts())


def _most_projects(world: World, facts: pd.DataFrame) -> Iterable[Row]:
    """Return the datasets that most projects stand beside, labelled with their titles."""
    counts = highest(facts.groupby("dataset").project.nunique(), MOST)
    labels = world.datasets.label
    return rows_of({dataset: labels.get(dataset, dataset) for dataset in counts.index}, counts)
