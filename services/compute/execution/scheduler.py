"""Takes due jobs under a lease, in fair turns, and runs as many at a time as there are slots."""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import get_args
from uuid import uuid4

from services.compute import metrics
from services.compute.execution.fair_queue import Turns, has_slot, within_share
from services.compute.execution.job_folder import sweep
from services.compute.execution.job_run import JobRun, Platform
from services.compute.execution.spares.spares import Spares
from services.compute.execution.waiting_line import first_due
from services.compute.jobs.model import ACTIVE, Job, TakenOver
from services.compute.jobs.workspace import Workspace
from shared.aggregate import now
from shared.background import Loop
from shared.endings.orphans import noting_if_possible
from shared.errors import Conflict, LabError
from shared.events import JobKind
from shared.indexes.computed import complete_index

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""How long a stop waits for the jobs in hand before it gives them back."""

_LOOK_SECONDS = 0.5
_COUNT_SECONDS = 5.0
_STEADY_LEASES = 4
"""After so many leases a process lives well; so long a job that processes died under waits, and
runs alone: others' jobs do not wait for all of it."""

_CHECK_SECONDS = 30.0
_SWEEP, _SWEEP_SECONDS = "sweep of the cluster", 2.0
_TURNS = "turns"

_COUNTED = 1000
"""Up to how many jobs of a state are counted: a queue that is longer is too long all the same."""


