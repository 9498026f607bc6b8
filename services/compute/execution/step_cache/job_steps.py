"""What one run takes over from earlier jobs of its project, and what it leaves for later ones."""

import logging
from collections.abc import Mapping, Sequence

from services.compute.execution.job_folder import JobFolder
from services.compute.execution.staging import FoundInput
from services.compute.execution.step_cache.cache import StepCache
from services.compute.execution.step_cache.keys import keys_of
from services.compute.jobs.model import Job
from shared.engine.contract.work import Keeping, Work
from shared.errors import Rejected, Unavailable
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store

log = logging.getLogger(__name__)

_MOST_BYTES = 500_000_000
"""Of all tables of one job: the rest of what it may write is its own."""


class JobSteps:
    """The steps of one run in its folder."""

    def __init__(
        self, store: Store, files: Storage, settings: Settings, job: Job, folder: JobFolder
    ) -> None:
        self._cache, self._settings = StepCache(store, files), settings
        self._job, self._folder = job, folder
        self._keys: Mapping[str, str] = {}

    def bring(self, work: Work, found_inputs: Sequence[FoundInput], seconds: float) -> Work:
        """Return the work of a run of `seconds` at most, with its replaced and its kept steps."""
        if not self._settings.step_cache_bytes:
            return work
        content = ((named, file.sha256) for named, file in found_inputs)
        self._keys = keys_of(work, self._job.project_id or "", content)
        cached = self._cache.bring(work.steps, self._keys, self._folder)
        keeping = Keeping(
            keys={name: key for name, key in self._keys.items() if name not in cached},
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
                self._cache.keep(self._job, left, self._keys, self._folder, most_bytes)
        except (Rejected, Unavailable, OSError) as error:
            about = {"job": self._job.id, "error": str(error)}
            log.warning("steps of a job are not kept", extra=about)
