"""What intake serves, and hears, of members who leave."""

from services.intake.bodies import LeaveLab
from services.intake.members import leaving
from services.intake.views import DepartureView
from shared.auth import Caller, MemberId, Role
from shared.events import Envelope, MemberLeft
from shared.http import Call, http
from shared.messaging import on, rpc
from shared.store import Store

OPERATORS: frozenset[Role] = frozenset({"operator"})


class ForDepartures:
    """The end of a membership."""

    documents: Store

    @http("POST", "/members/{member_id}/departure", body=LeaveLab, returns=DepartureView)
    def leave(self, call: Call, member_id: str) -> DepartureView:
        """Let a member leave: itself or an operator says so; its projects are withdrawn."""
        return self._leave(call.caller, member_id, call.body)

    @rpc
    def end_membership(
        self, member_id: MemberId, by: MemberId, reason: str | None = None
    ) -> DepartureView:
        """Let a member leave, in the name of the operator or member `by`."""
        body = LeaveLab.model_validate({"reason": reason} if reason else {})
        return self._leave(Caller(by, OPERATORS), member_id, body)

    @on(MemberLeft)
    def withdraw_projects(self, envelope: Envelope[MemberLeft]) -> None:
        """Withdraw what a member who left held, and tell the projects that counted on it."""
        leaving.end_membership(self.documents, envelope)

    def _leave(self, caller: Caller, member_id: str, body: LeaveLab) -> DepartureView:
        return DepartureView.of(leaving.leave(self.documents, caller, member_id, body.reason))
