"""Figures of what was done: compute used, members and their part, workshops."""

from collections import Counter, defaultdict

from services.notify.steering.period import month_of
from services.notify.steering.small_counts import over_members, persons
from services.notify.steering.views import Figure, Row, rows_of
from services.notify.steering.world import World
from shared.language.labels import MEMBER_KINDS

_KINDS = {
    "ingest": "lecture de fichiers",
    "trial": "essais sur échantillon",
    "full": "traitements complets",
    "harvest": "lecture d'autres catalogues",
}
_OUTCOMES = {"job_succeeded": "réussis", "job_failed": "échoués", "job_cancelled": "annulés"}
_ANSWERS = {
    "invitation_accepted": "acceptées",
    "invitation_declined": "déclinées",
    "invitation_expired": "sans réponse",
}
_PARTS = {"pilot_site": "site pilote", "team": "équipe projet"}
_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
HELD = "workshop_held"
"""The fact that a workshop took place, told again to correct its `number`: how many came."""


def _seconds_by_kind(world: World) -> Figure:
    """The seconds that jobs took which ended well in the period."""
    spent = defaultdict[str, float](float)
    for job in world.jobs:
        spent[job.kind] += job.number
    return Figure(
        name="compute_by_kind",
        title="Calcul utilisé par nature",
        unit="secondes",
        said="Durée des calculs qui ont réussi dans l'année ; ce que prennent les autres n'est pas"
        " dit par leurs événements.",
        rows=rows_of(_KINDS, {kind: round(spent[kind], 1) for kind in _KINDS}),
    )


def _seconds_by_month(world: World) -> Figure:
    """The same by the month in which they ended."""
    spent = defaultdict[int, float](float)
    for job in world.jobs:
        spent[month_of(job.at)] += job.number
    names = {f"{month:02}": name for month, name in enumerate(_MONTHS, 1)}
    return Figure(
        name="compute_by_month",
        title="Calcul utilisé par mois",
        unit="secondes",
        said="Les mêmes calculs, au mois où ils ont pris fin.",
        rows=rows_of(names, {code: round(spent[int(code)], 1) for code in names}),
    )


def _jobs(world: World) -> Figure:
    """The jobs that ended in the period."""
    counts = Counter(job.what for job in world.jobs)
    return Figure(
        name="jobs",
        title="Calculs terminés",
        unit="calculs",
        said="Calculs qui ont pris fin dans l'année.",
        rows=rows_of(_OUTCOMES, counts),
    )


def _members(world: World) -> Figure:
    """Count the members at the period's end by kind."""
    counts = Counter[str]()
    for member in world.members.values():
        facts_by_kind = {fact.what: fact for fact in member.facts if fact.at < world.period.until}
        if "member_joined" in facts_by_kind and "member_left" not in facts_by_kind:
            counts[facts_by_kind["member_joined"].kind] += 1
    return Figure(
        name="members_by_kind",
        title="Membres",
        unit="membres",
        said="Membres du Datalab à la fin de l'année, ou maintenant.",
        rows=rows_of(MEMBER_KINDS, counts),
    )


def _moves(world: World) -> Figure:
    """The members who came and went in the period."""
    names = {"member_joined": "arrivés", "member_left": "partis"}
    counts = Counter(fact.what for _, fact in world.facts(*names))
    return Figure(
        name="members_moved",
        title="Arrivées et départs",
        unit="membres",
        said="Membres arrivés ou partis dans l'année.",
        rows=rows_of(names, counts),
    )


def _parts(world: World) -> Figure:
    """Count the members who had each part in the period; one member may have several."""
    accepted = world.facts("invitation_accepted")
    counts = {
        "porteurs d'un projet": {life.holder_id for life in world.projects} - {""},
        "sites pilotes": {fact.who for _, fact in accepted if fact.kind == "pilot_site"},
        "dans une équipe projet": {fact.who for _, fact in accepted if fact.kind == "team"},
        "producteurs de données publiées": {
            fact.who for _, fact in world.facts("dataset_published")
        },
        "sollicités pour leurs données": {fact.who for _, fact in world.facts("access_requested")},
    }
    return Figure(
        name="members_by_part",
        title="Part que prennent les membres",
        unit="membres",
        said="Membres qui ont eu ce rôle dans l'année ; un membre peut compter plusieurs fois.",
        rows=tuple(Row(group=group, value=len(member_ids)) for group, member_ids in counts.items()),
    )


def _invitations(world: World) -> Figure:
    """The answers that members gave to invitations in the period."""
    counts = Counter((fact.kind, fact.what) for _, fact in world.facts(*_ANSWERS))
    rows = (
        Row(group=f"{part}, {answer}", code=f"{kind}.{what}", value=counts[kind, what])
        for kind, part in _PARTS.items()
        for what, answer in _ANSWERS.items()
    )
    return Figure(
        name="invitations",
        title="Réponses aux invitations",
        unit="invitations",
        said="Invitations auxquelles un membre a répondu dans l'année.",
        rows=tuple(rows),
    )


def _invitation_days(world: World) -> Figure:
    """The median days until invited members answer, or so far."""
    days = world.waited_for("member")
    return Figure(
        name="invitation_days",
        title="Délai de réponse aux invitations",
        unit="jours (médiane)",
        said="De l'invitation à la réponse, ou jusqu'ici.",
        rows=(over_members("ensemble", days, sees_members=world.sees_members),),
    )


def _workshops(world: World) -> Figure:
    """The workshops that took place in the period."""
    held = _held(world)
    return Figure(
        name="workshops",
        title="Ateliers",
        unit="ateliers",
        said="Ateliers tenus dans l'année.",
        rows=(Row(group="tenus", value=len(held)),),
    )


def _attendance(world: World) -> Figure:
    """How many persons came to all of them together: of one workshop it is never told."""
    held = _held(world)
    return Figure(
        name="attendance",
        title="Participation aux ateliers",
        unit="personnes",
        said="Participants à tous les ateliers de l'année ensemble ; qui vient deux fois compte"
        " deux fois.",
        rows=(persons("ensemble", sum(held)),) if held else (),
    )


def _held(world: World) -> list[float]:
    """Return the latest attendance of each workshop that took place in the period."""
    facts_by_workshop = (
        [fact for fact in subject.facts if fact.what == HELD]
        for subject in world.subjects
        if subject.about == "workshop"
    )
    return [
        facts[-1].number for facts in facts_by_workshop if facts and world.period.has(facts[0].at)
    ]


FIGURES = (
    _seconds_by_kind,
    _seconds_by_month,
    _jobs,
    _members,
    _moves,
    _parts,
    _invitations,
    _invitation_days,
    _workshops,
    _attendance,
)
"""What makes each of them of a world."""
