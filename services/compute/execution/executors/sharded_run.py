"""Has shards of a run's rows added up by engines of their own, before one does the rest.

Each shard is a run by itself, in a folder below: it is queued, lost and found again as any other.
A controller forgets arrays as it forgets jobs, and gives their ids to others.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from services.compute.execution.executors.cluster import SHARDS
from services.compute.execution.executors.contract import Run
from services.compute.execution.executors.following import NoOutcome
from services.compute.execution.job_folder import JobFolder
from services.compute.jobs.planning.placing import shards_of
from shared.engine.analysis.sharding import sharded_step
from shared.engine.contract.work import JOB, SUMS, Keeping
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.run_files import LIMITS, write_run_file, write_whole
from shared.settings import Settings

log = logging.getLogger(__name__)

_ATTEMPTS = 2
"""At a shard, before its job counts as one that the cluster failed."""

_SHARE = 0.8
"""Of the work of a job that has shards, what these do."""


class Watcher(NamedTuple):
    """Queues a run; follows one to its end, noting its progress; and shows progress."""

    submit: Callable[[Run, Limits], None]
    follow: Callable[[Run, Callable[[Progress], None]], Outcome]
    note: Callable[[Progress], None]

    def outcome(self, run: Run, limits: Limits, note: Callable[[Progress], None]) -> Outcome:
        """Return how a run ended, once it is queued; raises what queueing and following do."""
        self.submit(run, limits)
        return self.follow(run, note)


class ShardedRun:
    """A run, staged in its folder, on a place where several engines may share its rows."""

    def __init__(self, run: Run, limits: Limits, settings: Settings, watcher: Watcher) -> None:
        self._run, self._watcher = run, watcher
        self._work = JobFolder(run.folder).work()
        self._limits, self._shards = limits, self._count(settings)

    def outcome(self) -> Outcome:
        """Return how the run ended; done again, this goes on where it was.

        Raises what queueing and following runs do.
        """
        if self._shards > 1 and not self._work.sums:
            self._add_up()
        return self._watcher.outcome(self._run, self._limits, self._note)

    def _add_up(self) -> None:
        """Have every shard added up; the run reads the rows itself unless all sums are exact."""
        runs = [self._prepared(number, 0) for number in range(self._shards)]
        for run in runs:
            self._watcher.submit(run, self._shard_limits)
        files = [self._followed(number, run) for number, run in enumerate(runs)]
        sums = [file for file in files if file]
        if len(sums) < self._shards:
            log.info("shards have no exact sums", extra={"run": self._run.run_id})
            return
        paths = tuple(f"in/sums-{number}" for number in range(self._shards))
        for path, file in zip(paths, sums, strict=True):
            _link(file, self._run.folder / path)
        self._work = self._work.model_copy(update={"sums": paths})
        write_whole(self._run.folder / JOB, self._work.model_dump_json().encode())

    @property
    def _shard_limits(self) -> Limits:
        """Return what a shard may use: the engines of a job share its time."""
        return replace(self._limits, seconds=self._limits.seconds / self._shards)

    def _note(self, news: Progress) -> None:
        """Show how far the rest is, after the shards."""
        share = _SHARE if self._work.sums else 0.0
        self._watcher.note(replace(news, progress=share + (1 - share) * news.progress))

    def _count(self, settings: Settings) -> int:
        """Return how many engines share the rows."""
        sharded = sharded_step(self._work)
        if sharded is None:
            return 1
        size = (self._run.folder / self._work.inputs[sharded.table]).stat().st_size
        return shards_of(size, settings)

    def _prepared(self, number: int, attempt: int) -> Run:
        """Return the run that adds up a shard, with all it needs in its folder."""
        name = f"{self._run.run_id}/{number}/{self._shards}/{attempt}"
        run_id = sha256(name.encode()).hexdigest()[:32]
        path = self._run.folder / SHARDS / run_id
        if not (path / LIMITS).exists():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = JobFolder(path)
            for input_path in self._work.inputs.values():
                _link(self._run.folder / input_path, path / input_path)
            shard = {"shards": self._shards, "shard": number, "keeping": Keeping()}
            folder.describe(self._work.model_copy(update=shard))
            write_run_file(path, LIMITS, self._shard_limits)
        return Run(run_id, path)

    def _followed(self, number: int, run: Run) -> Path | None:
        """Return the file of a shard's sums once it is there; None where they are not exact."""
        for attempt in range(1, _ATTEMPTS):
            with suppress(NoOutcome):
                return self._sums(number, run)
            run = self._prepared(number, attempt)
            self._watcher.submit(run, self._shard_limits)
        return self._sums(number, run)

    def _sums(self, number: int, run: Run) -> Path | None:
        outcome = self._watcher.follow(run, lambda news: self._note_shard(number, news))
        folder = JobFolder(run.folder)
        has_sums = outcome.ok and folder.result().outputs
        return folder.left_path(f"out/{SUMS}") if has_sums else None

    def _note_shard(self, number: int, news: Progress) -> None:
        share = _SHARE * (number + news.progress) / self._shards
        message = f"partie {number + 1} sur {self._shards} : {news.message}"
        self._watcher.note(Progress(share, message, ""))


def _link(file: Path, path: Path) -> None:
    """Let the file stand there, too: a folder that several machines share has room for it once."""
    path.unlink(missing_ok=True)
    os.link(file, path)
