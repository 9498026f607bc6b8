"""Makes jobs out of what asks for them; asking twice makes one job."""

from services.compute.applications import check_steps
from services.compute.jobs.model import Job
from services.compute.workspaces.model import Workspace
from shared.aggregate import caused_id, now
from shared.errors import Invalid
from shared.events import DatasetRegistered, Envelope, HarvestPageFetched, JobKind, Treatment


def ingest(envelope: Envelope[DatasetRegistered]) -> Job:
    """The job that reads a registered file as a table; its turns count for the owner."""
    dataset = envelope.data
    job = Job(
        id=caused_id("job", envelope.id, envelope.time),
        kind="ingest",
        project_id=dataset.project_id,
        dataset_id=dataset.dataset_id,
        dataset_version=dataset.version,
        owner_id=dataset.owner_id,
        lane=dataset.owner_id,
        source=dataset.file,
        filename=dataset.filename,
        repairs=dataset.accepted_repairs,
        title=dataset.title,
        traceparent=envelope.traceparent or "",
        queued_at=now(),
    )
    job.queue()
    return job


def read_page(envelope: Envelope[HarvestPageFetched]) -> Job:
    """The job that reads a page of another catalogue; its turns count for that catalogue."""
    page = envelope.data
    job = Job(
        id=caused_id("job", envelope.id, envelope.time),
        kind="harvest",
        harvest_id=page.harvest_id,
        page=page.page,
        owner_id=page.owner_id,
        lane=page.source_id,
        source=page.file,
        catalogue=page.catalogue,
        url=page.url,
        title=page.url,
        traceparent=envelope.traceparent or "",
        queued_at=now(),
    )
    job.queue()
    return job


def treat(
    identifier: str, kind: JobKind, workspace: Workspace, treatment: Treatment, traceparent: str
) -> Job:
    """The job that runs a project's treatment; it has failed already when that cannot run."""
    job = Job(
        id=identifier,
        kind=kind,
        project_id=workspace.id,
        owner_id=workspace.holder_id,
        lane=workspace.id,
        treatment=treatment,
        traceparent=traceparent,
        queued_at=now(),
    )
    job.queue()
    if fault := fault_of(treatment):
        job.refuse(f"le traitement ne peut pas être exécuté : {fault}")
    return job


def fault_of(treatment: Treatment) -> str:
    """Why a treatment can never run, in French, naming the field; empty when it can."""
    try:
        check_steps(treatment.inputs, treatment.steps)
    except Invalid as fault:
        return str(fault)
    return ""
