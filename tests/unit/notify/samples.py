"""One example of every event, and envelopes around them."""

from datetime import UTC, datetime

from shared.aggregate import now
from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessReminded,
    AccessRequested,
    AccessRevoked,
    DataAccessOpened,
    DatasetDescribed,
    DatasetHarvested,
    DatasetHeld,
    DatasetPublished,
    DatasetRegistered,
    DatasetRejected,
    DatasetRetired,
    DatasetsMatched,
    DeliveryAbandoned,
    EndpointDisabled,
    Envelope,
    Event,
    FileRef,
    HarvestCancelled,
    HarvestCompleted,
    HarvestFailed,
    HarvestPageFetched,
    InputsChecked,
    JobCancelled,
    JobFailed,
    JobQueued,
    JobStarted,
    JobSucceeded,
    Joined,
    JoinsDiscovered,
    Match,
    MemberJoined,
    Obstacle,
    ProjectAdvised,
    ProjectDelivered,
    ProjectEquipped,
    ProjectPiloted,
    ProjectRejected,
    ProjectSecured,
    ProjectStaffed,
    ProjectSubmitted,
    ProjectTrialled,
    ProjectWithdrawn,
    Step,
    Treatment,
    TreatmentChecked,
    TreatmentProposed,
    WorkspaceOpened,
)

PROJECT, HOLDER, DATASET, OWNER, JOB = "prj_1", "mem_holder", "dts_1", "mem_owner", "job_1"
FILE = FileRef(sha256="0" * 64, size=1)
TREATMENT = Treatment(inputs={"t": DATASET}, steps=(Step(application="a", inputs={}, output="o"),))
TIME = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

