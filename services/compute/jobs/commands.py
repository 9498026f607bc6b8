"""What is asked of workspaces and jobs; asking twice for the same makes one job."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from services.compute.jobs.model import ACTIVE, Job
from services.compute.jobs.release_review import ReleaseDecision
from services.compute.jobs.staleness import SourceChange
from services.compute.jobs.workspace import AccessEvent, Workspace
from shared import events
from shared.aggregate import caused_id, new_id, now
from shared.engine.applications import check_steps
from shared.engine.applications.python.application import check_installed
from shared.errors import Invalid, Unavailable, WrongStage
from shared.events.envelope import Envelope
from shared.events.event import JobKind, Treatment
from shared.indexes.computed import complete_index
from shared.store import Store
from shared.trace import traceparent

_MADE_OF = "jobs made_of"
_END_REASONS: dict[type[events.ProjectEnd], str] = {
    events.ProjectDelivered: "le projet est livré",
    events.ProjectRejected: "le projet est refusé",
    events.ProjectWithdrawn: "le projet est retiré",
}


class Commands:
    """Decisions on the workspaces and jobs of a store; every one may be repeated."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs, self._workspaces = store.of(Job), store.of(Workspace)

    def check_proposal(
        self,
        envelope: Envelope[
            events.ProjectSubmitted | events.TreatmentProposed | events.TreatmentChanged
        ],
    ) -> None:
        """Report whether a project's proposed treatment can run, before owners are asked.

        Jobs of the one before it are cancelled: nothing is delivered of them any more.
        """
        event = envelope.data

        def decide(workspace: Workspace) -> None:
            if isinstance(event, events.ProjectSubmitted):
                workspace.describe(event.holder_id, event.title, event.problem)
            if event.treatment is not None:
                number = 1 if isinstance(event, events.ProjectSubmitted) else event.proposal
                workspace.tell_check(number or 1, fault_of(event.treatment))

        self._change(envelope, decide)
        if isinstance(event, events.TreatmentChanged) and event.decided_by:
            self._cancel_before(event.project_id, event.proposal or 0)

    def open_workspace(self, envelope: Envelope[events.ProjectSecured], quota_seconds: int) -> None:
        """Give a secured project its workspace."""
        project = envelope.data
        self._change(
            envelope,
            lambda workspace: workspace.open(project.holder_id, project.dataset_ids, quota_seconds),
        )

    def queue(self, job: Job, because: Envelope[Any]) -> None:
        """Queue a job, once for the event that caused it."""
        self._jobs.add(job, because=because)

    def queue_trial(self, envelope: Envelope[events.ProjectEquipped]) -> None:
        """Queue the trial of an equipped project, unless the project ended meanwhile.

        One that has its team already got another treatment: it runs in full, unless a full job is
        under way. One that was given up, or is being cancelled, makes way for it.
        """
        project, identifier = envelope.data, _job_of(envelope)
        # The event that the treatment changed may come later.
        self._cancel_before(project.project_id, project.proposal or 0)

        def decide(workspace: Workspace) -> None:
            equipment = project.holder_id, project.treatment, envelope.sequence, project.proposal
            workspace.equip(*equipment)
            if workspace.state == "open" and workspace.is_staffed:
                workspace.claim_full(identifier, self._makes_way)

        workspace = self._change(envelope, decide)
        if workspace.state == "closed":
            return
        if workspace.full_job == identifier:
            self._add_full(workspace, identifier)
            for job in self._active(project.project_id):
                if job.state == "given_up":
                    self._cancel(job, "le projet a un autre traitement")
        elif not workspace.is_staffed:
            job = treatment_job(
                identifier, "trial", workspace, project.treatment, traceparent.get()
            )
            job.proposal = project.proposal
            self._jobs.add(job, because=envelope)

    def queue_full(self, envelope: Envelope[events.ProjectStaffed]) -> None:
        """Queue the full job of a staffed project, unless the project ended meanwhile."""
        identifier = _job_of(envelope)

        def decide(workspace: Workspace) -> None:
            workspace.staff(envelope.time, envelope.data.team)
            if workspace.state == "closed":
                return
            if workspace.state == "new" or workspace.treatment is None:
                raise Unavailable("the project's workspace or treatment is not known yet")
            workspace.claim_full(identifier, self._has_ended)

        workspace = self._change(envelope, decide)
        if workspace.state != "closed":
            self._add_full(workspace, workspace.full_job)

    def close_workspace(self, envelope: Envelope[events.ProjectEnd]) -> None:
        """Close an ended project's workspace and cancel what it still computes."""
        project, reason = envelope.data, _END_REASONS[type(envelope.data)]
        delivered = isinstance(project, events.ProjectDelivered)
        self._change(
            envelope,
            lambda workspace: workspace.close(project.holder_id, reason, delivered=delivered),
        )
        for job in self._active(project.project_id):
            # What comes twice ends none that the delivered service began since.
            if job.is_charged and not job.contract:
                self._cancel(job, reason)
        if not delivered:
            lapsed = ReleaseDecision(decision="refuse", decided_by="", reason=reason)
            for job in self._jobs.every({"project_id": project.project_id, "is_held": True}):
                # It may be decided on, or cancelled, meanwhile.
                with suppress(WrongStage):
                    self.decide_release(job, lapsed)

    def note_access(self, envelope: Envelope[AccessEvent]) -> None:
        """Note a project's access to a dataset; cancel jobs that read one it may not read.

        Those whose result waits for a reviewer, too.

        Whatever opened the data before it was taken away is a job by now, and found here. What is
        queued later asks the catalogue before it starts, and is refused.
        """
        access = envelope.data
        workspace = self._change(envelope, lambda workspace: workspace.note_access(envelope))
        revoked = workspace.revoked(access.dataset_id)
        if isinstance(access, events.AccessRevoked) and revoked:
            self.note_change(envelope)
        elif isinstance(access, events.AccessGranted) and not revoked:
            self._note(envelope, access.dataset_id, lambda job: job.note_granted(access.dataset_id))
        for job in self._open(access.project_id) if revoked else ():
            if name := job.name_of(access.dataset_id):
                self._cancel(job, f"l'accès aux données « {name} » est retiré : {revoked}")
            elif job.replays:
                self._cancel(job, f"un accès du projet est retiré : {revoked}")

    def note_change(self, envelope: Envelope[Any]) -> None:
        """Note that something changed on the full jobs that are made of it."""
        change = SourceChange.of(envelope)
        self._note(envelope, change.source_id, lambda job: job.note_change(change))

    def forget(self, envelope: Envelope[events.ResultsRecalled]) -> None:
        """Delete what the jobs made that read, made or included a deleted dataset.

        Who opens data by RPC may name any job: of those named, others are left alone.
        """
        event = envelope.data
        reason = f"des données dont il est fait sont supprimées : {event.reason}"
        named = map(self._jobs.find_one, event.job_ids)
        job_ids = {job.id for job in self._jobs.every({"dataset_id": event.dataset_id})}
        if event.project_id:
            job_ids |= {job.id for job in self._jobs.every({"project_id": event.project_id})}
        read_ids = {event.dataset_id, event.tables_of}
        job_ids |= {job.id for job in named if job and read_ids & {*job.reads.values()}}
        for identifier in sorted(job_ids):
            self._jobs.change(
                identifier, lambda job: job.forget(event.dataset_id, reason), because=envelope
            )

    def submit(self, project_id: str, cause: str, by: str = "", renewed: Job | None = None) -> Job:
        """Queue a staffed project's full job; returns the one under way if there is one.

        The same `cause`, unless empty, is answered with the job it made before. Raises NotFound
        for an unknown project, WrongStage unless it is open and staffed.
        """
        new = named = new_id("job")
        last = ""

        def decide(workspace: Workspace) -> None:
            nonlocal named, last
            last = workspace.full_job
            key = caused_id("job", f"{project_id}:{cause}", workspace.staffed_at) if cause else ""
            # Before causes were kept, the job was called by what is its key now.
            named = key if self._has_ended(key) else workspace.claim_full(new, self._has_ended, key)

        workspace = self._workspaces.change(project_id, decide)
        renewed = renewed or self._renewed_in_vain(last, workspace.treatment)
        return self._add_full(workspace, named, by, renewed)

    def rerun(self, identifier: str, cause: str, by: str) -> Job:
        """Queue the next edition of a full job's result; returns a full job that is under way.

        Raises WrongStage, in French, where its treatment cannot run under the present grants.
        """
        job = self._jobs.get(identifier)
        workspace = self._workspaces.get(job.project_id or "")
        job.check_rerun(workspace.full_treatment())
        return self.submit(workspace.id, cause, by, renewed=job)

    def note_success(self, envelope: Envelope[events.JobSucceeded]) -> None:
        """Note on the result that a job renews that this one is its next edition, if it is any."""
        job = self._jobs.find_one(envelope.data.job_id)
        if job and job.renews and not envelope.data.fault:
            self._jobs.change(
                job.renews, lambda renewed: renewed.note_renewed(job.id), because=envelope
            )

    def replay(self, original: Job, by: str, cause: str = "") -> Job:
        """Queue a replay of a job; returns the one of `by` that is under way if there is one.

        The same `cause`, unless empty, is answered with the replay it made before. Raises
        WrongStage for a job that made nothing.
        """
        original.check_replayable()
        for replay in self._jobs.every({"replays": original.id, "owner_id": by}):
            if replay.is_active:
                return replay
        key = caused_id("job", f"replay:{cause}", original.queued_at) if cause else ""
        return self._jobs.add(replay_job(original, by, key))

    def cancel(self, identifier: str, reason: str) -> Job:
        """Cancel a job: at once when it is queued, soon when it runs."""
        shared_hashes = shared_by_others(self._store, [self._jobs.get(identifier)])
        return self._jobs.change(identifier, lambda job: job.cancel(reason, shared_hashes))

    def decide_release(
        self, job: Job, decision: ReleaseDecision, version: int | None = None
    ) -> Job:
        """Let a held result leave, or keep it back; what does not leave is to be erased."""
        shared_hashes = shared_by_others(self._store, [job])
        return self._jobs.change(
            job.id, lambda held: held.decide_release(decision, version, shared_hashes=shared_hashes)
        )

    def retry(self, identifier: str) -> Job:
        """Put a job that was given up back into the queue; raises WrongStage for any other."""
        return self._jobs.change(identifier, Job.retry)

    def _note(self, envelope: Envelope[Any], source_id: str, note: Callable[[Job], None]) -> None:
        """Change the full jobs that are made of that; of an access those of its project."""
        complete_index(self._store, Job, _MADE_OF, {"kind": "full"})
        where: dict[str, Any] = {"made_of": {"$in": [source_id]}}
        if isinstance(envelope.data, AccessEvent | events.AccessExpired):
            where["project_id"] = envelope.data.project_id
        for job in self._jobs.every(where):
            self._jobs.change(job.id, note, because=envelope)

    def _change(self, envelope: Envelope[Any], decide: Callable[[Workspace], None]) -> Workspace:
        """Change the workspace of the project that an event is about; create it if new."""
        project_id = envelope.data.project_id
        return self._workspaces.change(
            project_id, decide, because=envelope, new=lambda: Workspace(id=project_id)
        )

    def _add_full(
        self, workspace: Workspace, identifier: str, by: str = "", renewed: Job | None = None
    ) -> Job:
        """Add the full job that the workspace named, unless it is there already."""
        treatment = workspace.full_treatment()
        job = treatment_job(identifier, "full", workspace, treatment, traceparent.get())
        job.submitted_by, job.proposal = by, workspace.proposal
        if renewed:
            job.renew(renewed)
        return self._jobs.add(job)

    def _renewed_in_vain(self, identifier: str, treatment: Treatment | None) -> Job | None:
        """Return the job that one without a result was to renew by that treatment."""
        vain = self._jobs.find_one(identifier)
        if vain is None or vain.state not in ("failed", "cancelled") or vain.treatment != treatment:
            return None
        return self._jobs.find_one(vain.renews)

    def _has_ended(self, identifier: str) -> bool:
        job = self._jobs.find_one(identifier)
        return job is not None and job.public_state not in {*ACTIVE, "held"}

    def _makes_way(self, identifier: str) -> bool:
        """Whether a job ended or soon will, or waits for an operator as none of its runs ended."""
        job = self._jobs.find_one(identifier)
        if job is None:
            return False
        return not job.is_active or job.state == "given_up" or job.cancel_requested

    def _cancel_before(self, project_id: str, proposal: int) -> None:
        """Cancel the project's jobs of treatments before that one."""
        for job in self._open(project_id):
            if job.is_charged and (job.proposal or 0) < proposal:
                self._cancel(job, "le traitement du projet a changé")

    def _open(self, project_id: str) -> list[Job]:
        """Return the jobs that have not ended, and those whose result waits for a reviewer."""
        held = self._jobs.every({"project_id": project_id, "is_held": True})
        return [*self._active(project_id), *held]

    def _active(self, project_id: str) -> list[Job]:
        return self._jobs.find({"project_id": project_id, "state": {"$in": list(ACTIVE)}})

    def _cancel(self, job: Job, reason: str) -> None:
        # It may end between the look and the cancellation.
        with suppress(WrongStage):
            self.cancel(job.id, reason)


