"""What programs ask of projects by RPC, in the name of a member."""

from collections.abc import Callable
from functools import partial
from typing import Any

from services.intake import bodies, commands
from services.intake.invitations import Patience
from services.intake.members.entrypoints import STAFF
from services.intake.model import Project
from services.intake.submission import check_code
from services.intake.views import AnswerView, ProjectPage, ProjectView, ReviewView
from shared.auth import INSIDE, Caller, MemberId, Role
from shared.inbound import IdempotencyKey, Identifier
from shared.messaging import rpc
from shared.messaging.client import ServiceProxy
from shared.settings import Settings
from shared.store import Store

HOLDERS: frozenset[Role] = frozenset({"holder"})
_view = ProjectView.of


class ForPrograms:
    """Programs that the broker admits are trusted to name the member they act for."""

    documents: Store
    settings: Settings
    compute: ServiceProxy

    @property
    def patience(self) -> Patience:
        """How long members who are asked for a part are waited for."""
        return Patience(
            remind_seconds=self.settings.invitation_reminder_seconds,
            wait_seconds=self.settings.invitation_expiry_seconds,
        )

    @rpc
    def submit_project(
        self, holder_id: MemberId, project: dict[str, Any], idempotency_key: str | None = None
    ) -> ProjectView:
        """Submit a project for a holder; a call that the broker repeats registers one project."""
        key = IdempotencyKey.if_any(idempotency_key, "idempotency_key") or IdempotencyKey.of_call()
        body = bodies.SubmitProject.model_validate(project)
        untried = check_code(self.compute, body.treatment, holder_id, "treatment.")
        submitted = commands.submit(self.documents, Caller(holder_id, HOLDERS), body, key)
        return ProjectView.just_sent(submitted, untried)

    @rpc
    def get_project(self, project_id: Identifier) -> ProjectView:
        """Read a project."""
        return _view(self.documents.of(Project).get(project_id))

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

    @rpc
    def list_projects(
        self,
        stage: str | None = None,
        holder_id: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> ProjectPage:
        """List projects, oldest first."""
        query = bodies.ListProjects(stage=stage, holder_id=holder_id, after=after, limit=limit)
        return commands.page_projects(self.documents, INSIDE, query)

    @rpc
    def set_treatment(
        self, project_id: Identifier, treatment: dict[str, Any], by: MemberId
    ) -> ProjectView:
        """Say what a project does with its data; `by`, here and below, is a member's id."""
        body = bodies.WrittenTreatment.model_validate(treatment)
        member_id = commands.holder_for(self.documents, Caller(by, STAFF), project_id)
        untried = check_code(self.compute, body, member_id)
        project = commands.set_treatment(self.documents, Caller(by, STAFF), project_id, body)
        return ProjectView.just_sent(project, untried)

    @rpc
    def narrow_treatment(self, project_id: Identifier, by: MemberId) -> ProjectView:
        """Have the treatment do without the columns that owners left out of their grants."""
        return self._do(commands.leave_out, project_id, by, None)

    @rpc
    def review_project(
        self,
        project_id: Identifier,
        decision: str,
        reason: str,
        by: MemberId,
        version: int,
        *,
        conditions: list[str] | None = None,
        seen: str = "",
    ) -> ProjectView:
        """Secure a project, turn it down, or ask to complete it, as its `version` was."""
        fields = {"decision": decision, "reason": reason, "version": version, "seen": seen}
        body = bodies.ReviewProject.model_validate({**fields, "conditions": conditions or []})
        review = partial(commands.review, needed=self.settings.reviewers)
        return self._do(review, project_id, by, body)

    @rpc
    def get_review(self, project_id: Identifier, by: MemberId) -> ReviewView:
        """What was decided of a project, on which evidence, and whether the member `by` may."""
        caller, needed = Caller(by, STAFF), self.settings.reviewers
        return commands.read_review(self.documents, caller, project_id, needed=needed)

    @rpc
    def complete_project(self, project_id: Identifier, answer: str, by: MemberId) -> ProjectView:
        """Answer, for the holder `by`, what a review asked."""
        return self._do(commands.complete, project_id, by, bodies.CompleteProject(answer=answer))

    @rpc
    def choose_pilot_site(
        self, project_id: Identifier, site_id: str, by: MemberId, then: list[str] | None = None
    ) -> ProjectView:
        """Ask a member to pilot a project; if it does not, those of `then`."""
        body = bodies.ChoosePilotSite.model_validate({"site_id": site_id, "then": then or []})
        choose = partial(commands.choose_pilot_site, patience=self.patience)
        return self._do(choose, project_id, by, body)

    @rpc
    def form_team(
        self, project_id: Identifier, team: list[str], by: MemberId, then: list[str] | None = None
    ) -> ProjectView:
        """Ask members to work on a project; for who does not, those of `then`."""
        body = bodies.FormTeam.model_validate({"team": team, "then": then or []})
        form = partial(commands.form_team, patience=self.patience)
        return self._do(form, project_id, by, body)

    @rpc
    def answer_invitation(
        self, project_id: Identifier, by: MemberId, answer: str, reason: str = ""
    ) -> AnswerView:
        """Accept or decline, for the member `by`, the part in a project that it is asked for."""
        fields = {"answer": answer} | ({"reason": reason} if reason else {})
        body, caller = bodies.AnswerInvitation.model_validate(fields), Caller(by, HOLDERS)
        project = commands.answer_invitation(self.documents, caller, project_id, body)
        return AnswerView.shown_to(project, by)

    @rpc
    def deliver_project(
        self, project_id: Identifier, delivery: dict[str, Any], by: MemberId
    ) -> ProjectView:
        """Deliver a full job's result."""
        body = bodies.DeliverProject.model_validate(delivery)
        return self._do(commands.deliver, project_id, by, body)

    @rpc
    def withdraw_project(self, project_id: Identifier, reason: str, by: MemberId) -> ProjectView:
        """Give a project up."""
        return self._do(commands.withdraw, project_id, by, bodies.WithdrawProject(reason=reason))

    def _do(
        self, command: Callable[..., Project], project_id: Identifier, by: MemberId, body: object
    ) -> ProjectView:
        return _view(command(self.documents, Caller(by, STAFF), project_id, body))
