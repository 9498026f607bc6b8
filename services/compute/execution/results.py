"""Takes out of a job's folder what it made, and writes the manifest."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from services.compute.execution.inputs import paced
from services.compute.execution.job_folder import JobFolder
from services.compute.jobs.model import Job
from shared.aggregate import now
from shared.events import FileRef
from shared.storage import CHUNK, Storage
from shared.tables.manifest import Input, Manifest, Output
from shared.tables.privacy import Privacy


class Kept(NamedTuple):
    """What a job leaves: its manifest's reference, its outputs, and the verdict on its table."""

    result: FileRef
    outputs: tuple[Output, ...]
    privacy: Privacy | None


def keep(job: Job, inputs: list[Input], began: datetime, folder: JobFolder, files: Storage) -> Kept:
    """Store a job's outputs and its manifest.

    Raises Rejected when the sandbox left something else than its result.
    """
    result = folder.result()
    privacy = result.privacy
    outputs = tuple(
        Output(
            name=made.name,
            file=files.put(paced(_chunks(folder.made_path(made))), made.media_type),
        )
        for made in result.outputs
    )
    manifest = Manifest(
        job_id=job.id,
        kind=job.kind,
        project_id=job.project_id,
        inputs=tuple(inputs),
        steps=job.treatment.steps if job.treatment else (),
        outputs=outputs,
        reports=result.reports,
        software=result.software,
        started=began,
        ended=now(),
    )
    stored = files.put([manifest.model_dump_json().encode()], "application/json")
    return Kept(stored, outputs, privacy)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