def shared_by_others(store: Store, jobs: Collection[Job]) -> set[str]:
    """Return the hashes of what these jobs made that others made, too."""
    hashes = {file.sha256 for job in jobs for file in job.files}
    if not hashes:
        return set()
    others = store.of(Job).every({"hashes": {"$in": sorted(hashes)}})
    ids = {job.id for job in jobs}
    return hashes & {sha256 for job in others if job.id not in ids for sha256 in job.hashes}


def ingest_job(envelope: Envelope[events.DatasetRegistered]) -> Job:
    """Return the job that reads a registered file as a table; it counts for the owner."""
    dataset = envelope.data
    return _queued(
        id=_job_of(envelope),
        kind="ingest",
        project_id=dataset.project_id,
        dataset_id=dataset.dataset_id,
        dataset_version=dataset.version,
        owner_id=dataset.owner_id,
        lane=dataset.owner_id,
        source=dataset.file,
        filename=dataset.filename,
        repairs=dataset.accepted_repairs,
        sheet=dataset.sheet,
        content=dataset.content,
        title=dataset.title,
        traceparent=envelope.traceparent or "",
    )


def page_job(envelope: Envelope[events.HarvestPageFetched]) -> Job:
    """Return the job that reads a page of another catalogue; it counts for that catalogue."""
    page = envelope.data
    return _queued(
        id=_job_of(envelope),
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
    )


