"""The jobs and workspaces that a caller may see; the others do not exist for it."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol, TypeAlias

from services.compute.jobs.model import WAITS_FOR_REVIEWER, Job
from services.compute.jobs.views import (
    JobPage,
    JobView,
    ListJobs,
    QuotaRequestPage,
    QuotaRequestView,
    ReleaseRequestPage,
)
from services.compute.jobs.workspace import Workspace
from shared.auth import Caller
from shared.endings.orphans import named_by
from shared.engine.tables.manifest import Manifest
from shared.errors import Forbidden, Gone, NotFound, WrongStage
from shared.events.event import FileRef
from shared.inbound import Paging
from shared.indexes.computed import complete_index
from shared.storage import Storage
from shared.store import Store

MANIFEST = "manifest.json"
_OF_JOBS = "jobs"
_CAME_TO_NOTHING = frozenset({"failed", "cancelled"})


Impediment: TypeAlias = Callable[[str, str], str]
"""Why that member may not decide on a project's case, in French; empty if it may."""


def _nobody(_project_id: str, _member_id: str) -> str:
    return "personne ne décide ici de ce qui sort"


class QueueSentence(Protocol):
    """Where a queued job stands, in French; `is_own`: for its owner, who reads its titles."""

    def __call__(self, job: Job, *, is_own: bool) -> str:
        """Return the sentence; empty for a job that does not wait for its turn."""


def _unknown_place(job: Job, *, is_own: bool) -> str:  # noqa: ARG001 - as the protocol has it
    return ""


