"""The compute service: workspaces, jobs in the sandbox, and their results."""

from functools import partial
from tempfile import gettempdir
from typing import Any

from services.compute.execution.bubblewrap import check_sandbox
from services.compute.execution.exports import TableExports
from services.compute.execution.job_run import Platform
from services.compute.execution.sandbox import Limits
from services.compute.execution.scheduler import Scheduler
from services.compute.execution.spare import Spares
from services.compute.jobs import endings, retention
from services.compute.jobs.commands import Commands
from services.compute.jobs.model import Job
from services.compute.jobs.proposals import check_treatment
from services.compute.jobs.queries import Queries
from services.compute.jobs.views import (
    JobPage,
    JobView,
    ListJobs,
    ReadResult,
    SubmitJob,
    WorkspaceView,
)
from services.compute.jobs.workspace import AccessEvent, Workspace
from shared import trace
from shared.applications import ApplicationView, list_applications
from shared.auth import INSIDE, Caller
from shared.endings.departures import Departure
from shared.endings.orphans import Hashes, HashIndex, OrphanSweep, References, WrittenFile
from shared.endings.retention import Retained, retaining
from shared.events import (
    AccessGranted,
    AccessRequested,
    AccessRevoked,
    DatasetRegistered,
    Envelope,
    ErasureRequested,
    FileRef,
    HarvestPageFetched,
    ProjectDelivered,
    ProjectEnd,
    ProjectEquipped,
    ProjectRejected,
    ProjectSecured,
    ProjectStaffed,
    ProjectSubmitted,
    ProjectWithdrawn,
    ResultsRecalled,
    Treatment,
    TreatmentProposed,
)
from shared.http import Call, Download, http
from shared.inbound import Identifier
from shared.messaging import Background, Config, Context, Documents, Files, RpcClient, on, rpc
from shared.storage import check_disk
from shared.tables.exports import DOWNLOADS, XLSX, Export
from shared.tables.manifest import RESULT_TYPES
from shared.treatments.remarks import TreatmentCheck


def _scheduler(context: Context) -> Scheduler:
    limits = Limits(context.settings.job_seconds, context.settings.job_memory_bytes)
    platform = Platform(
        service=context.service,
        store=context.store,
        files=context.files,
        settings=context.settings,
        catalog=context.rpc("catalog"),
        spares=Spares(limits if context.settings.job_spare else None),
    )
    scheduler = Scheduler(platform, check_sandbox)
    context.ready_checks["sandbox"] = lambda: scheduler.obstacle
    context.ready_checks["job folders"] = partial(
        check_disk, gettempdir(), context.settings.least_free_bytes, "the job folders"
    )
    return scheduler


def _orphan_sweep(context: Context) -> OrphanSweep:
    references = References(
        Queries(context.store).files_in_use,
        lambda hashes: context.rpc("catalog").files_in_use(hashes),
    )
    age = context.settings.orphan_seconds
    return OrphanSweep(context.service, context.store, context.files, age, references)


