"""The compute service: workspaces, jobs in the sandbox, and their results."""

import shlex
import sys
from functools import cache, partial
from pathlib import Path
from tempfile import gettempdir

from services.compute.endings import member_erasing, retention
from services.compute.entrypoints.quotas import Quotas
from services.compute.entrypoints.releasing import Releasing
from services.compute.entrypoints.renewing import Renewing
from services.compute.entrypoints.running import Running
from services.compute.entrypoints.treating import Treating
from services.compute.execution.executors.cluster import Cluster, ClusterUse
from services.compute.execution.executors.local import LocalExecutor
from services.compute.execution.executors.slurm import SlurmExecutor
from services.compute.execution.executors.transport import Transport
from services.compute.execution.job_run import JobRun, Platform
from services.compute.execution.replay_run import ReplayRun
from services.compute.execution.scheduler import Scheduler
from services.compute.execution.spares.spares import Spares
from services.compute.execution.step_cache.cache import StepCache, StepExpiry
from services.compute.execution.step_cache.model import KeptStep
from services.compute.jobs.commands import ingest_job, page_job, protect_job
from services.compute.jobs.job_changes import Followers
from services.compute.jobs.model import Job
from services.compute.jobs.nightly import NightlyReplays
from services.compute.jobs.queries import Queries
from services.compute.jobs.staleness import SourceEvent
from services.compute.jobs.workspace import AccessEvent, Workspace
from services.compute.lineage.sending import LineageServer
from services.compute.lineage.telling import JobEnd, tell_end
from services.compute.recipes.model import Recipe
from services.compute.renewal.model import DeliveredService
from services.compute.renewal.watch import RenewalWatch
from shared.endings.departures import Departure
from shared.endings.orphans import OrphanSweep, References, WrittenFile, named_by
from shared.endings.retention import Retained, retaining
from shared.engine.sandbox.bubblewrap import check_sandbox
from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessRequested,
    AccessRevoked,
    DatasetDeleted,
    DatasetPublished,
    DatasetRegistered,
    DatasetRetired,
    Envelope,
    ErasureRequested,
    HarvestPageFetched,
    JobCancelled,
    JobFailed,
    JobSucceeded,
    ProjectDelivered,
    ProjectEnd,
    ProjectEquipped,
    ProjectRejected,
    ProjectSecured,
    ProjectStaffed,
    ProjectSubmitted,
    ProjectWithdrawn,
    ProtectionRequested,
    RecipePublished,
    ResultsRecalled,
    ServiceAccessEnded,
    TreatmentChanged,
    TreatmentProposed,
)
from shared.indexes.computed import ComputedIndex
from shared.messaging import (
    Background,
    Config,
    Context,
    Documents,
    Files,
    RpcClient,
    on,
    ssrf_guard,
)
from shared.settings import Settings
from shared.storage import check_disk

_TRIAL_SECONDS = 2.0
"""How long the catalogue may take before own code is saved untried: somebody waits for that."""


def _slurm(settings: Settings) -> Cluster:
    prefix = tuple(shlex.split(settings.slurm_prefix))
    transport = Transport(prefix, joins_words=bool(prefix) and Path(prefix[0]).name == "ssh")
    command = shlex.split(settings.slurm_engine) or (sys.executable, "-m", "shared.engine.sandbox")
    use = ClusterUse(command, settings.slurm_account, settings.slurm_partition)
    return Cluster(SlurmExecutor(transport), Path(settings.slurm_folder), use)


def _scheduler(context: Context) -> Scheduler:
    settings = context.settings
    spares = Spares(settings.job_slots if settings.job_spare else 0, settings.job_memory_bytes)
    platform = Platform(
        service=context.service,
        store=context.store,
        files=context.files,
        settings=settings,
        catalog=context.clients["catalog"],
        spares=spares,
        local=LocalExecutor(spares),
        cluster=_slurm(settings) if settings.slurm_folder else None,
    )
    scheduler = Scheduler(platform, check_sandbox, _run_of)
    context.ready_checks["sandbox"] = lambda: scheduler.obstacle
    context.ready_checks["job folders"] = partial(
        check_disk, gettempdir(), settings.least_free_bytes, "the job folders"
    )
    return scheduler


def _run_of(platform: Platform, job: Job) -> JobRun:
    return ReplayRun(platform, job) if job.replays else JobRun(platform, job)


