"""Figures of what was done: compute used, members and their part, workshops."""

from collections.abc import Iterable

import pandas as pd

from services.notify.steering.figure_rows import Figures, median_days, persons, rounded, rows_of
from services.notify.steering.views import Row
from services.notify.steering.world import World
from shared.language.french import PARIS
from shared.language.labels import MEMBER_KINDS

FIGURES = Figures()

_KINDS = {
    "ingest": "lecture de fichiers",
    "trial": "essais sur échantillon",
    "full": "traitements complets",
    "harvest": "lecture d'autres catalogues",
    "protect": "tableaux protégés",
}
_OUTCOMES = {"job_succeeded": "réussis", "job_failed": "échoués", "job_cancelled": "annulés"}
_ANSWERS = {
    "invitation_accepted": "acceptées",
    "invitation_declined": "déclinées",
    "invitation_expired": "sans réponse",
}
_PARTS = {"pilot_site": "site pilote", "team": "équipe projet"}
_MONTHS = """janvier février mars avril mai juin juillet août septembre octobre novembre
    décembre""".split()  # noqa: SIM905 - as a list it would fill a page
_MONTH_NAMES = {f"{month:02}": name for month, name in enumerate(_MONTHS, 1)}
HELD = "workshop_held"
"""The fact that a workshop took place, told again to correct its `number`: how many came."""


@FIGURES.add(
    "Calcul utilisé par nature",
    unit="secondes",
    said="Durée des calculs qui ont réussi dans l'année ; ce que prennent les autres n'est pas"
    " dit par leurs événements. Un calcul de données restreintes d'autrui compte une minute.",
)
def compute_by_kind(world: World) -> Iterable[Row]:
    """The seconds that jobs took which ended well in the period."""
    jobs = world.during(*_OUTCOMES)
    return rows_of(_KINDS, jobs.groupby("kind").number.sum())


@FIGURES.add(
    "Calcul utilisé par mois",
    unit="secondes",
    said="Les mêmes calculs, au mois où ils ont pris fin.",
)
def compute_by_month(world: World) -> Iterable[Row]:
    """The same by the month in which they ended."""
    jobs = world.during(*_OUTCOMES)
    return rows_of(_MONTH_NAMES, jobs.number.groupby(_months_of(jobs)).sum())


def _months_of(facts: pd.DataFrame) -> pd.Series:
    return facts.time.dt.tz_convert(PARIS).dt.strftime("%m")


@FIGURES.add(
    "Calcul utilisé par membre et par mois",
    unit="secondes",
    said="Les mêmes calculs, par porteur du projet ou propriétaire des données ; un calcul de"
    " données restreintes d'autrui compte toujours une minute. Pour les seuls opérateurs.",
)
def compute_by_member(world: World) -> Iterable[Row]:
    """The same by the member whose job it was, for operators; of harvests nobody is known."""
    if not world.sees_members:
        return
    jobs = world.during("job_succeeded")
    owners = world.of_kind("dataset_published").groupby("thing").who.last()
    members = {**owners, **world.all_projects.holder}
    names = world.of_kind("member_joined").set_index("thing").text.to_dict()
    of_members = [jobs.thing.map(members).fillna("").rename("member"), _months_of(jobs)]
    for (member, month), seconds in jobs.number.groupby(of_members).sum().items():
        name = names.get(member) or member or "sans membre connu"
        group, code = f"{name}, {_MONTH_NAMES[month]}", f"{member}.{month}"
        yield Row(group=group, code=code, value=rounded(seconds))


@FIGURES.add("Calculs terminés", unit="calculs", said="Calculs qui ont pris fin dans l'année.")
def jobs(world: World) -> Iterable[Row]:
    """The jobs that ended in the period."""
    return rows_of(_OUTCOMES, world.during(*_OUTCOMES).what.value_counts())


@FIGURES.add(
    "Membres", unit="membres", said="Membres du Datalab à la fin de l'année, ou maintenant."
)
def members_by_kind(world: World) -> Iterable[Row]:
    """Count the members at the period's end by kind."""
    moves = world.of_kind("member_joined", "member_left")
    moves = moves[moves.time < world.period.until]
    joined, left = moves[moves.what == "member_joined"], moves[moves.what == "member_left"]
    return rows_of(MEMBER_KINDS, joined[~joined.thing.isin(left.thing)].kind.value_counts())


@FIGURES.add("Arrivées et départs", unit="membres", said="Membres arrivés ou partis dans l'année.")
def members_moved(world: World) -> Iterable[Row]:
    """The members who came and went in the period."""
    names = {"member_joined": "arrivés", "member_left": "partis"}
    return rows_of(names, world.during(*names).what.value_counts())


@FIGURES.add(
    "Part que prennent les membres",
    unit="membres",
    said="Membres qui ont eu ce rôle dans l'année ; un membre peut compter plusieurs fois.",
)
def members_by_part(world: World) -> Iterable[Row]:
    """Count the members who had each part in the period; one member may have several."""
    accepted = world.during("invitation_accepted")
    members = {
        "porteurs d'un projet": world.projects.holder.replace("", None),
        "sites pilotes": accepted.who[accepted.kind == "pilot_site"],
        "dans une équipe projet": accepted.who[accepted.kind == "team"],
        "producteurs de données publiées": world.during("dataset_published").who,
        "sollicités pour leurs données": world.during("access_requested").who,
    }
    return (Row(group=group, value=who.nunique()) for group, who in members.items())


@FIGURES.add(
    "Réponses aux invitations",
    unit="invitations",
    said="Invitations auxquelles un membre a répondu dans l'année.",
)
def invitations(world: World) -> Iterable[Row]:
    """The answers that members gave to invitations in the period."""
    answers = world.during(*_ANSWERS)
    names = {
        f"{kind}.{what}": f"{part}, {answer}"
        for kind, part in _PARTS.items()
        for what, answer in _ANSWERS.items()
    }
    return rows_of(names, (answers.kind + "." + answers.what).value_counts())


@FIGURES.add(
    "Délai de réponse aux invitations",
    unit="jours (médiane)",
    said="De l'invitation à la réponse, ou jusqu'ici.",
)
def invitation_days(world: World) -> Iterable[Row]:
    """The median days until invited members answer, or so far."""
    waits = world.waits[world.waits.party == "member"]
    yield median_days("ensemble", waits, sees_members=world.sees_members)


@FIGURES.add("Ateliers", unit="ateliers", said="Ateliers tenus dans l'année.")
def workshops(world: World) -> Iterable[Row]:
    """The workshops that took place in the period."""
    yield Row(group="tenus", value=len(_attendances(world)))


@FIGURES.add(
    "Participation aux ateliers",
    unit="personnes",
    said="Participants à tous les ateliers de l'année ensemble ; qui vient deux fois compte"
    " deux fois.",
)
def attendance(world: World) -> Iterable[Row]:
    """How many persons came to all of them together: of one workshop it is never told."""
    attendances = _attendances(world)
    if len(attendances):
        yield persons("ensemble", attendances.sum())


def _attendances(world: World) -> pd.Series:
    """Return the latest attendance of each workshop that took place in the period."""
    workshops = world.of_kind(HELD).groupby("thing")
    return workshops.number.last()[world.period.has(workshops.time.first())]
