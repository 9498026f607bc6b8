"""Whose turn it is: the slots of a process are shared between members, whatever each has waiting.

A member whose endpoints are all silent keeps its own share busy and no more. The first turn of a
member waits for no other member's: beyond the slots there is room for one turn each.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from services.notify.model import Endpoint

SLOTS = 200
"""Turns at the same time in one process, beside those that are their member's only one."""

SHARE = 20
"""Of these, a member's."""

MOST = 1000
"""Turns at the same time in all: each has a socket open."""


class Shares:
    """Counts the turns that each member has."""

    def __init__(self, *, slots: int = SLOTS, share: int = SHARE, most: int = MOST) -> None:
        self._slots, self._share, self._most = slots, share, most
        self._turns: Counter[str] = Counter()

    @property
    def turns(self) -> int:
        """All that go on."""
        return self._turns.total()

    def admits(self, member_id: str) -> bool:
        """Whether a turn of this member may begin now."""
        limit, mine = self._limit(), self._turns[member_id]
        return mine < limit and self.turns < self._most

    def full(self) -> list[str]:
        """The members of which no turn may begin now."""
        limit = self._limit()
        return sorted(member for member, count in self._turns.items() if count >= limit)

    def begin(self, member_id: str) -> None:
        """Count a turn."""
        self._turns[member_id] += 1

    def end(self, member_id: str) -> None:
        """Count it no more."""
        self._turns[member_id] -= 1
        self._turns += Counter()  # what is zero is forgotten

    def in_turn(self, waiting: Iterable[Endpoint]) -> Iterator[Endpoint]:
        """Yield the endpoints in the order of their turns, members with fewest turns first.

        Of one member, first the endpoints that answered last time, then those due longest. Whoever
        takes an endpoint says `begin` before the next is asked for.
        """
        of_members: defaultdict[str, list[Endpoint]] = defaultdict(list)
        for endpoint in waiting:
            of_members[endpoint.member_id].append(endpoint)
        ranked = [
            (self._turns[member_id] + place, endpoint.due_at, endpoint)
            for member_id, endpoints in of_members.items()
            for place, endpoint in enumerate(
                sorted(endpoints, key=lambda endpoint: (endpoint.failing, endpoint.due_at))
            )
        ]
        for _, _, endpoint in sorted(ranked, key=lambda ranking: ranking[:2]):
            if self.admits(endpoint.member_id):
                yield endpoint

    def members(self) -> list[str]:
        """The members that have a turn."""
        return sorted(self._turns)

    def _limit(self) -> int:
        return self._share if self.turns < self._slots else 1
