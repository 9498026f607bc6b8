"""Repeats a job as it was, and compares what comes of it with what the job had made.

Nothing of it is stored or shown: what is left is the comparison.
"""

import logging
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from services.compute import metrics
from services.compute.execution.executors.contract import Run
from services.compute.execution.job_folder import JobFolder, pieces
from services.compute.execution.job_run import Ending, JobRun
from services.compute.execution.staging import FoundInput, Inputs, Interrupted, paced, tables_of
from services.compute.jobs.comparison import Comparison, Difference, Replayed, compared
from services.compute.jobs.model import Job
from services.compute.jobs.staleness import versions_of
from shared.aggregate import now
from shared.engine.sandbox.disk_space import check_disk_space
from shared.engine.sandbox.engine_version import engine_version
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.run_files import LIMITS, write_run_file
from shared.engine.tables.manifest import Input, Manifest
from shared.errors import Forbidden, Rejected, WrongStage

log = logging.getLogger(__name__)

_UNFINISHED = "le traitement ne s'achève plus comme avant"


class ReplayRun(JobRun):
    """One run of a replay: the work of the job that it names, without its quota and cache."""

    def _work(self) -> Ending:
        if self._heartbeat.should_stop():
            raise Interrupted
        original = self._jobs.get(self._job.replays)
        original.check_replayable()
        if original.result is None:
            raise Rejected("ce traitement n'a plus de manifeste")
        recorded = Manifest.model_validate_json(self._platform.files.read(original.result))
        try:
            return self._concluding(self._replay(original, recorded))
        except Rejected as error:
            # Why may quote the data, and who asks need not be who wrote the treatment.
            log.warning("a replay failed", extra={"job": self._job.id, "replays": original.id})
            raise Rejected(_UNFINISHED) from error

    def _replay(self, original: Job, recorded: Manifest) -> Comparison:
        limits = Limits(seconds=self._seconds(), memory_bytes=self._settings.job_memory_bytes)
        place, run_id = self._platform.local, self._job.run
        with place.folder(run_id) as folder:
            check_disk_space(folder.path)
            catalog, files = self._platform.catalog, self._platform.files
            spares, should_stop = self._platform.spares, self._heartbeat.should_stop
            reader = Inputs(catalog, files, spares, limits, should_stop)
            found_inputs, differences = _opened(original, recorded, reader)
            named_inputs = [named for named, _ in found_inputs]
            if any(named.is_protected for named in named_inputs):
                self._protected = named_inputs, now()
            differences += self._missing_key(original, folder)
            if differences:
                return Comparison(verdict="not_run", differences=tuple(differences))
            inputs, work = self._gather(original, reader, found_inputs, folder)
            folder.describe(work.model_copy(update={"drawn_at": recorded.ended}))
            write_run_file(folder.path, LIMITS, limits)
            self._read = versions_of(named_inputs, tables_of(found_inputs))
            self._begin()
            self._compute(place, Run(run_id, folder.path))
            replayed = _replayed(original, inputs, folder)
        hashes = {output.name: output.file.sha256 for output in original.outputs}
        return compared(recorded, hashes, replayed)

    def _missing_key(self, original: Job, folder: JobFolder) -> list[Difference]:
        """Hand over the key of pseudonyms; what is missing where it went with its project."""
        try:
            self._hand_key(original, folder)
        except WrongStage:
            return [Difference(cause="grant", name="pseudonymes")]
        return []

    def _concluding(self, comparison: Comparison) -> Ending:
        if self._protected or self._job.is_protected:
            comparison = comparison.without_differences
        return partial(Job.conclude, run=self._job.run, seconds=self.seconds, comparison=comparison)

    def _held_failure(self, inputs: list[Input], began: datetime, reason: str) -> Ending:  # noqa: ARG002
        """Return the ending of one that failed on others' restricted data: it is not identical."""
        return self._concluding(Comparison(verdict="different"))

    def _note(self, news: Progress) -> None:
        """Tell how far it is, and nothing that the log quotes."""
        if not self._protected:
            self._heartbeat.progress = news.progress

    def _close_log(self, outcome: Outcome, reason: str) -> None:
        """Keep no log."""

    def _measure(self, job: Job) -> None:
        super()._measure(job)
        if not job.is_active:
            outcome = job.comparison.outcome if job.comparison else job.state
            metrics.replays.labels(self._platform.service, outcome).inc()
            about = {"job": job.id, "replays": job.replays, "outcome": outcome}
            log.info("a replay ended", extra=about)


def _opened(
    original: Job, recorded: Manifest, reader: Inputs
) -> tuple[list[FoundInput], list[Difference]]:
    """Return what the job read, as it may be read now, and why that is not the same."""
    versions = {read_input.name: read_input.version for read_input in recorded.inputs}
    tables = {read.name: read.table for read in original.read}
    found_inputs, differences = list[FoundInput](), list[Difference]()
    for name in original.reads:
        try:
            named, file = reader.open(name, original, versions[name])
        except Rejected as error:
            cause = "grant" if isinstance(error.__cause__, Forbidden) else "source"
            differences.append(Difference.model_validate({"cause": cause, "name": name}))
            continue
        found_inputs.append((named, file))
        before = tables.get(name) or file.sha256
        if (named.version, file.sha256) != (versions[name], before):
            differences.append(Difference(cause="source", name=name))
    return found_inputs, differences


def _replayed(original: Job, inputs: list[Input], folder: JobFolder) -> Replayed:
    """Return what was left in the folder, of a result that left with cells masked that one."""
    result = folder.result()
    is_masked = original.decision is not None and original.decision.decision == "mask"
    masked = result.masked.outputs if result.masked else ()
    return Replayed(
        inputs=tuple(inputs),
        software=result.software,
        engine=engine_version(),
        hashes={
            output.name: _hash(folder.left_path(output.path))
            for output in (masked if is_masked else result.outputs)
            if not output.is_internal
        },
    )


def _hash(path: Path) -> str:
    digest = sha256()
    for piece in paced(pieces(path)):
        digest.update(piece)
    return digest.hexdigest()
