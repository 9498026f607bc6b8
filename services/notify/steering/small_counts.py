"""What is told of few: the rule of services/notify/steering, in three functions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from services.notify.steering.period import median_of
from services.notify.steering.views import Row

FEWEST_PERSONS = 5
FEWEST_MEMBERS = 3

FEW_PERSONS = f"moins de {FEWEST_PERSONS}"
FEW_MEMBERS = f"moins de {FEWEST_MEMBERS} membres"


def persons(group: str, count: float) -> Row:
    """How many persons; nothing nearer than « moins de 5 »."""
    if count < FEWEST_PERSONS:
        return Row(group=group, value=None, hidden=FEW_PERSONS)
    return Row(group=group, value=count)


def over_members(
    group: str, days: Iterable[tuple[str, float]], *, sees_members: bool, code: str = ""
) -> Row:
    """Return the median of days, each with the member who took them; hidden for few members.

    Nobody's id stands for the lab's own staff, of whom no one is told apart: it hides nothing.
    """
    days_of_members = list(days)
    members = {who for who, _ in days_of_members}
    if not sees_members and "" not in members and 0 < len(members) < FEWEST_MEMBERS:
        return Row(group=group, code=code, value=None, hidden=FEW_MEMBERS)
    return Row(group=group, code=code, value=median_of(day for _, day in days_of_members))


def by_member(
    days: Iterable[tuple[str, float]], names: Mapping[str, str], *, sees_members: bool
) -> list[Row]:
    """Return the median of each member, longest first; for operators only."""
    if not sees_members:
        return []
    days_by_member = defaultdict[str, list[float]](list)
    for who, taken in days:
        days_by_member[who].append(taken)
    rows = [
        Row(group=names.get(who, who), code=who, value=median_of(taken))
        for who, taken in days_by_member.items()
    ]
    return sorted(rows, key=lambda row: (-(row.value or 0), row.code))
