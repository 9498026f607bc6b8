"""The intake service's entrypoints: what it serves by HTTP and RPC, and the events it hears."""

from collections.abc import Callable
from functools import partial
from typing import Any

from services.intake import commands, retention
from services.intake.accesses import AccessEvent, DatasetAccess
from services.intake.accounts.commands import forget_ended
from services.intake.accounts.entrypoints import ForAccounts
from services.intake.accounts.model import Account, Credential
from services.intake.bodies import (
    AnswerInvitation,
    ChoosePilotSite,
    CompleteProject,
    DeliverProject,
    FormTeam,
    ListProjects,
    ReplaceTreatment,
    ReviewProject,
    SubmitProject,
    WithdrawProject,
)
from services.intake.departures import erasing
from services.intake.departures.entrypoints import ForDepartures
from services.intake.departures.erasure import Erasure
from services.intake.invitations import Patience
from services.intake.matching import guidance
from services.intake.members.commands import candidates, load_of
from services.intake.members.entrypoints import ForMembers
from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.permissions import HOLDERS, NEEDED_ROLES, STAFF
from services.intake.records import GivenUpJob
from services.intake.submission import Submission, check_code
from services.intake.upgrade import ProjectUpgrade
from services.intake.views import AnswerView, ParticipantView, ProjectPage, ProjectView, ReviewView
from services.intake.workshops.entrypoints import ForWorkshops
from services.intake.workshops.model import Workshop
from services.intake.workshops.watch import WorkshopWatch
from shared import events
from shared.auth import MemberId
from shared.background import Loop
from shared.endings.departures import Departure
from shared.endings.retention import Retained, retaining
from shared.events.envelope import Envelope
from shared.http import BY, HOLDER, Call, WholeBody, as_rpc, http
from shared.inbound import Identifier
from shared.indexes.computed import ComputedIndex, IndexCompletion
from shared.messaging import Background, Config, Documents, RpcClient, on, rpc

PROJECT = "/projects/{project_id}"
_CODE_SECONDS = 10.0
"""How long compute may take to try own code; without an answer the project's trial tells."""

_HALF_MINUTE, _MINUTE, _HOUR = 30.0, 60.0, 3600.0
SEEN = ProjectView | ParticipantView
_command = partial(http, "POST", returns=ProjectView)


