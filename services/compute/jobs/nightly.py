"""Has a few results made again each night: a library or the lab may have changed them unseen."""

import random
from collections.abc import Iterator
from datetime import datetime, time

from services.compute.jobs.commands import replay_job
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import caused_id, now
from shared.background import Loop
from shared.language.french import PARIS
from shared.store import Store

NIGHT = range(2, 6)
"""The hours, in metropolitan France, in which replays are queued."""

_LOOK_SECONDS = 60.0
_RECENT = 100
"""From how many of the latest jobs those are drawn: each comes again in some later night."""


class NightlyReplays(Loop):
    """Queues up to `most` replays in a night. Two processes that look at once queue them once."""

    def __init__(self, store: Store, most: int) -> None:
        super().__init__(_LOOK_SECONDS, self.look)
        self._jobs, self._workspaces, self._most = store.of(Job), store.of(Workspace), most

    def look(self, at: datetime | None = None) -> None:
        """Queue what of a night's replays is not yet there, unless it is day."""
        local = (at or now()).astimezone(PARIS)
        if local.hour not in NIGHT:
            return
        midnight = datetime.combine(local.date(), time(), PARIS)
        ids = [
            caused_id("job", f"nightly replay {midnight.date()} {number}", midnight)
            for number in range(self._most)
        ]
        replays = list(self._jobs.of_ids(ids))
        if len(replays) == len(ids):
            return
        repeated = {replay.replays for replay in replays}
        originals = [job for job in self._repeatable() if job.id not in repeated]
        # The same for all processes, and other ones each night.
        random.Random(ids[0]).shuffle(originals)  # noqa: S311 - no secret
        missing = [
            identifier for identifier in ids if identifier not in {job.id for job in replays}
        ]
        for identifier, original in zip(missing, originals, strict=False):
            self._jobs.add(replay_job(original, "", identifier))

    def _repeatable(self) -> Iterator[Job]:
        """Yield recent results of projects that go on, or were delivered; none that is protected.

        Of the latter open data can still be read.
        """
        ended_well = {"kind": "full", "state": "succeeded"}
        for job in self._jobs.find(ended_well, descending=True, limit=_RECENT):
            workspace = self._workspaces.find_one(job.project_id or "")
            if workspace is None or not (workspace.state == "open" or workspace.delivered):
                continue
            if job.outputs and not (job.is_protected or job.is_erased or job.cluster_run):
                yield job
