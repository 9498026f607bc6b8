"""What intake serves, and hears, of members who leave and are erased."""

from services.intake.bodies import EraseMember, LeaveLab
from services.intake.departures import erasing, membership_end
from services.intake.departures.erasure import DepartureView, Erasure, ErasureView
from shared import events
from shared.auth import Role
from shared.events.envelope import Envelope
from shared.http import BY, Call, as_rpc, http
from shared.messaging import on
from shared.store import Store

OPERATORS: frozenset[Role] = frozenset({"operator"})


class ForDepartures:
    """The end of a membership, and of what the lab holds of a member."""

    documents: Store

    @as_rpc("member_id", BY, "reason")
    @http("POST", "/members/{member_id}/departure", body=LeaveLab, returns=DepartureView)
    def end_membership(self, call: Call, member_id: str) -> DepartureView:
        """Let a member leave: itself or an operator says so; its projects are withdrawn."""
        departure = membership_end.leave(
            self.documents,
            call.caller,
            member_id,
            call.body.reason,
            unregistered=call.body.unregistered,
        )
        return DepartureView.of(departure)

    @on(events.MemberLeft)
    def withdraw_projects(self, envelope: Envelope[events.MemberLeft]) -> None:
        """Withdraw what a member who left held, and tell the projects that counted on it."""
        membership_end.end_membership(self.documents, envelope)

    @as_rpc("member_id", "reason", BY)
    @http("POST", "/erasures", body=EraseMember, returns=ErasureView, status=202, roles=OPERATORS)
    def erase_member(self, call: Call) -> ErasureView:
        """Erase what the lab holds of a member who left; asked again, the same erasure."""
        member_id, reason = call.body.member_id, call.body.reason
        return ErasureView.of(erasing.request(self.documents, call.caller, member_id, reason))

    @as_rpc("erasure_id")
    @http("GET", "/erasures/{erasure_id}", returns=ErasureView, roles=OPERATORS)
    def get_erasure(self, call: Call, erasure_id: str) -> ErasureView:  # noqa: ARG002 - for its role
        """The receipt: what each service erased, what it keeps and why, who has not answered."""
        return ErasureView.of(self.documents.of(Erasure).get(erasure_id))

    @on(events.ErasureRequested)
    def erase_member_here(self, envelope: Envelope[events.ErasureRequested]) -> None:
        """Erase what intake holds of a member."""
        erasing.erase(self.documents, envelope)

    @on(events.CatalogErased, events.ComputeErased, events.NotifyErased)
    def note_erasure(self, envelope: Envelope[events.ErasureAnswer]) -> None:
        """Add a service's answer to the receipt."""
        erasing.note_answer(self.documents, envelope)
