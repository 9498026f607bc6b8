"""Jobs are made once for what asks for them."""

from datetime import UTC, datetime

from services.compute.jobs.commands import ingest_job, treatment_job
from services.compute.jobs.workspace import Workspace
from shared.events import DatasetRegistered, Envelope, FileRef, JobFailed, Step, Treatment
from tests.events import enveloped, topics

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def registered() -> Envelope[DatasetRegistered]:
    """The event that a file waits to be read."""
    event = DatasetRegistered(
        dataset_id="dts_1",
        owner_id="mbr_1",
        title="Communes",
        version=3,
        file=FileRef(sha256="b" * 64, size=10),
        filename="communes.csv",
    )
    return enveloped(event, "dts_1", sequence=3, time=NOW)


def test_same_cause_makes_the_same_job() -> None:
    """A redelivered event asks for the job that is there already."""
    assert ingest_job(registered()).id == ingest_job(registered()).id


def test_job_of_a_treatment_that_cannot_run_has_failed_already() -> None:
    """Nothing is started to find out what is known before; the reason names the field."""
    step = Step(application="aggregate", inputs={"table": "homes"}, parameters={}, output="sum")
    treatment = Treatment(inputs={"homes": "dts_1"}, steps=(step,))
    job = treatment_job("job_1", "trial", Workspace(id="prj_1", holder_id="mbr_1"), treatment, "")
    assert topics(job) == ["job_queued", "job_failed"]
    event = job.recorded()[-1]
    assert isinstance(event, JobFailed)
    assert "steps.0.parameters.by: ce champ manque" in event.reason
    assert not job.is_active
