"""Keeps the lease of a job that runs, and shows how far it is."""

import logging
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Literal, Self

from services.compute.jobs.model import Job
from shared.aggregate import now
from shared.errors import Rejected, Unavailable
from shared.store import Repository

log = logging.getLogger(__name__)

Stop = Literal["", "cancelled", "lost", "released"]
_BEAT_SECONDS = 1.0


class Heartbeat:
    """Keeps the lease of one run and shows how far it is, in a thread of its own.

    `stop` says why the run shall stop: a cancellation, its job in another process's hands
    (`lost`), or the stop of this service (`released`). A server that does not answer stops
    nothing: whoever takes the job over meanwhile is recognised at the end.
    """

    def __init__(self, jobs: Repository[Job], job: Job, lease: timedelta) -> None:
        self._jobs, self._job_id, self._run, self._lease = jobs, job.id, job.run, lease
        self._done = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat of {job.id}", daemon=True)
        self.stop: Stop = "cancelled" if job.cancel_requested else ""
        self.is_patient = False
        """Whether the run takes long, elsewhere: its lease is renewed in time, and no more."""
        self.progress, self.message, self.log_tail, self.log_lines = 0.0, "", "", 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def should_stop(self) -> bool:
        """Whether the run shall stop."""
        return self.stop != ""

    def release(self) -> None:
        """Ask the run to give its job back."""
        self.stop = self.stop or "released"

    def report(self, job: Job) -> None:
        """Renew the lease of `job` and store its progress."""
        until = now() + self._lease
        progress = self.progress, self.message, self.log_tail
        job.report(self._run, until, *progress, log_lines=self.log_lines)

    @property
    def _pause_seconds(self) -> float:
        longest = self._lease.total_seconds() / 3
        return longest if self.is_patient else min(_BEAT_SECONDS, longest)

    def _beat(self) -> None:
        while self.stop != "lost" and not self._done.wait(self._pause_seconds):
            try:
                job = self._jobs.change(self._job_id, self.report)
            except Rejected:
                self.stop = "lost"
            except Unavailable as error:
                log.warning("a lease could not be renewed", extra={"error": str(error)})
            else:
                self.stop = self.stop or ("cancelled" if job.cancel_requested else "")
