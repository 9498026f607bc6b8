"""What intake serves, and hears, of members who leave and are erased."""

from services.intake.bodies import EraseMember, LeaveLab
from services.intake.departures import erasing, membership_end
from services.intake.departures.erasure import Erasure
from services.intake.departures.views import DepartureView, ErasureView
from shared import events
from shared.auth import Caller, MemberId, Role
from shared.events.envelope import Envelope
from shared.http import Call, http
from shared.inbound import Identifier
from shared.messaging import on, rpc
from shared.store import Store

OPERATORS: frozenset[Role] = frozenset({"operator"})


class ForDepartures:
    """The end of a membership, and of what the lab holds of a member."""

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

    @on(events.MemberLeft)
    def withdraw_projects(self, envelope: Envelope[events.MemberLeft]) -> None:
        """Withdraw what a member who left held, and tell the projects that counted on it."""
        membership_end.end_membership(self.documents, envelope)

    @http("POST", "/erasures", body=EraseMember, returns=ErasureView, status=202, roles=OPERATORS)
    def erase(self, call: Call) -> ErasureView:
        """Erase what the lab holds of a member who left; asked again, the same erasure."""
        return self._erase(call.caller, call.body)

    @http("GET", "/erasures/{erasure_id}", returns=ErasureView, roles=OPERATORS)
    def read_erasure(self, call: Call, erasure_id: str) -> ErasureView:  # noqa: ARG002 - for its role
        """The receipt: what each service erased, what it keeps and why, who has not answered."""
        return ErasureView.of(self.documents.of(Erasure).get(erasure_id))

    @rpc
    def erase_member(self, member_id: MemberId, reason: str, by: MemberId) -> ErasureView:
        """Erase what the lab holds of a member who left, in the name of the operator `by`."""
        body = EraseMember.model_validate({"member_id": member_id, "reason": reason})
        return self._erase(Caller(by, OPERATORS), body)

    @rpc
    def get_erasure(self, erasure_id: Identifier) -> ErasureView:
        """The receipt of an erasure."""
        return ErasureView.of(self.documents.of(Erasure).get(erasure_id))

    @on(events.ErasureRequested)
    def erase_member_here(self, envelope: Envelope[events.ErasureRequested]) -> None:
        """Erase what intake holds of a member."""
        erasing.erase(self.documents, envelope)

    @on(events.CatalogErased, events.ComputeErased, events.NotifyErased)
    def note_erasure(self, envelope: Envelope[events.ErasureAnswer]) -> None:
        """Add a service's answer to the receipt."""
        erasing.note_answer(self.documents, envelope)

    def _leave(self, caller: Caller, member_id: str, body: LeaveLab) -> DepartureView:
        departure = membership_end.leave(
            self.documents, caller, member_id, body.reason, unregistered=body.unregistered
        )
        return DepartureView.of(departure)

    def _erase(self, caller: Caller, body: EraseMember) -> ErasureView:
        erasure = erasing.request(self.documents, caller, body.member_id, body.reason)
        return ErasureView.of(erasure)