def protect_job(envelope: Envelope[events.ProtectionRequested]) -> Job:
    """Return the job that makes a dataset's protected tables; it counts for the owner."""
    dataset = envelope.data
    return _queued(
        id=_job_of(envelope),
        kind="protect",
        dataset_id=dataset.dataset_id,
        dataset_version=dataset.version,
        owner_id=dataset.owner_id,
        lane=dataset.owner_id,
        title=dataset.title,
        traceparent=envelope.traceparent or "",
    )


def treatment_job(
    identifier: str, kind: JobKind, workspace: Workspace, treatment: Treatment, traceparent: str
) -> Job:
    """Return the job of a project's treatment; failed already when that cannot run."""
    job = _queued(
        id=identifier,
        kind=kind,
        project_id=workspace.id,
        owner_id=workspace.holder_id,
        lane=workspace.id,
        treatment=treatment,
        traceparent=traceparent,
        title=workspace.title,
        purpose=workspace.problem,
    )
    if fault := fault_of(treatment):
        job.refuse(f"le traitement ne peut pas être exécuté : {fault}")
    return job


def replay_job(original: Job, by: str, identifier: str = "") -> Job:
    """Return the job that repeats another; it counts for who asks, empty for the lab itself.

    It names what it repeats, and copies nothing of it that would have to be erased with it.
    """
    return Job(
        id=identifier or new_id("job"),
        kind="replay",
        replays=original.id,
        project_id=original.project_id,
        owner_id=by,
        lane=f"replays-{by}",
        is_protected=original.is_protected,
        queued_at=now(),
        traceparent=traceparent.get(),
    )


def _job_of(envelope: Envelope[Any]) -> str:
    return caused_id("job", envelope.id, envelope.time)


def _queued(**fields: Any) -> Job:  # noqa: ANN401 - pydantic checks them
    job = Job(queued_at=now(), **fields)
    job.queue()
    return job


def fault_of(treatment: Treatment) -> str:
    """State in French why a treatment can never run, naming the field; empty when it can."""
    try:
        check_steps(treatment.inputs, treatment.steps)
        check_installed(treatment.steps)
    except Invalid as fault:
        return str(fault)
    return ""
