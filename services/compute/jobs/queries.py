"""The jobs and workspaces that a caller may see; the others do not exist for it."""

from collections.abc import Collection

from services.compute.jobs.model import Job
from services.compute.jobs.views import JobPage, JobView, ListJobs
from services.compute.jobs.workspace import Workspace
from shared.auth import Caller
from shared.endings.orphans import complete_hashes, named_by
from shared.errors import Forbidden, Gone, NotFound, WrongStage
from shared.events.event import FileRef
from shared.storage import Storage
from shared.store import Store
from shared.tables.manifest import Manifest

MANIFEST = "manifest.json"
_OF_JOBS = "jobs"


class Queries:
    """Questions about jobs and workspaces, each answered as its caller may see them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs, self._workspaces = store.of(Job), store.of(Workspace)

    def job(self, identifier: str, caller: Caller) -> Job:
        """One job; NotFound when there is none that the caller may see."""
        job = self._jobs.get(identifier)
        if not caller.may_see(job.owner_id):
            raise NotFound.of(identifier)
        return job

    def result(self, identifier: str, name: str, caller: Caller) -> FileRef:
        """One of a job's files, for those who may see the job.

        Raises Forbidden for all but staff when it is made of others' restricted data that the
        project may not read any more.
        """
        job = self.job(identifier, caller)
        if withheld := self._withheld(job, caller):
            raise Forbidden(withheld)
        return file_of(job, name)

    def files_in_use(self, hashes: Collection[str]) -> set[str]:
        """Of those hashes, the ones of files that a job made or has to read."""
        complete_hashes(self._store, Job, _OF_JOBS)
        return named_by(self._store, Job, hashes)

    def made(self, identifier: str, files: Storage, caller: Caller) -> tuple[Job, Manifest]:
        """A job with its manifest, for those who may have its result; raises as `result` does."""
        ref = self.result(identifier, MANIFEST, caller)
        return self.job(identifier, caller), Manifest.model_validate_json(files.read(ref))

    def view(self, job: Job, caller: Caller) -> JobView:
        """A job that `caller` may see, without what it tells of data that is withheld."""
        view, reason = JobView.of(job), self._withheld(job, caller)
        return view.withholding(reason) if reason else view

    def workspace(self, project_id: str, caller: Caller) -> Workspace:
        """A project's workspace; NotFound when there is none that the caller may see."""
        workspace = self._workspaces.get(project_id)
        if not caller.may_see(workspace.holder_id):
            raise NotFound.of(project_id)
        return workspace

    def jobs(self, caller: Caller, query: ListJobs) -> JobPage:
        """A page of jobs, oldest first."""
        where: dict[str, str] = {}
        if query.project_id is not None:
            where["project_id"] = query.project_id
        if query.state is not None:
            where["state"] = query.state
        if not caller.is_staff:
            where["owner_id"] = caller.member_id
        jobs, cursor = self._jobs.page(where, after=query.after, limit=query.limit)
        return JobPage(items=[self.view(job, caller) for job in jobs], next=cursor)

    def _withheld(self, job: Job, caller: Caller) -> str:
        """Why, in French, `caller` does not get what the job made; empty if it does."""
        if caller.is_staff or not job.reads:
            return ""
        workspace = self._workspaces.find_one(job.project_id or "")
        reason = workspace.withheld(job.reads.values()) if workspace else ""
        return f"ce résultat est fait de données restreintes : {reason}" if reason else ""


def file_of(job: Job, name: str) -> FileRef:
    """A job's file of that name, or its manifest.

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
