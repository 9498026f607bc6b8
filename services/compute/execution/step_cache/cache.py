"""The kept steps of projects: brought into jobs, taken out of them, and erased after their time."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from services.compute.execution.job_folder import JobFolder, pieces
from services.compute.execution.staging import FoundInput, paced
from services.compute.execution.step_cache.keys import keys_of
from services.compute.execution.step_cache.model import Chosen, KeptStep, beyond, choose
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import now
from shared.background import Loop
from shared.endings.orphans import note_written
from shared.engine.contract.result import LeftStep
from shared.engine.contract.work import CachedStep, Keeping, Work
from shared.engine.tables.manifest import PARQUET
from shared.errors import LabError, NotFound, Rejected, Unavailable
from shared.events.event import FileRef, Step
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store

log = logging.getLogger(__name__)

_MOST_BYTES = 500_000_000
"""Of all tables of one job: the rest of what it may write is its own."""

_LOOK_SECONDS = 60.0
_AT_ONCE = 100
_DAMAGED = "a kept step is not as it was written"


class StepCache:
    """What was kept of steps. Nobody waits for it: what is not there, or damaged, is done anew."""

    def __init__(self, store: Store, files: Storage) -> None:
        self._store, self._files = store, files
        self._kept = store.of(KeptStep)

    def bring(
        self, steps: Sequence[Step], keys: Mapping[str, str], folder: JobFolder
    ) -> dict[str, CachedStep]:
        """Copy what replaces steps into a job's folder; returns it by the steps' output.

        Files are read as they were hashed when they were written, or the step is forgotten.
        """
        kept_steps = {kept_step.id: kept_step for kept_step in self._kept.of_ids(keys.values())}
        kept = {output: kept_steps[key] for output, key in keys.items() if key in kept_steps}
        while kept:
            chosen = choose(steps, kept)
            if not chosen.tables:
                break
            outputs = sorted(chosen.steps)
            damaged = [
                output for output in outputs if not self._fetch(output, kept, chosen, folder)
            ]
            if not damaged:
                return {output: _told(output, kept[output], chosen) for output in outputs}
            for output in damaged:
                log.warning(_DAMAGED, extra={"job": kept[output].job_id, "step": kept[output].id})
                self._drop(kept.pop(output))
        return {}

    def _fetch(
        self, output: str, kept: Mapping[str, KeptStep], chosen: Chosen, folder: JobFolder
    ) -> bool:
        kept_step, cached_step = kept[output], _told(output, kept[output], chosen)
        is_whole = self._copy(kept_step.facts, folder, cached_step.facts)
        return is_whole and (
            not cached_step.table
            or (
                kept_step.table is not None
                and self._copy(kept_step.table, folder, cached_step.table)
            )
        )

    def _copy(self, file: FileRef, folder: JobFolder, name: str) -> bool:
        """Copy a file into the folder; returns whether it is there with its stored hash."""
        hashed = hashlib.sha256()
        try:
            with (folder.path / name).open("wb") as out:
                for chunk in paced(self._files.chunks(file)):
                    hashed.update(chunk)
                    out.write(chunk)
        except NotFound:
            return False
        return hashed.hexdigest() == file.sha256

    def keep(
        self,
        job: Job,
        left: Sequence[LeftStep],
        keys: Mapping[str, str],
        folder: JobFolder,
        most_bytes: int,
    ) -> None:
        """Keep the steps that a job left, and of its project what fits into `most_bytes`.

        Raises Rejected when the sandbox left something else than files.
        """
        for left_step in left:
            if key := keys.get(left_step.output):
                self._add(job, left_step, key, folder)
        project = list(self._kept.every({"project_id": job.project_id}))
        for kept_step in beyond(project, most_bytes):
            self._drop(kept_step)
        if not self._may_keep(job):
            self.drop({"job_id": job.id})

    def _add(self, job: Job, left_step: LeftStep, key: str, folder: JobFolder) -> None:
        earlier = self._kept.find_one(key)
        if earlier and (earlier.table or not left_step.table):
            return
        if earlier:
            self._drop(earlier)
        self._kept.add(
            KeptStep(
                id=key,
                project_id=job.project_id or "",
                owner_id=job.owner_id,
                job_id=job.id,
                dataset_ids=tuple(sorted(set(job.reads.values()))),
                kept_at=now(),
                facts=self._put(folder, left_step.facts, "application/json"),
                table=self._put(folder, left_step.table, PARQUET) if left_step.table else None,
                needs_source=left_step.needs_source,
            )
        )

    def _put(self, folder: JobFolder, name: str, media_type: str) -> FileRef:
        return self._files.put(paced(pieces(folder.left_path(name))), media_type)

    def _may_keep(self, job: Job) -> bool:
        """Whether nothing that deletes kept steps ended meanwhile: it may not have seen these."""
        workspace = self._store.of(Workspace).find_one(job.project_id or "")
        present = self._store.of(Job).find_one(job.id)
        if workspace is None or workspace.state == "closed" or workspace.is_erased:
            return False
        if present is None or present.forgotten:
            return False
        return not any(map(workspace.revoked, job.reads.values()))

    def drop(self, where: Mapping[str, Any]) -> None:
        """Forget and erase the kept steps that match `where`."""
        for kept_step in list(self._kept.every(where)):
            self._drop(kept_step)

    def drop_of_dataset(self, dataset_id: str, project_id: str = "") -> None:
        """Forget and erase kept steps of jobs that read a dataset, or of one project only."""
        of_project = {"project_id": project_id} if project_id else {}
        self.drop({"dataset_ids": {"$in": [dataset_id]}, **of_project})

    def drop_before(self, age: timedelta) -> None:
        """Forget and erase steps that were kept longer ago than `age`."""
        before = now() - age
        for kept_step in self._kept.find(sort="kept_at", limit=_AT_ONCE):
            if kept_step.kept_at < before:
                self._drop(kept_step)

    def _drop(self, kept_step: KeptStep) -> None:
        # Noted before it is forgotten: what a crash leaves is swept with other orphans. Its key is
        # in its files, so none but the same step's has the same bytes: they are erased at once.
        for file in kept_step.files:
            note_written(self._store, file)
        self._kept.remove(kept_step)
        for file in kept_step.files:
            with suppress(LabError):
                self._files.erase(file, timedelta())


def _told(output: str, kept_step: KeptStep, chosen: Chosen) -> CachedStep:
    return CachedStep(
        job_id=kept_step.job_id,
        day=kept_step.kept_at.date().isoformat(),
        facts=f"in/{kept_step.id}.json",
        table=f"in/{kept_step.id}.parquet" if output in chosen.tables else "",
    )


class JobSteps:
    """The steps of one run in its folder; `keys` are those that it may keep, by output."""

    def __init__(
        self,
        store: Store,
        files: Storage,
        settings: Settings,
        job: Job,
        folder: JobFolder,
        *,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self._cache, self._settings = StepCache(store, files), settings
        self._job, self._folder, self.keys = job, folder, keys or {}

    def bring(self, work: Work, found_inputs: Sequence[FoundInput], seconds: float) -> Work:
        """Return the work of a run of `seconds` at most, with its replaced and its kept steps."""
        if not self._settings.step_cache_bytes:
            return work
        content = ((named, file.sha256) for named, file in found_inputs)
        self.keys = keys_of(work, self._job.project_id or "", content)
        cached = self._cache.bring(work.steps, self.keys, self._folder)
        keeping = Keeping(
            keys={name: key for name, key in self.keys.items() if name not in cached},
            from_seconds=self._settings.step_cache_seconds,
            within_seconds=seconds / 2,
            most_bytes=min(self._settings.step_cache_bytes, _MOST_BYTES),
        )
        return work.model_copy(update={"cached": cached, "keeping": keeping})

    def keep(self) -> None:
        """Keep the run's steps; a failure here is no fault of the job."""
        left, most_bytes = self._folder.result().steps, self._settings.step_cache_bytes
        try:
            if left:
                self._cache.keep(self._job, left, self.keys, self._folder, most_bytes)
        except (Rejected, Unavailable, OSError) as error:
            about = {"job": self._job.id, "error": str(error)}
            log.warning("steps of a job are not kept", extra=about)


class StepExpiry(Loop):
    """Erases what was kept of steps longer than `days` ago; for ever when that is 0."""

    def __init__(self, cache: StepCache, days: float) -> None:
        super().__init__(_LOOK_SECONDS, self.look)
        self._cache, self._days = cache, days

    def look(self) -> None:
        """Erase what is old enough."""
        if self._days:
            self._cache.drop_before(timedelta(days=self._days))
