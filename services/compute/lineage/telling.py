"""Decides which jobs a server of lineage is told of, and when; and tells it."""

from contextlib import suppress
from typing import TypeAlias

from services.compute.jobs.model import Job
from services.compute.lineage.run_events import EndType, run_events
from services.compute.lineage.sending import LineageServer
from shared.engine.tables.manifest import Manifest
from shared.errors import NotFound
from shared.events import Envelope, JobCancelled, JobFailed, JobSucceeded
from shared.storage import Storage
from shared.store import Store

JobEnd: TypeAlias = JobCancelled | JobFailed | JobSucceeded

_KINDS = ("full", "trial", "ingest")


def tell_end(
    store: Store, files: Storage, server: LineageServer, envelope: Envelope[JobEnd]
) -> None:
    """Tell of a job that ended; raises as `LineageServer.send`.

    Of one with others' restricted data nothing is told unless it succeeded, which is said once its
    result was released; nor of a result that was taken away since.
    """
    event = envelope.data
    job = store.of(Job).find_one(event.job_id)
    if job is None or job.kind not in _KINDS:
        return
    if isinstance(event, JobSucceeded):
        with suppress(NotFound):
            manifest = Manifest.model_validate_json(files.read(event.result))
            server.send(run_events(job, _end_of(job, event), manifest))
    elif not job.is_protected:
        server.send(run_events(job, _end_of(job, event), None))


def _end_of(job: Job, event: JobEnd) -> EndType:
    if isinstance(event, JobCancelled):
        return "ABORT"
    has_failed = isinstance(event, JobFailed) or (job.release is not None and job.release.failure)
    return "FAIL" if has_failed else "COMPLETE"