class Compute:
    """Workspaces with their quota, and the jobs that run in the sandbox."""

    name = "compute"
    documents = Documents(Workspace, Job, Departure, Retained, HashIndex, WrittenFile)
    files = Files()
    settings = Config()
    catalog = RpcClient("catalog")
    scheduler = Background(_scheduler)
    retention = Background(retaining(retention.policies))
    orphans = Background(_orphan_sweep)

    @property
    def commands(self) -> Commands:
        """What may be asked of workspaces and jobs."""
        return Commands(self.documents)

    @property
    def queries(self) -> Queries:
        """The jobs and workspaces as callers may see them."""
        return Queries(self.documents)

    @property
    def exports(self) -> TableExports:
        """Tables in other formats."""
        return TableExports(self.files, self.settings.job_memory_bytes)

    @on(DatasetRegistered)
    def ingest(self, envelope: Envelope[DatasetRegistered]) -> None:
        """Queue the reading of a registered file."""
        self.commands.queue_ingest(envelope)
        endings.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(HarvestPageFetched)
    def read_page(self, envelope: Envelope[HarvestPageFetched]) -> None:
        """Queue the reading of a page of another catalogue."""
        self.commands.queue_page(envelope)
        endings.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProjectSubmitted, TreatmentProposed)
    def check_proposal(self, envelope: Envelope[ProjectSubmitted | TreatmentProposed]) -> None:
        """Say whether the treatment that a project proposes can run."""
        self.commands.check_proposal(envelope)

    @on(ProjectSecured)
    def open_workspace(self, envelope: Envelope[ProjectSecured]) -> None:
        """Give a secured project its workspace and quota."""
        self.commands.open_workspace(envelope, self.settings.workspace_seconds)
        endings.erase_late(self.documents, envelope.data)

    @on(ProjectEquipped)
    def try_out(self, envelope: Envelope[ProjectEquipped]) -> None:
        """Queue the trial of an equipped project; it fails at once when it cannot run."""
        self.commands.queue_trial(envelope)
        endings.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProjectStaffed)
    def run_in_full(self, envelope: Envelope[ProjectStaffed]) -> None:
        """Queue the full job of a staffed project."""
        self.commands.queue_full(envelope)
        endings.erase_late(self.documents, envelope.data)
        self.scheduler.wake()

    @on(ProjectDelivered, ProjectRejected, ProjectWithdrawn)
    def close_workspace(self, envelope: Envelope[ProjectEnd]) -> None:
        """Close an ended project's workspace and cancel its jobs."""
        self.commands.close_workspace(envelope)

    @on(AccessRequested, AccessGranted, AccessRevoked)
    def note_access(self, envelope: Envelope[AccessEvent]) -> None:
        """Note what a project may read, and cancel jobs whose data was taken away."""
        self.commands.note_access(envelope)

    @on(ErasureRequested)
    def erase_member(self, envelope: Envelope[ErasureRequested]) -> None:
        """Erase what compute holds of a member."""
        endings.erase(self.documents, envelope)

    @on(ResultsRecalled)
    def forget(self, envelope: Envelope[ResultsRecalled]) -> None:
        """Forget what jobs left of data that is deleted."""
        self.commands.forget(envelope)

    @http("GET", "/applications", returns=tuple[ApplicationView, ...])
    def read_applications(self, _call: Call) -> tuple[ApplicationView, ...]:
        """The processing applications, with what they take, make and can be told."""
        return list_applications()

    @http("POST", "/treatments/check", body=Treatment, returns=TreatmentCheck)
    def check(self, call: Call) -> TreatmentCheck:
        """Whether a treatment can run, and what to think of; 422 naming the first field at fault.

        A crossing that multiplies rows of both tables is one, unless the treatment says that it is
        wanted. What could not be looked at, since the catalogue does not answer, is told.
        """
        return check_treatment(self.catalog, call.body, call.caller)

    @http("POST", "/jobs", body=SubmitJob, returns=JobView, status=202)
    def run_again(self, call: Call) -> JobView:
        """Run a staffed project's full treatment; while it runs, the answer is that job."""
        project_id = call.body.project_id
        self.queries.workspace(project_id, call.caller)
        key = call.idempotency_key
        job = self.commands.submit(project_id, f"{call.caller.member_id}:{key}" if key else "")
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @http("GET", "/jobs", query=ListJobs, returns=JobPage)
    def list_jobs(self, call: Call) -> JobPage:
        """The jobs of the caller's projects and datasets, oldest first."""
        return self.queries.jobs(call.caller, call.query)

    @http("GET", "/jobs/{job_id}", returns=JobView)
    def read_job(self, call: Call, job_id: str) -> JobView:
        """A job's state, progress, log tail and outputs."""
        return self.queries.view(self.queries.job(job_id, call.caller), call.caller)

    @http(
        "GET",
        "/jobs/{job_id}/result",
        query=ReadResult,
        returns=Download,
        sends=("application/json", *RESULT_TYPES, XLSX),
        formats=DOWNLOADS,
    )
    def read_result(self, call: Call, job_id: str) -> Download:
        """One of a job's files; `manifest.json` tells how they came about.

        By `format`, or `Accept`, the table that it made: 422 where that format cannot hold it.
        """
        name, file = self.exports.of_job(self.queries, job_id, call.query.name, call)
        return Download(self.files.chunks(file), file.media_type, name, file.size)

    @http("POST", "/jobs/{job_id}/cancel", returns=JobView)
    def cancel(self, call: Call, job_id: str) -> JobView:
        """Cancel a job: at once when it is queued, within seconds when it runs."""
        self.queries.job(job_id, call.caller)
        job = self.commands.cancel(job_id, "annulé à la demande d'un utilisateur")
        return self.queries.view(job, call.caller)

    @http("POST", "/jobs/{job_id}/retry", returns=JobView, roles={"operator"})
    def retry(self, call: Call, job_id: str) -> JobView:
        """Put a job that was given up back into the queue; 409 for any other."""
        job = self.commands.retry(job_id)
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @http("GET", "/workspaces/{project_id}", returns=WorkspaceView)
    def read_workspace(self, call: Call, project_id: str) -> WorkspaceView:
        """A project's quota, what it used, and its treatment."""
        return WorkspaceView.of(self.queries.workspace(project_id, call.caller))

    @rpc
    def submit_job(self, project_id: Identifier) -> JobView:
        """Run a staffed project's full treatment; while it runs, the answer is that job."""
        job = self.commands.submit(project_id, trace.call.get())
        self.scheduler.wake()
        return JobView.of(job)

    @rpc
    def get_job(self, job_id: Identifier) -> JobView:
        """A job's state, progress, log tail and outputs."""
        return JobView.of(self.queries.job(job_id, INSIDE))

    @rpc
    def cancel_job(self, job_id: Identifier) -> JobView:
        """Cancel a job."""
        return JobView.of(self.commands.cancel(job_id, "annulé à la demande d'un service"))

    @rpc
    def retry_job(self, job_id: Identifier) -> JobView:
        """Put a job that was given up back into the queue; WrongStage for any other."""
        job = self.commands.retry(job_id)
        self.scheduler.wake()
        return JobView.of(job)

    @rpc
    def files_in_use(self, hashes: Hashes) -> list[str]:
        """Of the hashes of stored files, up to 1,000, those that a job made or has to read."""
        return sorted(self.queries.files_in_use(hashes))

    @rpc
    def export_table(
        self, table: dict[str, Any], export: dict[str, Any], member_id: str = ""
    ) -> FileRef:
        """A stored table in another format, kept for a day; Invalid where that cannot hold it."""
        wanted = Export.model_validate(export)
        return self.exports.table(FileRef.model_validate(table), wanted, member_id)

    @rpc
    def list_applications(self) -> tuple[ApplicationView, ...]:
        """The processing applications."""
        return list_applications()

    @rpc
    def check_treatment(self, treatment: dict[str, Any], member_id: str = "") -> TreatmentCheck:
        """Whether a treatment of a member can run, and what to think of.

        Invalid naming the first field at fault. Without a member, what everybody may know counts.
        """
        caller = Caller(member_id, frozenset())
        return check_treatment(self.catalog, Treatment.model_validate(treatment), caller)

    @rpc
    def get_workspace(self, project_id: Identifier) -> WorkspaceView:
        """A project's quota, what it used, and its treatment."""
        return WorkspaceView.of(self.queries.workspace(project_id, INSIDE))
