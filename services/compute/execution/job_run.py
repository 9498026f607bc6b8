"""Runs one job, from its lease to its end, whatever happens in between."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from services.compute import metrics
from services.compute.execution.answering import answered
from services.compute.execution.executors.cluster import Cluster
from services.compute.execution.executors.contract import Run, RunPlace, Submission
from services.compute.execution.executors.following import FollowedRun, NoOutcome
from services.compute.execution.executors.local import LocalExecutor
from services.compute.execution.executors.sharded_run import ShardedRun, Watcher
from services.compute.execution.instructions import instructions, inventions_of
from services.compute.execution.job_folder import JobFolder
from services.compute.execution.observing import observed
from services.compute.execution.spares.spares import Spares
from services.compute.execution.staged_run import StagedRun
from services.compute.execution.staging import (
    FoundInput,
    Inputs,
    Interrupted,
    ReleaseLedger,
    StoredResult,
    reserve,
    store_failure,
    store_result,
    tables_of,
)
from services.compute.execution.step_cache.cache import JobSteps
from services.compute.jobs.data_contract import DataContract
from services.compute.jobs.heartbeat import Heartbeat
from services.compute.jobs.model import MAX_NODE_FAILURES, WAITING, Job, TakenOver
from services.compute.jobs.planning.expected_rows import Catalogue, expected_rows
from services.compute.jobs.planning.placing import ReadFile, may_run_there
from services.compute.jobs.staleness import ReadVersion, versions_of
from services.compute.jobs.workspace import Workspace
from shared.aggregate import now
from shared.engine.applications import traits_of
from shared.engine.contract.crossing_size import CountedCrossings
from shared.engine.contract.work import Work
from shared.engine.sandbox.disk_space import Waiting, check_disk_space
from shared.engine.sandbox.job_output import Progress, dated
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.run_files import LIMITS, read_run_file, write_run_file
from shared.engine.tables.manifest import Input
from shared.errors import Conflict, Rejected, Unavailable
from shared.events.compute import PROTECTED_SECONDS
from shared.language.french import duration
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store
from shared.trace import working_on

log = logging.getLogger(__name__)

Ending = Callable[[Job], None]

_AGAIN_SECONDS = 1.0
_FAULT = "erreur interne du service de calcul"
_ASKS_MORE = "le porteur peut en demander un plus grand sur la page du projet"
_SILENCE = "un service dont le traitement a besoin ne répond pas"


class JobCatalogue(ReleaseLedger, Catalogue, Protocol):
    """What a run asks the catalogue."""


@dataclass(frozen=True)
class Platform:
    """What every run works with."""

    service: str
    store: Store
    files: Storage
    settings: Settings
    catalog: JobCatalogue
    spares: Spares
    local: LocalExecutor
    cluster: Cluster | None = None


class GivenUp(Exception):
    """The lab's own machines are at fault, again and again: an operator has to look."""


