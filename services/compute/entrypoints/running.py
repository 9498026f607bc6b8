"""What is asked of jobs, their results, and workspaces."""

from typing import Any

from services.compute.execution.difference_runs import TableDifferences
from services.compute.execution.export_runs import TableExports
from services.compute.execution.scheduler import Scheduler
from services.compute.execution.table_runs import TableRuns
from services.compute.execution.waiting_line import WaitingLine
from services.compute.jobs.commands import Commands
from services.compute.jobs.job_changes import Followers, StreamPosition
from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from services.compute.jobs.views import (
    JobPage,
    JobView,
    ListJobs,
    ReadResult,
    SubmitJob,
    WorkspaceView,
)
from services.compute.renewal.commands import Renewals
from shared.auth import INSIDE
from shared.endings.orphans import Hashes
from shared.engine.contract.table_difference import TableComparison, TableDifference
from shared.engine.tables.exports import DOWNLOADS, XLSX, Export
from shared.engine.tables.manifest import RESULT_TYPES
from shared.events import FileRef
from shared.http import BY, Call, Download, EventStream, as_rpc, http
from shared.messaging import rpc
from shared.messaging.client import ServiceProxy
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store


class Running:
    """For those who let jobs run, and take what they made."""

    documents: Store
    files: Storage
    settings: Settings
    scheduler: Scheduler
    followers: Followers
    intake: ServiceProxy

    @property
    def renewals(self) -> Renewals:
        """What may be asked of delivered services."""
        return Renewals(self.documents, self.settings)

    @property
    def commands(self) -> Commands:
        """What may be asked of workspaces and jobs."""
        return Commands(self.documents)

    @property
    def queries(self) -> Queries:
        """The jobs and workspaces as callers may see them."""
        turns, most_jobs = self.scheduler.public_turns, self.settings.member_jobs
        line = WaitingLine(self.documents.of(Job), turns, most_jobs)
        return Queries(self.documents, self.intake.get_impediment, line.sentence)

    @property
    def table_runs(self) -> TableRuns:
        """What the engine does with tables for who asks."""
        return TableRuns(self.files, self.settings.job_memory_bytes, self.scheduler.spares)

    @property
    def exports(self) -> TableExports:
        """Tables in other formats."""
        return TableExports(self.table_runs)

    @as_rpc("project_id")
    @http("POST", "/jobs", body=SubmitJob, returns=JobView, status=202)
    def submit_job(self, call: Call) -> JobView:
        """Run a staffed project's full treatment; while it runs, the answer is that job."""
        project_id = call.body.project_id
        self.queries.workspace(project_id, call.caller)
        key, by = call.key_text, call.caller.member_id
        job = self.commands.submit(project_id, f"{by}:{key}" if key else "", by)
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @http("GET", "/jobs", query=ListJobs, returns=JobPage)
    def list_jobs(self, call: Call) -> JobPage:
        """The jobs of the caller's projects and datasets, oldest first or `newest`."""
        return self.queries.jobs(call.caller, call.query)

    @as_rpc("job_id")
    @http("GET", "/jobs/{job_id}", returns=JobView)
    def get_job(self, call: Call, job_id: str) -> JobView:
        """A job's state, progress, log tail and outputs; the log is not for the team."""
        return self.queries.view(self.queries.read(job_id, call.caller), call.caller)

    @http("GET", "/jobs/{job_id}/events", returns=EventStream)
    def follow_job(self, call: Call, job_id: str) -> EventStream | None:
        """A job's states, progress and log as they come, as server-sent events, to its end.

        `Last-Event-ID` goes on after that event; 204 when the job ended and all was told. The
        events are `state`, `progress`, `log` (a line and its number) and `end`. One member may
        follow ten at a time; 429 beyond.
        """
        queries = self.queries
        job = queries.job(job_id, call.caller)
        heard = StreamPosition()
        if queries.tells_runs(job, call.caller):
            heard = StreamPosition.parse(call.last_event_id)
            if heard.is_end_of(job):
                return None
        events = self.followers.stream(
            job,
            call.caller.member_id,
            heard,
            lambda newer: queries.view(newer, call.caller),
            tells_runs=lambda newer: queries.tells_runs(newer, call.caller),
        )
        return EventStream(events)

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
        name, file = self.exports.of_job(
            self.queries, job_id, call.query.name, call.format, call.caller
        )
        return Download(self.files.chunks(file), file.media_type, name, file.size)

    @as_rpc("job_id")
    @http("POST", "/jobs/{job_id}/cancel", returns=JobView)
    def cancel_job(self, call: Call, job_id: str) -> JobView:
        """Cancel a job: at once when it is queued, within seconds when it runs."""
        self.queries.job(job_id, call.caller)
        who = "un service" if call.caller == INSIDE else "un utilisateur"
        job = self.commands.cancel(job_id, f"annulé à la demande d'{who}")
        return self.queries.view(job, call.caller)

    @as_rpc("job_id")
    @http("POST", "/jobs/{job_id}/rerun", returns=JobView, status=202)
    def rerun_job(self, call: Call, job_id: str) -> JobView:
        """Make a full job's result anew, as its next edition; the earlier one stays readable.

        409 where the treatment or the grants are not those of that result any more. While a full
        job runs, the answer is that job.
        """
        job = self.queries.job(job_id, call.caller)
        key, by = call.key_text, call.caller.member_id
        if self.renewals.is_present_edition(job):
            job = self.renewals.renew(job.project_id or "", by)
        else:
            job = self.commands.rerun(job_id, f"{by}:{job_id}:{key}" if key else "", by)
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @as_rpc("job_id")
    @http("POST", "/jobs/{job_id}/retry", returns=JobView, roles={"operator"})
    def retry_job(self, call: Call, job_id: str) -> JobView:
        """Put a job that was given up back into the queue; 409 for any other."""
        job = self.commands.retry(job_id)
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @as_rpc("job_id", BY)
    @http("POST", "/jobs/{job_id}/replay", returns=JobView, status=202)
    def replay_job(self, call: Call, job_id: str) -> JobView:
        """Repeat a job at nobody's charge; the answer is a job, whose `comparison` is the verdict.

        For who may read its result; of others' restricted data for staff. 409 where a job made
        nothing. What is made is compared, and shown to nobody.
        """
        original = self.queries.replayable(job_id, call.caller)
        key, by = call.key_text, call.caller.member_id
        job = self.commands.replay(original, by, f"{job_id}:{by}:{key}" if key else "")
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @as_rpc("project_id")
    @http("GET", "/workspaces/{project_id}", returns=WorkspaceView)
    def get_workspace(self, call: Call, project_id: str) -> WorkspaceView:
        """A project's quota, what it used, and its treatment."""
        return WorkspaceView.of(self.queries.workspace(project_id, call.caller))

    @rpc
    def files_in_use(self, hashes: Hashes) -> list[str]:
        """Of the hashes of stored files, up to 1,000, those that a job made or has to read."""
        return sorted(self.queries.files_in_use(hashes))

    @rpc
    def export_table(
        self, table: dict[str, Any], export: dict[str, Any], member_id: str = ""
    ) -> FileRef:
        """A stored table in another format, kept for a day; Invalid where that cannot hold it."""
        requested_export = Export.model_validate(export)
        return self.exports.table(FileRef.model_validate(table), requested_export, member_id)

    @rpc
    def compare_tables(
        self,
        before: dict[str, Any],
        after: dict[str, Any],
        comparison: dict[str, Any],
        member_id: str = "",
    ) -> TableDifference:
        """What differs between two stored tables, as their columns are described."""
        tables = FileRef.model_validate(before), FileRef.model_validate(after)
        requested_comparison = TableComparison.model_validate(comparison)
        differences = TableDifferences(self.table_runs)
        return differences.between(*tables, requested_comparison, member_id)
