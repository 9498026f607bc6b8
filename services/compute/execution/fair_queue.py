"""Whose turn it is: the member with the fewest jobs running, then who computed least lately.

Of the member's lanes (its projects, its uploads, its sources) it is one's turn in the same way.
"""

from collections import Counter
from collections.abc import Collection, Iterable

from services.compute.jobs.model import Job

HALF_LIFE = 600.0
"""Seconds after which a second of past use counts half: nobody pays for ever."""

_FORGOTTEN = 0.001
_LONG = frozenset({"full", "replay"})


def has_slot(job: Job, in_hand: Collection[Job], slots: int) -> bool:
    """Whether a process with that many slots may begin a job beside its running ones.

    It keeps the last slot from whoever has all others, and from full jobs and replays, which take
    long: what somebody else uploads or tries out then need not wait for them. One is anybody's.
    """
    most = max(1, slots - 1)
    of_member = sum(other.owner_id == job.owner_id for other in in_hand)
    long = sum(other.kind in _LONG for other in in_hand)
    return len(in_hand) < slots and of_member < most and (job.kind not in _LONG or long < most)


def within_share(due: Iterable[Job], running: Iterable[Job], most: int) -> list[Job]:
    """Return the due jobs of members who have fewer than `most` running; 0 is no bound."""
    counts = Counter(job.owner_id for job in running)
    return [job for job in due if not most or counts[job.owner_id] < most]


class RecentUse:
    """The seconds each name used lately; times are seconds of any one steady clock."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}

    def charge(self, name: str, seconds: float, at: float) -> None:
        """Charge a name with a job of `seconds`; forget names without jobs for long."""
        self._used[name] = (self.used(name, at) + seconds, at)
        self._used = {
            name: entry for name, entry in self._used.items() if self.used(name, at) > _FORGOTTEN
        }

    def used(self, name: str, at: float) -> float:
        """Return the name's decayed use, in seconds."""
        seconds, since = self._used.get(name, (0.0, at))
        return seconds * float(0.5 ** ((at - since) / HALF_LIFE))


class Turns:
    """What members and lanes used lately, as one process saw it, and whose turn that makes it."""

    def __init__(self) -> None:
        self._members, self._lanes = RecentUse(), RecentUse()

    def charge(self, job: Job, seconds: float, at: float) -> None:
        """Charge a job that ran for `seconds`."""
        self._members.charge(job.owner_id, seconds, at)
        self._lanes.charge(job.lane, seconds, at)

    def next(self, due: Iterable[Job], running: Iterable[Job], at: float) -> Job | None:
        """Return the due job whose turn it is, None when there is none.

        Within a lane, and between lanes that stand equal, the job that was queued first goes first.
        """
        running = list(running)
        members = Counter(job.owner_id for job in running)
        lanes = Counter(job.lane for job in running)

        def place(job: Job) -> tuple[object, ...]:
            member = members[job.owner_id], self._members.used(job.owner_id, at)
            return *member, lanes[job.lane], self._lanes.used(job.lane, at), job.queued_at, job.id

        return min(due, key=place, default=None)