class Scheduler(Loop):
    """The loop beside the handlers that gets the jobs done.

    `check_sandbox` raises a sentence while jobs cannot run here; they wait for a process that can.
    `run_of` says how a job is run.
    """

    def __init__(
        self,
        platform: Platform,
        check_sandbox: Callable[[], None],
        run_of: Callable[[Platform, Job], JobRun],
    ) -> None:
        super().__init__(
            _LOOK_SECONDS,
            self._wait_for_sandbox,
            self._line_up,
            self._sweep_cluster,
            self._count,
            self._note_losses,
            self._fill,
            self._prepare,
        )
        self._platform, self._check_sandbox, self._run_of = platform, check_sandbox, run_of
        # A result waits for the document server, and is not made anew.
        platform.files.note = noting_if_possible(platform.files.note)
        self._jobs = platform.store.of(Job)
        self._workspaces = platform.store.of(Workspace)
        self._slots = platform.settings.job_slots
        self._member_jobs = platform.settings.member_jobs
        self._lease = timedelta(seconds=platform.settings.job_lease_seconds)
        self._turns, self._has_lined_up = Turns(), False
        self.public_turns = Turns()
        """The turns as members may be told of them: how long protected jobs took may not."""
        self._leased: dict[str, Job] = {}
        self._runs: dict[str, JobRun] = {}
        self._counted = self._swept = float("-inf")
        self._steady_at = time.monotonic() + _STEADY_LEASES * platform.settings.job_lease_seconds
        self._alone, self._alone_until = "", 0.0
        self.obstacle = "the sandbox was not tried yet"
        """Why no job can run here; empty once one can."""

    @property
    def spares(self) -> Spares:
        """Return the sandboxes with everything loaded, also for work that is no job."""
        return self._platform.spares

    def _wait_for_sandbox(self) -> None:
        while self.obstacle and not self.stopping.is_set():
            try:
                self._check_sandbox()
            except LabError as error:
                self.obstacle = str(error)
                log.error("no job can run here", extra={"error": self.obstacle})  # noqa: TRY400
                self.stopping.wait(_CHECK_SECONDS)
            else:
                sweep()
                self.obstacle = ""

    def _line_up(self) -> None:
        """Give jobs a turn, once, that were queued before there were turns."""
        if not self._has_lined_up:
            complete_index(self._platform.store, Job, _TURNS, {"state": "queued"})
            self._has_lined_up = True

    def _sweep_cluster(self) -> None:
        """End the runs on the cluster whose jobs ended or have others."""
        if self._platform.cluster and time.monotonic() - self._swept >= _SWEEP_SECONDS:
            self._swept = time.monotonic()
            if _SWEEP not in self.in_hand:
                # Beside the steps: a silent cluster or folder holds up no job here.
                self.begin(_SWEEP, self._platform.cluster.sweep, self._wanted_runs)

    def _wanted_runs(self, run_ids: Collection[str]) -> set[str]:
        jobs = self._jobs.every({"cluster_run": {"$in": [*run_ids]}})
        return {job.cluster_run for job in jobs if job.is_active}

    def _note_losses(self) -> None:
        """Take back the jobs of processes that are gone."""
        time_now = now()
        for job in self._jobs.find({"state": "running"}):
            if job.is_lost(time_now) and job.id not in self.in_hand:
                with suppress(Conflict, TakenOver):
                    job.lose(time_now, _STEADY_LEASES * self._lease)
                    self._jobs.save(job)
                    metrics.jobs_lost.labels(self._platform.service, job.kind).inc()

    def _fill(self) -> None:
        while not self.obstacle and self._has_room() and not self.stopping.is_set():
            job = self._take_next()
            if job is None:
                return
            if job.is_suspect:
                steady_seconds = _STEADY_LEASES * self._lease.total_seconds()
                self._alone, self._alone_until = job.id, time.monotonic() + steady_seconds
            self._leased[job.id] = job
            self.begin(job.id, self._run_job, job)

    def _prepare(self) -> None:
        if not (self.obstacle or self.stopping.is_set()):
            self._platform.spares.fill()

    def _has_room(self) -> bool:
        is_alone = self._alone in self._leased and time.monotonic() < self._alone_until
        return len(self._here) < self._slots and not is_alone

    @property
    def _here(self) -> list[Job]:
        """Return the jobs in hand that take a slot of this machine."""
        on_cluster = {job_id for job_id, run in [*self._runs.items()] if run.is_on_cluster}
        return [job for job_id, job in [*self._leased.items()] if job_id not in on_cluster]

    def _take_next(self) -> Job | None:
        """Take the job whose turn it is under this process's lease; None without one.

        One that may be what ends processes waits until it is alone in this one.
        """
        while True:
            job = self._choose()
            if job is None or (job.is_suspect and self._here):
                return None
            is_watched = job.is_suspect and time.monotonic() >= self._steady_at
            try:
                job.take(uuid4().hex, now(), self._lease, is_watched=is_watched)
                return self._keep(self._jobs.save(job))
            except (Conflict, TakenOver):
                continue

    def _keep(self, job: Job) -> Job | None:
        """Return a job that was taken; put it back where its member has too many running.

        Two processes may have taken one each: neither of them saw the other's before.
        """
        most = self._member_jobs
        of_member = {"state": "running", "owner_id": job.owner_id}
        if not most or self._jobs.count(of_member, most=most + 1) <= most:
            return job
        run, message, not_before = job.run, job.message, job.not_before
        self._jobs.change(job.id, lambda taken: taken.give_back(run, 0.0, message, not_before))
        return None

    def _choose(self) -> Job | None:
        here = self._here
        may_be_full = len(self._leased) - len(here) < self._platform.settings.slurm_runs
        due = [
            job
            for job in first_due(self._jobs, now())
            if has_slot(job, here, self._slots) and (may_be_full or job.kind != "full")
        ]
        running = list(self._jobs.every({"state": "running"})) if due else []
        due = within_share(due, running, self._member_jobs)
        return self._turns.next(due, running, time.monotonic())

    def _run_job(self, job: Job) -> None:
        job_run = self._runs[job.id] = self._run_of(self._platform, job)
        try:
            job_run.run()
        finally:
            self._turns.charge(job, job_run.seconds, time.monotonic())
            if not job_run.is_protected:
                self.public_turns.charge(job, job_run.seconds, time.monotonic())
            del self._runs[job.id], self._leased[job.id]

    def finish(self) -> None:
        """Wait for the running jobs; those that take longer go back to the queue."""
        deadline = time.monotonic() + GRACE_SECONDS
        for job_run in list(self._runs.values()):
            if job_run.is_on_cluster:
                job_run.release()
        for thread in list(self.in_hand.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        for job_run in list(self._runs.values()):
            job_run.release()
        super().finish()
        self._platform.spares.close()

    def _count(self) -> None:
        if time.monotonic() - self._counted < _COUNT_SECONDS:
            return
        self._counted = time.monotonic()
        for state in ACTIVE:
            gauge = metrics.jobs.labels(self._platform.service, state)
            gauge.set(self._jobs.count({"state": state}, most=_COUNTED))
        held = self._jobs.count({"is_held": True}, most=_COUNTED)
        metrics.jobs.labels(self._platform.service, "held").set(held)
        asking = self._workspaces.count({"asks_quota": True}, most=_COUNTED)
        metrics.quota_requests.labels(self._platform.service).set(asking)
        ages = dict.fromkeys((*get_args(JobKind), "replay"), 0.0)
        running = self._jobs.every({"state": "running"})
        # What waits for its own member's jobs waits for nothing of the lab's.
        for job in within_share(first_due(self._jobs, now()), running, self._member_jobs):
            ages[job.kind] = max(ages[job.kind], (now() - job.due_at).total_seconds())
        for kind, age in ages.items():
            metrics.job_oldest_due.labels(self._platform.service, kind).set(age)
        self._count_cluster()

    def _count_cluster(self) -> None:
        service, cluster = self._platform.service, self._platform.cluster
        if cluster:
            metrics.cluster_silent.labels(service).set(cluster.silent_seconds)
            metrics.cluster_stuck.labels(service).set(cluster.stuck_runs)
            for phase, runs in cluster.count().items():
                metrics.cluster_runs.labels(service, phase).set(runs)