def _followers(context: Context) -> Followers:
    return Followers(context.service, context.store.of(Job), context.settings.http_connections // 2)


def _orphan_sweep(context: Context) -> OrphanSweep:
    store = context.store
    references = References(
        lambda hashes: Queries(store).files_in_use(hashes) | named_by(store, KeptStep, hashes),
        context.clients["catalog"].files_in_use,
    )
    age = context.settings.orphan_seconds
    return OrphanSweep(context.service, context.store, context.files, age, references)


def _step_expiry(context: Context) -> StepExpiry:
    cache = StepCache(context.store, context.files)
    return StepExpiry(cache, context.settings.step_cache_days)


@cache
def _lineage_server(url: str, token: str) -> LineageServer | None:
    """The one of this process, if the operator names any: on whatever network that is."""
    return LineageServer(url, ssrf_guard("compute", allow_private=True), token) if url else None


class Compute(Quotas, Releasing, Renewing, Running, Treating):
    """Workspaces with their quota, and the jobs that run in the sandbox."""

    name = "compute"
    documents = Documents(
        Workspace,
        Job,
        DeliveredService,
        KeptStep,
        Recipe,
        Departure,
        Retained,
        ComputedIndex,
        WrittenFile,
    )
    files = Files()
    settings = Config()
    catalog = RpcClient(
        "catalog",
        "describe_inputs",
        "files_in_use",
        "open_dataset",
        "open_for_protection",
        "preview_inputs",
        "reserve_releases",
    )
    trial_catalog = RpcClient("catalog", "open_readable", seconds=_TRIAL_SECONDS)
    intake = RpcClient("intake", "get_impediment")
    scheduler = Background(_scheduler)
    followers = Background(_followers)
    retention = Background(retaining(retention.policies))
    orphans = Background(_orphan_sweep)
    step_expiry = Background(_step_expiry)
    renewal_watch = Background(
        lambda context: RenewalWatch(context.service, context.store, context.settings)
    )
    nightly_replays = Background(
        lambda context: NightlyReplays(context.store, context.settings.nightly_replays)
    )

    @property
    def step_cache(self) -> StepCache:
        """What was kept of steps, which goes with what it was made of."""
        return StepCache(self.documents, self.files)

    @on(DatasetRegistered)
    def ingest(self, envelope: Envelope[DatasetRegistered]) -> None:
        """Queue the reading of a registered file."""
        self.commands.queue(ingest_job(envelope), envelope)
        if envelope.data.project_id:
            self.renewals.note_dataset(envelope)
        member_erasing.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(HarvestPageFetched)
    def read_page(self, envelope: Envelope[HarvestPageFetched]) -> None:
        """Queue the reading of a page of another catalogue."""
        self.commands.queue(page_job(envelope), envelope)
        member_erasing.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProtectionRequested)
    def protect(self, envelope: Envelope[ProtectionRequested]) -> None:
        """Queue the making of a dataset's protected tables."""
        self.commands.queue(protect_job(envelope), envelope)
        member_erasing.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProjectSubmitted, TreatmentProposed, TreatmentChanged)
    def check_proposal(
        self, envelope: Envelope[ProjectSubmitted | TreatmentProposed | TreatmentChanged]
    ) -> None:
        """Say whether the treatment that a project proposes can run."""
        self.commands.check_proposal(envelope)
        member_erasing.erase_late(self.documents, envelope.data)

    @on(ProjectSecured)
    def open_workspace(self, envelope: Envelope[ProjectSecured]) -> None:
        """Give a secured project its workspace and quota."""
        self.commands.open_workspace(envelope, self.settings.workspace_seconds)
        member_erasing.erase_late(self.documents, envelope.data)

    @on(ProjectEquipped)
    def try_out(self, envelope: Envelope[ProjectEquipped]) -> None:
        """Queue the trial of an equipped project; it fails at once when it cannot run."""
        self.commands.queue_trial(envelope)
        member_erasing.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProjectStaffed)
    def run_in_full(self, envelope: Envelope[ProjectStaffed]) -> None:
        """Queue the full job of a staffed project."""
        self.commands.queue_full(envelope)
        member_erasing.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProjectDelivered, ProjectRejected, ProjectWithdrawn)
    def close_workspace(self, envelope: Envelope[ProjectEnd]) -> None:
        """Close an ended project's workspace and cancel its jobs."""
        self.commands.close_workspace(envelope)
        self.renewals.deliver(envelope)
        self.step_cache.drop({"project_id": envelope.data.project_id})

    @on(AccessRequested, AccessGranted, AccessRevoked)
    def note_access(self, envelope: Envelope[AccessEvent]) -> None:
        """Note what a project may read, and cancel jobs whose data was taken away."""
        self.commands.note_access(envelope)
        self.renewals.note_access(envelope)
        if isinstance(access := envelope.data, AccessRevoked):
            self.step_cache.drop_of_dataset(access.dataset_id, access.project_id)

    @on(AccessExpired, DatasetDeleted, DatasetPublished, DatasetRetired, RecipePublished)
    def note_change(self, envelope: Envelope[SourceEvent]) -> None:
        """Say of results that something they are made of changed."""
        self.commands.note_change(envelope)
        self.renewals.note_change(envelope)

    @on(ServiceAccessEnded)
    def note_access_ended(self, envelope: Envelope[ServiceAccessEnded]) -> None:
        """Note which data was granted to a project, and not to the service that it delivers."""
        self.renewals.note_access_ended(envelope)

    @on(JobSucceeded)
    def note_success(self, envelope: Envelope[JobSucceeded]) -> None:
        """Say of a result that its next edition is there; tell a server of lineage."""
        self.commands.note_success(envelope)
        self._tell_end(envelope)

    @on(JobCancelled, JobFailed)
    def note_end(self, envelope: Envelope[JobCancelled | JobFailed]) -> None:
        """Tell a server of lineage, if there is one, that a job ended without a result."""
        self._tell_end(envelope)

    def _tell_end(self, envelope: Envelope[JobEnd]) -> None:
        settings = self.settings
        if server := _lineage_server(settings.openlineage_url, settings.openlineage_token):
            tell_end(self.documents, self.files, server, envelope)

    @on(ErasureRequested)
    def erase_member(self, envelope: Envelope[ErasureRequested]) -> None:
        """Erase what compute holds of a member."""
        member_erasing.erase(self.documents, envelope)
        self.step_cache.drop({"owner_id": envelope.data.member_id})

    @on(ResultsRecalled)
    def forget(self, envelope: Envelope[ResultsRecalled]) -> None:
        """Forget what jobs left of data that is deleted."""
        self.commands.forget(envelope)
        self.step_cache.drop_of_dataset(envelope.data.dataset_id)