class Queries:
    """Questions about jobs and workspaces, each answered as its caller may see them.

    `impediment` is asked of reviewers before they see what is held back.
    """

    def __init__(
        self,
        store: Store,
        impediment: Impediment = _nobody,
        queue_sentence: QueueSentence = _unknown_place,
    ) -> None:
        self._store, self._impediment = store, impediment
        self._queue_sentence = queue_sentence
        self._jobs, self._workspaces = store.of(Job), store.of(Workspace)

    def job(self, identifier: str, caller: Caller) -> Job:
        """Return a job that the caller may follow and cancel; NotFound when there is none."""
        job = self._jobs.get(identifier)
        if not caller.may_see(job.owner_id):
            raise NotFound.of(identifier)
        return job

    def read(self, identifier: str, caller: Caller) -> Job:
        """Return a job that the caller may see, also as one of its team; NotFound else."""
        job = self._jobs.get(identifier)
        # A replay is for who asked for it.
        is_in_team = not job.replays and self._is_in_team(job.project_id, caller)
        if not (caller.may_see(job.owner_id) or is_in_team):
            raise NotFound.of(identifier)
        return job

    def replayable(self, identifier: str, caller: Caller) -> Job:
        """Return a job that the caller may have repeated: whose result it may read.

        Of others' restricted data staff alone may, and not its own; raises as `result`.
        """
        job = self.read(identifier, caller)
        if not job.is_protected:
            self.result(identifier, MANIFEST, caller)
        elif not caller.is_staff or caller.member_id == job.owner_id:
            raise Forbidden("seule l'équipe du Datalab fait refaire ce qui lit ces données")
        elif reason := self._impediment(job.project_id or "", caller.member_id):
            raise Forbidden(f"{reason} : un autre du Datalab fait refaire ce qui lit ces données")
        file_of(job, MANIFEST)
        return job

    def result(self, identifier: str, name: str, caller: Caller) -> FileRef:
        """Return one of a job's files, for those who may see the job.

        Raises Forbidden for all but staff when it is made of others' restricted data that the
        project may not read any more; WrongStage, for all but reviewers who may decide on it, while
        it is held back.
        """
        job = self.read(identifier, caller)
        if withheld := self._withheld(job, caller):
            raise Forbidden(withheld)
        if job.unreleased:
            if "reviewer" not in caller.roles:
                raise WrongStage(job.unreleased)
            self.check_reviews(job, caller)
        return file_of(job, name)

    def files_in_use(self, hashes: Collection[str]) -> set[str]:
        """Return which of those hashes are of files that a job made or has to read."""
        complete_index(self._store, Job, _OF_JOBS)
        return named_by(self._store, Job, hashes)

    def job_and_manifest(
        self, identifier: str, files: Storage, caller: Caller
    ) -> tuple[Job, Manifest]:
        """Return a job with its manifest, for who may have its result; raises like `result`."""
        ref = self.result(identifier, MANIFEST, caller)
        return self.read(identifier, caller), Manifest.model_validate_json(files.read(ref))

    def view(self, job: Job, caller: Caller) -> JobView:
        """Return a job that `caller` may see, without what it tells of withheld data.

        The log, and why it failed, are for who wrote the treatment: the team reads what came of it.
        """
        if caller.may_see(job.owner_id):
            changes: dict[str, object] = {
                "may_run_again": self._may_run_again(job),
                "may_rerun": self._may_rerun(job),
            }
        else:
            changes = {"log_tail": "", "reason": "", "message": ""}
        is_own = caller.member_id == job.owner_id
        changes["queue_place"] = self._queue_sentence(job, is_own=is_own)
        view = JobView.of(job).model_copy(update=changes)
        if not self.tells_runs(job, caller):
            view = view.for_holder(job)
        reason = self._withheld(job, caller) or job.unreleased
        return view.withholding(reason) if reason else view

    def tells_runs(self, job: Job, caller: Caller) -> bool:
        """Whether the caller is told how the runs of a job go: others' restricted data may tell.

        Of their own jobs staff is told no more than other holders.
        """
        return not job.is_protected or (caller.is_staff and caller.member_id != job.owner_id)

    def release_request(self, identifier: str, caller: Caller) -> Job:
        """Return a job whose result is or was held, for reviewers who may decide on it.

        Raises Forbidden for others, NotFound for a job of which nothing was held.
        """
        job = self._jobs.get(identifier)
        if not (job.is_held or job.decision):
            raise NotFound.of(identifier)
        self.check_reviews(job, caller)
        return job

    def release_requests(self, query: Paging, caller: Caller) -> ReleaseRequestPage:
        """Return a page of others' jobs whose results wait for a reviewer, oldest first."""
        # Who holds a project may read the list as a reviewer of others' results.
        where = {"is_held": True, "owner_id": {"$ne": caller.member_id}}
        jobs, cursor = self._jobs.page(where, after=query.after, limit=query.limit)
        views = [JobView.of(job).for_holder(job) for job in jobs]
        items = [view.withholding(WAITS_FOR_REVIEWER) for view in views]
        return ReleaseRequestPage(items=items, next=cursor)

    def quota_requests(self, query: Paging, caller: Caller) -> QuotaRequestPage:
        """Return a page of others' projects that wait for a decision on their quota."""
        where = {"asks_quota": True, "holder_id": {"$ne": caller.member_id}}
        workspaces, cursor = self._workspaces.page(where, after=query.after, limit=query.limit)
        return QuotaRequestPage(items=list(map(QuotaRequestView.of, workspaces)), next=cursor)

    def quota_case(self, project_id: str, caller: Caller) -> Workspace:
        """Return the workspace on whose quota the caller may decide; Forbidden on one's own case.

        Raises NotFound for an unknown project.
        """
        workspace = self._workspaces.get(project_id)
        if reason := self._impediment(project_id, caller.member_id):
            raise Forbidden(reason)
        return workspace

    def check_reviews(self, job: Job, caller: Caller) -> None:
        """Raise Forbidden, in French, for a caller who may not decide on a job's release."""
        if "reviewer" not in caller.roles:
            raise Forbidden("un relecteur du Datalab décide de ce qui sort")
        if reason := self._impediment(job.project_id or "", caller.member_id):
            raise Forbidden(reason)

    def workspace(self, project_id: str, caller: Caller) -> Workspace:
        """Return a project's workspace; NotFound when the caller may see none."""
        workspace = self._workspaces.get(project_id)
        if not caller.may_see(workspace.holder_id):
            raise NotFound.of(project_id)
        return workspace

    def check_reads(self, project_id: str, caller: Caller) -> None:
        """Raise NotFound for who may not read a project's results: others than holder and team."""
        workspace = self._workspaces.get(project_id)
        if not caller.may_see(workspace.holder_id, *workspace.team):
            raise NotFound.of(project_id)

    def jobs(self, caller: Caller, query: ListJobs) -> JobPage:
        """Return a page of jobs, oldest first unless the newest are asked for."""
        where: dict[str, object] = {}
        if query.project_id is not None:
            where["project_id"] = query.project_id
        if query.state is not None:
            is_internal = caller.is_staff and query.state != "held"
            where["state" if is_internal else "public_state"] = query.state
            if is_internal and caller.member_id:
                # In which list one's own job is would tell how far it is.
                where["owner_id"] = {"$ne": caller.member_id}
        if not caller.is_staff:
            if self._is_in_team(query.project_id, caller):
                where["kind"] = {"$ne": "replay"}
            else:
                where["owner_id"] = caller.member_id
        jobs, cursor = self._jobs.page(
            where, after=query.after, limit=query.limit, descending=query.newest
        )
        return JobPage(items=[self.view(job, caller) for job in jobs], next=cursor)

    def _is_in_team(self, project_id: str | None, caller: Caller) -> bool:
        """Whether data owners were told that this member reads the project's results."""
        workspace = self._workspaces.find_one(project_id) if project_id else None
        return workspace is not None and caller.member_id in workspace.team

    def _may_run_again(self, job: Job) -> bool:
        """Whether those who see the job may run it once more."""
        if job.kind != "full" or job.public_state not in _CAME_TO_NOTHING:
            return False
        workspace = self._workspaces.find_one(job.project_id or "")
        return workspace is not None and workspace.runs_again(job.id)

    def _may_rerun(self, job: Job) -> bool:
        """Whether those who see the job may have its stale result made anew."""
        workspace = self._workspaces.find_one(job.project_id or "") if job.staleness else None
        if workspace is None:
            return False
        with suppress(WrongStage):
            job.check_rerun(workspace.full_treatment())
            return True
        return False

    def _withheld(self, job: Job, caller: Caller) -> str:
        """State in French why `caller` does not get the job's result; empty if it does."""
        if caller.is_staff or not job.reads:
            return ""
        workspace = self._workspaces.find_one(job.project_id or "")
        reason = workspace.withheld(job.reads.values()) if workspace else ""
        return f"ce résultat est fait de données restreintes : {reason}" if reason else ""


def file_of(job: Job, name: str) -> FileRef:
    """Return a job's file of that name, or its manifest.

    Raises Gone when it is forgotten, WrongStage until the job succeeded, NotFound for a name it did
    not make. What a job read for the catalogue leaves by the catalogue only, which knows who may
    have it.
    """
    if job.forgotten:
        raise Gone(f"ce traitement n'a plus de résultat : {job.forgotten}")
    if job.result is None:
        raise WrongStage("ce traitement n'a pas (encore) de résultat")
    outputs = job.outputs if job.project_id else ()
    files = {MANIFEST: job.result, **{output.name: output.file for output in outputs}}
    if name not in files:
        raise NotFound(f"ce traitement a produit : {', '.join(files)}")
    return files[name]
