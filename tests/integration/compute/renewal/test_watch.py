"""What is due of delivered services is done once, whichever process looks, and after any crash."""

from datetime import timedelta

from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from services.compute.renewal.commands import Renewals
from services.compute.renewal.model import DeliveredService
from services.compute.renewal.watch import RenewalWatch
from shared.aggregate import new_id, now
from shared.events import FileRef, ProjectDelivered
from shared.settings import load_settings
from shared.store import Store
from tests.events import enveloped
from tests.integration.compute.lab import HOLDER, summing

MANIFEST = FileRef(sha256="a" * 64, size=2)
SETTINGS = load_settings(
    {
        "DATALAB_HTTP_PORT": "8003",
        "DATALAB_AMQP_URI": "amqp://lab:lab@localhost:5672/lab",
        "DATALAB_MONGODB_URI": "mongodb://localhost:27017",
        "DATALAB_STORAGE_URL": "file:///files",
        "DATALAB_TOKEN_PUBLIC_KEY": "key",
    }
)
"""Those of a lab that sets no more than it must."""


def delivered(store: Store) -> tuple[str, str]:
    """The ids of a delivered project whose service is renewed each day, and of its job."""
    workspace = Workspace(id=new_id("prj"))
    workspace.open(HOLDER, (), 3600)
    workspace.close(HOLDER, "le projet est livré", delivered=True)
    store.of(Workspace).save(workspace)
    job = Job(
        id=new_id("job"),
        kind="full",
        project_id=workspace.id,
        owner_id=HOLDER,
        lane=workspace.id,
        queued_at=now(),
        treatment=summing("dts_1"),
    )
    store.of(Job).save(job)
    succeed(store, job.id)
    event = ProjectDelivered(
        project_id=workspace.id,
        holder_id=HOLDER,
        job_id=job.id,
        title="Vacance",
        description="",
        theme="habitat",
        territory=(),
        licence="lov2",
        result=MANIFEST,
    )
    renewals(store).deliver(enveloped(event, workspace.id, 9))
    store.of(DeliveredService).change(workspace.id, lambda service: service.note_dataset("dts_r"))
    renewals(store).set_mode(workspace.id, "on_schedule", 1)
    return workspace.id, job.id


def renewals(store: Store) -> Renewals:
    """Decisions by the settings of a lab that sets none of them."""
    return Renewals(store, SETTINGS)


def watch(store: Store) -> RenewalWatch:
    """Another process that looks."""
    return RenewalWatch("compute", store, SETTINGS)


def succeed(store: Store, job_id: str) -> None:
    """Run a job to its good end."""

    def end(job: Job) -> None:
        job.take("run", now(), timedelta(seconds=15))
        job.succeed("run", 1.0, MANIFEST, ())

    store.of(Job).change(job_id, end)


def editions(store: Store, project: str) -> list[Job]:
    """The jobs of a project, oldest first."""
    return list(store.of(Job).every({"project_id": project}))


def test_what_is_due_is_queued_once(store: Store) -> None:
    """A process that dies after it named the job leaves the next to queue it."""
    project, first = delivered(store)
    tomorrow = now() + timedelta(days=1, seconds=1)
    watch(store).look()
    assert len(editions(store, project)) == 1
    # It named the job, and died.
    named = store.of(DeliveredService).change(project, lambda service: service.claim("job_2", ""))
    for _ in range(2):
        watch(store).look(tomorrow)
    assert [job.id for job in editions(store, project)] == sorted([first, "job_2"])
    assert named.next_job == "job_2"

    succeed(store, "job_2")
    for _ in range(2):
        watch(store).look()
    service = store.of(DeliveredService).get(project)
    assert (service.job_id, service.edition, service.next_job) == ("job_2", 2, "")
    assert store.of(Job).get("job_2").renews == first
    told = [event["type"] for event in service.outbox]
    assert told.count("service_renewed") == 1


def test_job_that_comes_to_nothing_leaves_the_edition_before(store: Store) -> None:
    """Its reason is kept, and a schedule tries again a day later."""
    project, first = delivered(store)
    job = renewals(store).renew(project, HOLDER)
    store.of(Job).change(job.id, lambda job: job.cancel("assez"))
    watch(store).look()
    service = store.of(DeliveredService).get(project)
    assert (service.job_id, service.failure, service.next_job) == (first, "assez", "")
    assert service.renew_at > now() + timedelta(hours=23)
    watch(store).look()
    assert len(editions(store, project)) == 2


def test_end_of_a_service_ends_what_it_renews(store: Store) -> None:
    """The job is cancelled, and makes no edition."""
    project, first = delivered(store)
    job = renewals(store).renew(project, HOLDER)
    renewals(store).retire(project, "plus utile")
    for _ in range(2):
        watch(store).look()
    service = store.of(DeliveredService).get(project)
    assert (service.job_id, service.next_job) == (first, "")
    assert store.of(Job).get(job.id).state == "cancelled"
    assert [event["type"] for event in service.outbox][-1] == "service_retired"


def test_service_that_nobody_needs_ends(store: Store) -> None:
    """It is told, then retired; nothing is queued for it any more."""
    project, _ = delivered(store)
    renewals(store).set_mode(project, "on_request", 0)
    for days in (366, 397, 800):
        watch(store).look(now() + timedelta(days=days))
    service = store.of(DeliveredService).get(project)
    assert service.state == "retired"
    told = [event["type"] for event in service.outbox]
    assert told[-2:] == ["service_review_due", "service_retired"]
    assert len(editions(store, project)) == 1