EVENTS: tuple[Event, ...] = (
    MemberJoined(member_id=HOLDER, name="Ville", kind="authority", skills=(), territory=()),
    ProjectSubmitted(
        project_id=PROJECT,
        holder_id=HOLDER,
        title="Vacance",
        problem="?",
        theme="habitat",
        territory=("76",),
    ),
    TreatmentProposed(project_id=PROJECT, holder_id=HOLDER, proposal=2, treatment=TREATMENT),
    TreatmentChecked(project_id=PROJECT, proposal=2, fault="le paramètre « counts » est vide"),
    InputsChecked(
        project_id=PROJECT,
        proposal=2,
        obstacles=(Obstacle(dataset_id=DATASET, reason="Ce jeu est inconnu du catalogue."),),
    ),
    ProjectAdvised(
        project_id=PROJECT, holder_id=HOLDER, datasets=2, applications=1, experts=0, pilot_sites=1
    ),
    ProjectSecured(
        project_id=PROJECT,
        holder_id=HOLDER,
        dataset_ids=(DATASET,),
        decided_by="r",
        reason="licite",
    ),
    ProjectRejected(
        project_id=PROJECT, holder_id=HOLDER, decided_by="r", reason="données personnelles"
    ),
    ProjectWithdrawn(project_id=PROJECT, holder_id=HOLDER, decided_by=HOLDER, reason="abandon"),
    ProjectEquipped(project_id=PROJECT, holder_id=HOLDER, treatment=TREATMENT),
    ProjectTrialled(project_id=PROJECT, holder_id=HOLDER, job_id=JOB, result=FILE),
    ProjectPiloted(project_id=PROJECT, holder_id=HOLDER, site_id="mem_site"),
    ProjectStaffed(project_id=PROJECT, holder_id=HOLDER, team=("mem_a", "mem_b")),
    ProjectDelivered(
        project_id=PROJECT,
        holder_id=HOLDER,
        job_id=JOB,
        title="Atlas",
        description="",
        theme="habitat",
        territory=(),
        licence="LO",
        result=FILE,
    ),
    DatasetRegistered(
        dataset_id=DATASET, owner_id=OWNER, title="Communes", version=1, file=FILE, filename="c.csv"
    ),
    DatasetPublished(
        dataset_id=DATASET, owner_id=OWNER, title="Communes", version=1, rows=1, keys=()
    ),
    DatasetHeld(
        dataset_id=DATASET,
        owner_id=OWNER,
        title="Agents",
        version=1,
        rows=2,
        columns=("nom",),
        kinds=("surname",),
    ),
    DatasetRejected(dataset_id=DATASET, owner_id=OWNER, version=1, reason="illisible"),
    HarvestPageFetched(
        harvest_id="hrv_1",
        source_id="src_1",
        owner_id=OWNER,
        page=2,
        catalogue="dcat",
        url="https://portail.example/catalogue",
        file=FILE,
    ),
    HarvestCompleted(
        harvest_id="hrv_1",
        source_id="src_1",
        owner_id=OWNER,
        title="Portail",
        new=1,
        changed=0,
        unchanged=2,
        refused=0,
        retired=0,
        report="3 jeux de données lus : 2 inchangés, 1 nouveau.",
    ),
    HarvestCancelled(harvest_id="hrv_1", source_id="src_1", owner_id=OWNER, title="Portail"),
    HarvestFailed(
        harvest_id="hrv_1",
        source_id="src_1",
        owner_id=OWNER,
        title="Portail",
        reason="la page 2 ne répond pas",
    ),
    DatasetHarvested(
        dataset_id=DATASET,
        owner_id=OWNER,
        title="Communes",
        source_id="src_1",
        harvest_id="hrv_1",
        change="new",
    ),
    DatasetDescribed(
        dataset_id=DATASET, owner_id=OWNER, title="Communes", changed=("title", "keywords")
    ),
    DatasetRetired(
        dataset_id=DATASET,
        owner_id=OWNER,
        title="Communes",
        source_id="src_1",
        reason="absent de la source",
    ),
    JoinsDiscovered(
        dataset_id=DATASET,
        owner_id=OWNER,
        member_ids=("mem_other",),
        published_id=DATASET,
        title="Communes",
        joins=(
            Joined(
                dataset_id="dts_2",
                title="EPCI",
                owner_id="mem_other",
                key="commune",
                columns_here=("code",),
                columns_there=("com",),
                matches=2,
                containment=1.0,
                contained=0.5,
                multiplication="one_to_many",
            ),
        ),
    ),
    DatasetsMatched(
        project_id=PROJECT,
        matches=(Match(dataset_id=DATASET, title="Communes", score=1, reasons=()),),
    ),
    AccessRequested(project_id=PROJECT, dataset_id=DATASET, owner_id=OWNER, holder_id=HOLDER),
    AccessGranted(project_id=PROJECT, dataset_id=DATASET, owner_id=OWNER, decided_by=OWNER),
    AccessRefused(
        project_id=PROJECT,
        dataset_id=DATASET,
        owner_id=OWNER,
        decided_by=OWNER,
        reason="confidentiel",
    ),
    AccessReminded(
        project_id=PROJECT, dataset_id=DATASET, owner_id=OWNER, member_ids=("mem_source",)
    ),
    AccessExpired(project_id=PROJECT, dataset_id=DATASET, owner_id=OWNER, reason="sans réponse"),
    AccessRevoked(project_id=PROJECT, dataset_id=DATASET, owner_id=OWNER, reason="étude finie"),
    DataAccessOpened(project_id=PROJECT, dataset_ids=(DATASET, "dts_2")),
    WorkspaceOpened(project_id=PROJECT, quota_seconds=60),
    JobQueued(job_id=JOB, kind="trial", project_id=PROJECT),
    JobStarted(job_id=JOB, kind="full", project_id=PROJECT, attempt=1),
    JobSucceeded(job_id=JOB, kind="ingest", dataset_id=DATASET, result=FILE, seconds=1.25),
    JobFailed(job_id=JOB, kind="trial", project_id=PROJECT, reason="trop de mémoire"),
    JobCancelled(job_id=JOB, kind="full", project_id=PROJECT, reason="projet retiré"),
    EndpointDisabled(endpoint_id="end_1", member_id=HOLDER, reason="410"),
    DeliveryAbandoned(
        delivery_id="dlv_1", endpoint_id="end_1", event_id="e", attempts=4, last_error="refus"
    ),
)


def example(cls: type[Event]) -> Event:
    """The example of that event."""
    return next(event for event in EVENTS if type(event) is cls)


def envelope(
    event: Event, *, subject: str = PROJECT, sequence: int = 1, time: datetime | None = None
) -> Envelope[Event]:
    """An envelope as the relay sends it."""
    return Envelope[Event](
        id=f"{event.topic}-{subject}-{sequence}-0",
        source=event.source,
        type=event.topic,
        subject=subject,
        time=time or now(),
        sequence=sequence,
        correlationid=getattr(event, "project_id", None) or subject,
        data=event,
    )
