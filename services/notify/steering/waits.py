"""Figures of whom projects waited for, and for how long."""

from collections import Counter
from collections.abc import Mapping

from services.notify.steering.lives import Party
from services.notify.steering.small_counts import by_member, over_members
from services.notify.steering.views import Figure, rows_of
from services.notify.steering.world import World
from shared.stages import STAGE_NAMES, STAGES

PARTIES: Mapping[Party, str] = {
    "owner": "producteur de données",
    "reviewer": "relecteur",
    "holder": "porteur",
    "member": "membre invité",
    "operator": "exploitant du Datalab",
}
"""Whom projects wait for."""


def _waits(world: World) -> Figure:
    """How often projects waited for whom, in the period."""
    counts = Counter[Party]()
    for (party, _), waits in world.waits.items():
        counts[party] += len(waits)
    return Figure(
        name="waits_by_party",
        title="Qui a été attendu",
        unit="attentes",
        said="Attentes qui ont pris fin dans l'année ou durent encore : accès demandé, revue,"
        " complément ou traitement demandé, invitation, calcul arrêté.",
        rows=rows_of(PARTIES, counts),
    )


def _days_waited(world: World) -> Figure:
    """The median days of these waits."""
    rows = (
        over_members(name, world.waited_for(party), sees_members=world.sees_members, code=party)
        for party, name in PARTIES.items()
    )
    return Figure(
        name="days_waited_by_party",
        title="Durée des attentes",
        unit="jours (médiane)",
        said="Durée médiane de ces attentes ; qui n'a pas encore répondu compte son temps"
        " jusqu'ici.",
        rows=tuple(rows),
    )


def _days_waited_by_stage(world: World) -> Figure:
    """The same by the stage at which the wait began."""
    pairs = [(stage, party) for stage in STAGES for party in PARTIES]
    rows = (
        over_members(
            f"{STAGE_NAMES[stage]}, {PARTIES[party]}",
            world.waited_for(party, stage),
            sees_members=world.sees_members,
            code=f"{stage}.{party}",
        )
        for stage, party in pairs
    )
    return Figure(
        name="days_waited_by_stage",
        title="Durée des attentes par étape",
        unit="jours (médiane)",
        said="Les mêmes attentes, à l'étape où elles ont commencé.",
        rows=tuple(row for row in rows if row.value is not None or row.hidden),
    )


def _owners(world: World) -> Figure:
    """The days until owners answer requests: all together, and each for operators."""
    days = list(world.waited_for("owner"))
    together = over_members("ensemble", days, sees_members=world.sees_members)
    return Figure(
        name="owner_days",
        title="Délai de réponse des producteurs",
        unit="jours (médiane)",
        said="De la demande d'accès à la réponse, ou jusqu'ici ; par producteur pour les seuls"
        " opérateurs.",
        rows=(together, *by_member(days, world.names, sees_members=world.sees_members)),
    )


FIGURES = (_waits, _days_waited, _days_waited_by_stage, _owners)
"""What makes each of them of a world."""