class Intake(ForDepartures, ForMembers, ForAccounts, ForWorkshops):
    """Takes projects from their submission to their delivery."""

    name = "intake"
    settings = Config()
    compute = RpcClient("compute", "check_code", seconds=_CODE_SECONDS)
    documents = Documents(
        Project,
        Member,
        Submission,
        Account,
        Credential,
        Workshop,
        Departure,
        Erasure,
        Retained,
        ComputedIndex,
    )
    lists = Background(lambda context: IndexCompletion(context.store, Project, "project_lists"))
    members = Background(lambda context: IndexCompletion(context.store, Member, "member_names"))
    upgrade = Background(lambda context: ProjectUpgrade(context.store))
    retention = Background(retaining(retention.policies))
    forgetting = Background(lambda context: Loop(_HOUR, lambda: forget_ended(context.store)))
    following = Background(lambda context: Loop(_MINUTE, lambda: commands.follow_up(context.store)))
    workshops = Background(lambda context: WorkshopWatch(context.service, context.store))
    erasures = Background(
        lambda context: Loop(_HALF_MINUTE, lambda: erasing.measure(context.service, context.store))
    )

    @on(events.DatasetsMatched)
    def advise(self, envelope: Envelope[events.DatasetsMatched]) -> None:
        """Attach the guidance that the matches and the present members allow."""

        def decide(project: Project) -> None:
            load = partial(load_of, self.documents)
            members = candidates(self.documents)
            project.advise(guidance.advise(project, envelope.data, members, load))

        self._change(envelope, decide)

    @on(events.TreatmentChecked)
    def note_fault(self, envelope: Envelope[events.TreatmentChecked]) -> None:
        """Note whether a proposed treatment can run."""
        event = envelope.data
        self._change(envelope, lambda project: project.note_fault(event.proposal, event.fault))

    @on(events.InputsChecked)
    def note_inputs(self, envelope: Envelope[events.InputsChecked]) -> None:
        """Note which datasets of a proposed treatment cannot be read, and whose they are."""
        self._change(
            envelope, lambda project: project.note_inputs(envelope.data, envelope.sequence)
        )

    @on(events.DataAccessOpened)
    def open_access(self, envelope: Envelope[events.DataAccessOpened]) -> None:
        """Equip the project once its workspace is open too, or try a changed treatment."""
        opened_for = envelope.data.proposal
        self._change(envelope, lambda project: project.open_access(opened_for))

    @on(
        events.AccessRequested,
        events.AccessGranted,
        events.AccessRefused,
        events.AccessExpired,
        events.AccessRevoked,
    )
    def note_access(self, envelope: Envelope[AccessEvent]) -> None:
        """Note what the project may read, and what it may not or not any more."""
        self._change(envelope, lambda project: project.note_access(DatasetAccess.of(envelope)))

    @on(events.DatasetDeleted)
    def note_deletion(self, envelope: Envelope[events.DatasetDeleted]) -> None:
        """Call deleted data as it is called now, and note that ended projects may not read it."""
        event, projects = envelope.data, self.documents.of(Project)
        for project in projects.every():
            if project.names_dataset(event.dataset_id):
                projects.change(
                    project.id,
                    lambda changed_project: changed_project.note_deletion(
                        event.dataset_id, event.title, event.reason
                    ),
                )

    @on(events.AccessBound)
    def note_owners(self, envelope: Envelope[events.AccessBound]) -> None:
        """Note whose data a project of before reads: they do not decide on its treatment."""
        event = envelope.data
        owners = (event.owner_id, *event.member_ids)
        self._change(envelope, lambda project: project.note_owners(event.dataset_id, owners))

    @on(events.WorkspaceOpened)
    def open_workspace(self, envelope: Envelope[events.WorkspaceOpened]) -> None:
        """Equip the project once its data access is open too."""
        self._change(envelope, Project.open_workspace)

    @on(events.JobSucceeded)
    def note_success(self, envelope: Envelope[events.JobSucceeded]) -> None:
        """Note a trial or a full job of a project; other jobs are nobody's here."""
        end = envelope.data
        if end.project_id is None or end.kind == "ingest":
            return
        note = Project.end_trial if end.kind == "trial" else Project.note_result

        def decide(project: Project) -> None:
            note(project, end)
            project.end_job(GivenUpJob.of(envelope))

        self._change(envelope, decide)

    @on(events.ResultReleased)
    def note_release(self, envelope: Envelope[events.ResultReleased]) -> None:
        """Note why the held result of a full job leaves; of a trial its end says enough."""
        decided = envelope.data
        if decided.project_id is not None and decided.kind == "full":
            self._change(envelope, lambda project: project.note_release(decided))

    @on(events.ResultRefused)
    def note_refusal(self, envelope: Envelope[events.ResultRefused]) -> None:
        """Note that nothing leaves of a job, which ends so."""
        decided = envelope.data
        if decided.project_id is not None:
            self._change(envelope, lambda project: project.note_refusal(decided))

    @on(events.JobFailed, events.JobCancelled)
    def note_failure(self, envelope: Envelope[events.JobFailed | events.JobCancelled]) -> None:
        """Note why a trial has no result; a full job without one is run again by its holder."""
        end = envelope.data
        if end.project_id is None or end.kind == "ingest":
            return

        def decide(project: Project) -> None:
            if end.kind == "trial":
                project.end_trial(end)
            project.end_job(GivenUpJob.of(envelope))

        self._change(envelope, decide)

    @on(events.JobGivenUp, events.JobRetried)
    def note_given_up(self, envelope: Envelope[events.JobGivenUp | events.JobRetried]) -> None:
        """Note that a project's job waits for an operator, or waits no more.

        Not of others' restricted data: how such a job goes is told to nobody but operators.
        """
        job = envelope.data
        if job.project_id is not None and job.kind != "ingest" and not job.is_protected:
            self._change(envelope, lambda project: project.note_given_up(GivenUpJob.of(envelope)))

    @as_rpc(HOLDER, WholeBody("project"), "idempotency_key")
    @http("POST", "/projects", body=SubmitProject, returns=ProjectView, status=201, roles=HOLDERS)
    def submit_project(self, call: Call) -> ProjectView:
        """Submit a project.

        With an `Idempotency-Key` header that the caller sent before, the answer is the project
        registered then; 422 when the body differs. Own code is tried first, for a few seconds, on
        data that the holder reads without asking anybody: 422 names the line at which it fails, and
        `code_untried` says why it was not tried.
        """
        key, member_id = call.idempotency_key, call.caller.member_id
        untried = check_code(self.compute, call.body.treatment, member_id, "treatment.")
        project = commands.submit(self.documents, call.caller, call.body, key)
        return self._shown(call, project, untried)

    @as_rpc("stage", "holder_id", "after", "limit")
    @http("GET", "/projects", query=ListProjects, returns=ProjectPage)
    def list_projects(self, call: Call) -> ProjectPage:
        """List one's own projects, all for the lab's staff; oldest first if nothing is said."""
        return commands.page_projects(self.documents, call.caller, call.query)

    @as_rpc("project_id")
    @http("GET", PROJECT, returns=SEEN)
    def get_project(self, call: Call, project_id: str) -> ProjectView | ParticipantView:
        """Read a project: stage, guidance with reasons, history.

        Who has a part in it, or is asked for one, is shown what that part needs.
        """
        project = commands.read(self.documents, call.caller, project_id)
        if call.caller.may_see(project.holder_id):
            return self._shown(call, project)
        may = commands.actions_for(self.documents, call.caller, project)
        return ParticipantView.shown_to(project, call.caller.member_id, may)

    @as_rpc("project_id", WholeBody("treatment"), BY)
    @_command(f"{PROJECT}/treatment", body=ReplaceTreatment, roles=NEEDED_ROLES["treat"])
    def set_treatment(self, call: Call, project_id: str) -> ProjectView:
        """Say what to do with the data, or say it anew until the project ends.

        Once it is secured, owners and a reviewer are asked where it reads or shows more. Own code
        is tried first, as where a project is submitted.
        """
        member_id = commands.holder_for(self.documents, call.caller, project_id)
        untried = check_code(self.compute, call.body, member_id)
        instead_of = call.body.instead_of
        project = commands.set_treatment(
            self.documents, call.caller, project_id, call.body, instead_of
        )
        return self._shown(call, project, untried)

    @as_rpc("project_id", BY)
    @_command(f"{PROJECT}/treatment/narrowing", roles=NEEDED_ROLES["narrow"])
    def narrow_treatment(self, call: Call, project_id: str) -> ProjectView:
        """Have the treatment do without the columns that owners left out of their grants.

        422 names the step that needs one: then another treatment is to be written.
        """
        return self._shown(call, commands.leave_out(self.documents, call.caller, project_id))

    @as_rpc("project_id", "decision", "reason", BY, "version")
    @_command(f"{PROJECT}/review", body=ReviewProject, roles=STAFF)
    def review_project(self, call: Call, project_id: str) -> ProjectView:
        """Secure a project, turn it down, or ask its holder to complete it, as its `version` was.

        Forbidden to its holder, to the owners of its data, and to members of their SIREN.
        """
        review = partial(commands.review, needed=self.settings.reviewers)
        return self._shown(call, review(self.documents, call.caller, project_id, call.body))

    @as_rpc("project_id", BY)
    @http("GET", f"{PROJECT}/review", returns=ReviewView, roles=STAFF)
    def get_review(self, call: Call, project_id: str) -> ReviewView:
        """Read what was decided of a project, by whom, on which evidence; and whether one may."""
        needed = self.settings.reviewers
        return commands.read_review(self.documents, call.caller, project_id, needed=needed)

    @as_rpc("project_id", "answer", BY)
    @_command(f"{PROJECT}/completion", body=CompleteProject, roles=NEEDED_ROLES["complete"])
    def complete_project(self, call: Call, project_id: str) -> ProjectView:
        """Answer what a review asked the holder to complete."""
        project = commands.complete(self.documents, call.caller, project_id, call.body)
        return self._shown(call, project)

    @as_rpc("project_id", "site_id", BY, "then")
    @_command(f"{PROJECT}/pilot-site", body=ChoosePilotSite, roles=NEEDED_ROLES["choose_site"])
    def choose_pilot_site(self, call: Call, project_id: str) -> ProjectView:
        """Ask a member to pilot a project: it is piloted once that one accepts."""
        choose = partial(commands.choose_pilot_site, patience=self._patience)
        return self._shown(call, choose(self.documents, call.caller, project_id, call.body))

    @as_rpc("project_id", "team", BY, "then")
    @_command(f"{PROJECT}/team", body=FormTeam, roles=NEEDED_ROLES["form_team"])
    def form_team(self, call: Call, project_id: str) -> ProjectView:
        """Ask members to work on a project: it is staffed once all of them accept."""
        form = partial(commands.form_team, patience=self._patience)
        return self._shown(call, form(self.documents, call.caller, project_id, call.body))

    @http("GET", f"{PROJECT}/invitation", returns=AnswerView)
    def read_invitation(self, call: Call, project_id: str) -> AnswerView:
        """Read what became of the part that one was asked for, though the project is not shown."""
        project = commands.read_invitation(self.documents, call.caller, project_id)
        return AnswerView.shown_to(project, call.caller.member_id)

    @as_rpc("project_id", BY, "answer", "reason")
    @http("POST", f"{PROJECT}/invitation", body=AnswerInvitation, returns=AnswerView)
    def answer_invitation(self, call: Call, project_id: str) -> AnswerView:
        """Accept or decline the part in a project that one is asked for."""
        project = commands.answer_invitation(self.documents, call.caller, project_id, call.body)
        return AnswerView.shown_to(project, call.caller.member_id)

    @as_rpc("project_id", WholeBody("delivery"), BY)
    @_command(f"{PROJECT}/delivery", body=DeliverProject, roles=NEEDED_ROLES["deliver"])
    def deliver_project(self, call: Call, project_id: str) -> ProjectView:
        """Deliver a full job's result; it returns to the catalogue."""
        project = commands.deliver(self.documents, call.caller, project_id, call.body)
        return self._shown(call, project)

    @as_rpc("project_id", "reason", BY)
    @_command(f"{PROJECT}/withdraw", body=WithdrawProject, roles=NEEDED_ROLES["withdraw"])
    def withdraw_project(self, call: Call, project_id: str) -> ProjectView:
        """Give a project up."""
        project = commands.withdraw(self.documents, call.caller, project_id, call.body)
        return self._shown(call, project)

    @rpc
    def get_impediment(
        self, project_id: Identifier, member_id: MemberId, account_id: str = ""
    ) -> str:
        """Why a member may not decide on a project's case, in French; empty if it may.

        The holder does not, nor owners of the data, nor members with the SIREN of one of them. With
        `account_id`, it is about the review: who agreed to the treatment does not do so again, and
        nobody need review what still waits for its holder.
        """
        return commands.impediment(self.documents, project_id, member_id, account_id)

    @property
    def _patience(self) -> Patience:
        """How long members who are asked for a part are waited for."""
        return Patience(
            remind_seconds=self.settings.invitation_reminder_seconds,
            wait_seconds=self.settings.invitation_expiry_seconds,
        )

    def _shown(
        self, call: Call, project: Project, code_untried: tuple[str, ...] = ()
    ) -> ProjectView:
        may = commands.actions_for(self.documents, call.caller, project)
        return ProjectView.shown_to_insiders(project, may, code_untried)

    def _change(self, envelope: Envelope[Any], decide: Callable[[Project], None]) -> None:
        self.documents.of(Project).change(envelope.data.project_id, decide, because=envelope)
