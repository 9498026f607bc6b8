"""Whose turn it is: whoever has the fewest jobs running, then whoever computed least lately."""

from collections import Counter
from collections.abc import Iterable, Mapping

from services.compute.jobs.model import Job

HALF_LIFE = 600.0
"""Seconds after which a second of past use counts half: nobody pays for ever."""

_FORGOTTEN = 0.001


class RecentUse:
    """The seconds each lane used lately; times are seconds of any one steady clock."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}

    def charge(self, lane: str, seconds: float, at: float) -> None:
        """Note that a lane's job ran for `seconds`; forget the lanes that are quiet for long."""
        self._used[lane] = (self.used(lane, at) + seconds, at)
        self._used = {
            name: entry for name, entry in self._used.items() if self.used(name, at) > _FORGOTTEN
        }

    def used(self, lane: str, at: float) -> float:
        """What the lane's use weighs now, in seconds."""
        seconds, since = self._used.get(lane, (0.0, at))
        return seconds * float(0.5 ** ((at - since) / HALF_LIFE))


def next_job(due: Iterable[Job], running: Iterable[Job], used: Mapping[str, float]) -> Job | None:
    """The due job whose turn it is, None when there is none.

    `used` gives the lanes' seconds, none for a lane that is not in it. Within a lane, and between
    lanes that stand equal, the job that was queued first goes first.
    """
    busy = Counter(job.lane for job in running)
    return min(
        due,
        key=lambda job: (busy[job.lane], used.get(job.lane, 0.0), job.queued_at, job.id),
        default=None,
    )