class JobRun:
    """One run of a job that this process holds the lease of."""

    def __init__(self, platform: Platform, job: Job) -> None:
        self._platform, self._job = platform, job
        self._settings = platform.settings
        self._jobs = platform.store.of(Job)
        self._workspaces = platform.store.of(Workspace)
        lease = timedelta(seconds=self._settings.job_lease_seconds)
        self._heartbeat = Heartbeat(self._jobs, job, lease)
        self.seconds = 0.0
        self.is_on_cluster = False
        """Whether it has a run there, takes no slot here, and is charged once that ended."""
        self._protected: tuple[list[Input], datetime] | None = None
        self._read: tuple[ReadVersion, ...] = ()

    @property
    def is_protected(self) -> bool:
        """Whether the job reads others' restricted data, as far as the run came."""
        return self._protected is not None or self._job.is_protected

    def release(self) -> None:
        """Return the job to the queue: this process stops."""
        self._heartbeat.release()

    def run(self) -> None:
        """Work until the job ended, went back to the queue, or belongs to another process."""
        job = self._job
        with working_on(job.project_id or job.id, job.traceparent), self._heartbeat:
            ending = self._ending()
            if self._heartbeat.stop != "lost":
                self._finish(ending)
            else:
                log.warning("a job was taken over", extra={"job": job.id})

    def _ending(self) -> Ending:
        run = self._job.run
        try:
            return self._work()
        except Interrupted:
            self._charge_at_the_end()
            return partial(
                Job.give_back,
                run=run,
                seconds=self.seconds,
                message=f"{WAITING}le service de calcul redémarre",
                not_before=now(),
            )
        except (Unavailable, OSError) as error:
            self._charge_at_the_end()
            why = {"job": self._job.id, "error": str(error.__cause__ or error)}
            log.warning("a job is put off", extra=why)
            return partial(
                Job.put_off,
                run=run,
                seconds=self.seconds,
                message=f"{WAITING}{error if isinstance(error, Waiting) else _SILENCE}",
                waits=self._settings.retry_seconds,
            )
        except Rejected as error:
            if self.is_protected:
                return self._held_failure(*(self._protected or ([], now())), str(error))
            return partial(Job.fail, run=run, seconds=self.seconds, reason=str(error))
        except Exception as error:
            log.exception("a job met a fault of ours", extra={"job": self._job.id})
            reason = str(error) if isinstance(error, GivenUp) else _FAULT
            return partial(Job.give_up, run=run, seconds=self.seconds, reason=reason)

    def _charge_at_the_end(self) -> None:
        """Charge nothing yet for a run that the job still has: all of it is charged once."""
        if self.is_on_cluster and self._heartbeat.stop != "cancelled":
            self.seconds = 0.0

    def _work(self) -> Ending:
        if self._heartbeat.should_stop():
            raise Interrupted
        if cluster := self._cluster_that_has_it():
            with cluster.folder(self._job.cluster_run) as folder:
                if staged := StagedRun.read(folder.path):
                    self._read = versions_of(staged.inputs, staged.hashes_by_dataset)
                    if staged.is_protected:
                        self._protected = list(staged.inputs), staged.began
                    return self._result(cluster, self._job.cluster_run, folder, staged)
        seconds, settings = self._seconds(), self._settings
        limits = Limits(seconds=seconds, memory_bytes=settings.job_memory_bytes)
        spares, should_stop = self._platform.spares, self._heartbeat.should_stop
        reader = Inputs(self._platform.catalog, self._platform.files, spares, limits, should_stop)
        began = now()
        found_inputs = reader.find(self._job)
        named_inputs = [named for named, _ in found_inputs]
        self._read = versions_of(named_inputs, tables_of(found_inputs))
        if any(named.is_protected for named in named_inputs):
            self._protected = named_inputs, began
            self._begin()
        if contract := self._job.contract:
            contract.check_inputs(self._observed(named_inputs))
        place = self._place(found_inputs)
        with place.folder(self._job.run) as folder:
            check_disk_space(folder.path)
            staged = self._stage(reader, found_inputs, folder, limits, began)
            write_run_file(folder.path, LIMITS, self._limits(place, limits))
            if place.outlives_service:
                staged.write(folder.path)
            elif not self._protected:
                self._begin()
            return self._result(place, self._job.run, folder, staged)

    def _cluster_that_has_it(self) -> Cluster | None:
        """Return the cluster if a process before this one left a run there that goes on."""
        cluster = self._platform.cluster
        return cluster if cluster and cluster.has_folder(self._job.cluster_run) else None

    def _place(self, found_inputs: Sequence[FoundInput]) -> RunPlace:
        """Return what runs the job: the cluster takes long jobs on data that may go there."""
        cluster, run = self._platform.cluster, self._job.run
        treatment = self._job.treatment if self._job.kind == "full" else None
        files = [ReadFile(file.size, named.on_cluster) for named, file in found_inputs]
        goes_there = cluster and treatment and may_run_there(treatment, files, self._settings)
        if goes_there or self._job.cluster_run:
            # Before there is a folder: one that no job names is swept.
            there, read = run if goes_there else "", self._read
            self._jobs.change(self._job.id, lambda job: job.stage_for_cluster(run, there, read))
        return cluster if cluster and goes_there else self._platform.local

    def _stage(
        self,
        reader: Inputs,
        found_inputs: Sequence[FoundInput],
        folder: JobFolder,
        limits: Limits,
        began: datetime,
    ) -> StagedRun:
        """Bring all that the job reads into its folder, and its work."""
        tables = tables_of(found_inputs)
        self._check_size(tables)
        inputs, work = self._gather(self._job, reader, found_inputs, folder)
        steps = self._steps(folder)
        folder.describe(steps.bring(work, found_inputs, limits.seconds))
        self._hand_key(self._job, folder)
        return StagedRun(
            inputs=tuple(inputs),
            began=began,
            hashes_by_dataset=tables,
            step_keys=dict(steps.keys),
            is_invented=bool(work.invented),
        )

    def _result(self, place: RunPlace, run_id: str, folder: JobFolder, staged: StagedRun) -> Ending:
        """Run what is staged, or go on with it, and store what it made."""
        self._compute(place, Run(run_id, folder.path))
        data = self._observed(staged.inputs, folder.result().reports)
        if contract := self._job.contract:
            contract.check_shares(data)
        kept = store_result(self._job, staged, folder, self._platform.files, place.name)
        counted = None if staged.is_invented else self._counted(folder, staged.hashes_by_dataset)
        self._steps(folder, staged.step_keys).keep()
        try:
            self._reserve(list(staged.inputs), kept)
        except Waiting:
            self._leave(place, is_failure=False)
            raise
        ending = {**kept.ending, "counted": counted, "observed": data}
        return partial(Job.succeed, run=self._job.run, seconds=self.seconds, **ending)

    def _observed(
        self, inputs: Sequence[Input], reports: Sequence[Mapping[str, Any]] = ()
    ) -> DataContract:
        """Return what a full run saw of its data; nothing of another kind's."""
        treatment = self._job.treatment if self._job.kind == "full" else None
        return observed(treatment, inputs, reports) if treatment else DataContract()

    def _steps(self, folder: JobFolder, keys: Mapping[str, str] | None = None) -> JobSteps:
        store, files = self._platform.store, self._platform.files
        return JobSteps(store, files, self._settings, self._job, folder, keys=keys)

    def _limits(self, place: RunPlace, limits: Limits) -> Limits:
        """Return what the job may use where it runs."""
        if not place.outlives_service:
            return limits
        memory_bytes = self._settings.slurm_memory_bytes
        return replace(limits, memory_bytes=max(memory_bytes, limits.memory_bytes))

    def _gather(
        self, job: Job, reader: Inputs, found_inputs: Sequence[FoundInput], folder: JobFolder
    ) -> tuple[list[Input], Work]:
        """Bring into the folder what a job reads; returns that, and what the engine is told."""
        inputs = reader.gather(found_inputs, folder)
        protected = reader.protect(found_inputs, folder)
        expected_rows = {} if reader.inventions else self._expected_rows(job)
        work = instructions(job, inputs, protected, expected_rows, self._settings)
        invented = inventions_of(job.reads, reader.inventions)
        work = work.model_copy(update={"policy": reader.policy, "invented": invented})
        return inputs, answered(work, job.treatment, inputs, reader.answering)

    def _begin(self) -> None:
        """Record that the sandbox starts."""
        is_protected, job = self._protected is not None, self._job
        if is_protected:
            # Whatever it takes: that may tell of the data, and a project reads its quota.
            self._charge(PROTECTED_SECONDS)
        begin = partial(Job.begin, run=job.run, is_protected=is_protected, read=self._read)
        self._job = self._jobs.change(job.id, begin)

    def _held_failure(self, inputs: list[Input], began: datetime, reason: str) -> Ending:
        """Return the ending of a run that failed on others' restricted data.

        That it failed, as how long it took, may tell of them: reviewers alone read why.
        """
        kept = store_failure(self._job, inputs, began, reason, self._platform.files)
        return partial(Job.succeed, run=self._job.run, seconds=self.seconds, **kept.ending)

    def _hand_key(self, job: Job, folder: JobFolder) -> None:
        """Give the job the key of its project's pseudonyms, if it makes some."""
        treatment, project_id = job.treatment, job.project_id or ""
        steps = treatment.steps if treatment else ()
        if not any(traits_of(step).needs_key for step in steps):
            return
        workspace = self._workspaces.find_one(project_id)
        if workspace is None or not workspace.pseudonym_key:
            workspace = self._workspaces.change(project_id, Workspace.make_pseudonym_key)
        folder.hand_key(workspace.pseudonym_key)

    def _check_size(self, tables: dict[str, str]) -> None:
        """Raise Rejected when a trial on the same tables found a crossing too large.

        The sandbox counts for itself what no trial did.
        """
        if self._job.kind != "full":
            return
        of_project = {"project_id": self._job.project_id, "kind": "trial", "state": "succeeded"}
        for trial in self._jobs.every(of_project):
            if trial.counted and trial.counts_for(self._job, tables):
                limit = self._settings.crossing_rows
                if refusal := trial.counted.within(limit).refusal:
                    raise Rejected(refusal)

    def _reserve(self, inputs: list[Input], kept: StoredResult) -> None:
        """Enter the result into the ledgers of its inputs, before anybody gets it.

        Raises Waiting when another result of the same data came meanwhile: this one is made, and
        checked, once more.
        """
        try:
            reserve(self._platform.catalog, self._job, inputs, kept)
        except Conflict as error:
            raise Waiting(
                "un autre résultat, fait des mêmes données, est sorti pendant ce calcul : il est"
                " refait pour être vérifié avec lui"
            ) from error

    def _counted(self, folder: JobFolder, tables: dict[str, str]) -> CountedCrossings | None:
        if self._job.kind != "trial":
            return None
        sizes = folder.result().crossing_sizes
        return CountedCrossings(tables=tables, sizes=sizes) if sizes else None

    def _seconds(self) -> float:
        """Return the wall-clock seconds that the job may take, within its project's quota."""
        job = self._job
        if not job.is_charged:
            return self._settings.job_seconds
        workspace = self._workspaces.find_one(job.project_id or "")
        if workspace is None or workspace.state == "new":
            raise Waiting("l'espace de calcul du projet n'est pas encore ouvert")
        if workspace.state == "closed" and not (job.contract and workspace.delivered):
            self._jobs.change(job.id, lambda job: job.cancel(workspace.reason))
            raise Interrupted
        remaining_seconds = workspace.remaining_seconds
        if job.is_protected:
            # It was charged for when it began first.
            remaining_seconds += PROTECTED_SECONDS
        if remaining_seconds <= 0:
            quota = duration(workspace.quota_seconds)
            raise Rejected(f"le quota de calcul du projet ({quota}) est épuisé : {_ASKS_MORE}")
        return min(self._settings.job_seconds, remaining_seconds)

    def _expected_rows(self, job: Job) -> dict[str, int]:
        catalog = self._platform.catalog
        return expected_rows(catalog, job.treatment, job.owner_id) if job.treatment else {}

    def _compute(self, place: RunPlace, run: Run) -> None:
        limits = read_run_file(run.folder, LIMITS, Limits)
        if limits is None:
            raise Waiting("le dossier de ce traitement n'est pas lisible")
        watcher = Watcher(partial(self._submit, place), partial(self._follow, place), self._note)
        try:
            if place.outlives_service:
                outcome = ShardedRun(run, limits, self._settings, watcher).outcome()
            else:
                outcome = watcher.outcome(run, limits, self._note)
        except NoOutcome as error:
            if error.is_failure and not place.outlives_service:
                raise GivenUp(_FAULT) from error
            self._leave(place, is_failure=error.is_failure, fault=error.fault)
            raise
        if place.outlives_service:
            # From here on this process does the work: what ends it may be the job.
            self._jobs.change(self._job.id, lambda job: job.note_outcome(self._job.run))
        reason = "" if outcome.ok else self._explain(outcome, limits.seconds)
        self._close_log(outcome, reason)
        if outcome.ok:
            return
        raise Interrupted if self._heartbeat.should_stop() else Rejected(reason)

    def _follow(self, place: RunPlace, run: Run, note: Callable[[Progress], None]) -> Outcome:
        """Return how a run ended that was submitted; its seconds are the job's."""
        followed, seconds = FollowedRun(place, run, note), self.seconds
        try:
            outcome = followed.outcome(
                partial(self._is_unwanted, place), partial(self._start, place)
            )
        finally:
            self.seconds = seconds + followed.seconds
        self.seconds = seconds + outcome.seconds
        return outcome

    def _submit(self, place: RunPlace, run: Run, limits: Limits) -> None:
        job = self._job
        submission = Submission(run, limits.seconds, limits.memory_bytes, owner_id=job.owner_id)
        if place.outlives_service:
            self.is_on_cluster = self._heartbeat.is_patient = True
            self._job = self._jobs.change(job.id, lambda job: job.submit_to_cluster(self._job.run))
        try:
            place.submit(submission)
        except Rejected as error:
            # A setting of the lab's is at fault, and no member's job.
            log.exception("the cluster refuses a job", extra={"job": job.id})
            raise GivenUp("la grappe de calcul refuse ce traitement") from error

    def _is_unwanted(self, place: RunPlace) -> bool:
        """Whether the run is to be cancelled; Interrupted where it is not waited for any more."""
        if self._heartbeat.should_stop() and place.outlives_service:
            # It goes on with the next process, or is swept if its job ended.
            raise Interrupted
        return self._heartbeat.should_stop()

    def _start(self, place: RunPlace) -> None:
        """Record that a node of the cluster began, unless that was seen before."""
        if place.outlives_service and not (self._job.is_on_node or self._protected):
            self._begin()

    def _leave(self, place: RunPlace, *, is_failure: bool, fault: str = "") -> None:
        """Let the next run be another one, as this one's result counts for nothing.

        After too many failures an operator reads the `fault`.
        """
        if not place.outlives_service:
            return
        run, self.is_on_cluster = self._job.run, False
        self._job = self._jobs.change(
            self._job.id, lambda job: job.leave_cluster(run, is_failure=is_failure)
        )
        if self._job.node_failures >= MAX_NODE_FAILURES:
            raise GivenUp(fault)

    def _close_log(self, outcome: Outcome, reason: str) -> None:
        """Write to the log how the job ended; `reason` is why it failed."""
        seconds = f"{outcome.seconds:.2f}".replace(".", ",")
        how = "interrompu" if self._heartbeat.should_stop() else "échec"
        end = dated(f"{how} : {reason}" if reason else f"terminé en {seconds} s")
        is_cut = bool(outcome.log_tail) and not outcome.log_tail.endswith("\n")
        self._heartbeat.log_tail = outcome.log_tail + "\n" * is_cut + end
        self._heartbeat.log_lines = outcome.log_lines + is_cut + 1

    def _explain(self, outcome: Outcome, seconds: float) -> str:
        if outcome.seconds >= seconds < self._settings.job_seconds:
            return f"{outcome.reason} ; le quota de calcul du projet est épuisé : {_ASKS_MORE}"
        return outcome.reason

    def _note(self, news: Progress) -> None:
        self._heartbeat.progress, self._heartbeat.message = news.progress, news.message
        self._heartbeat.log_tail, self._heartbeat.log_lines = news.log_tail, news.log_lines

    def _finish(self, ending: Ending) -> None:
        while True:
            try:
                if self.seconds and not self._protected:
                    self._charge(self._job.seconds + self.seconds)
                job = self._jobs.change(self._job.id, partial(self._end, ending))
            except TakenOver:
                log.warning("a job was taken over", extra={"job": self._job.id})
                return
            except Unavailable as error:
                log.warning("a job's end could not be saved", extra={"error": str(error)})
                if self._heartbeat.stop == "released":
                    return
                time.sleep(_AGAIN_SECONDS)
            else:
                self._measure(job)
                return

    def _end(self, ending: Ending, job: Job) -> None:
        self._heartbeat.report(job)
        ending(job)

    def _charge(self, seconds: float) -> None:
        """Charge the project for the seconds of all the job's runs."""
        # Before the end is saved: a crash in between runs the job again, and charges it anew.
        if self._job.is_charged:
            self._workspaces.change(
                self._job.project_id or "",
                lambda workspace: workspace.charge(self._job.id, seconds),
            )

    def _measure(self, job: Job) -> None:
        log.info("a job's run ended", extra={"job": job.id, "state": job.state})
        if not (job.is_active or job.is_protected):
            labels = (self._platform.service, job.kind, job.state)
            metrics.job_seconds.labels(*labels).observe(job.seconds)
