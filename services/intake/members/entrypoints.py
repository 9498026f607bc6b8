"""What intake serves of members by HTTP and RPC."""

from services.intake.members import commands
from services.intake.members.bodies import ChangeMember, ListMembers, RegisterMember
from services.intake.members.model import Member
from services.intake.permissions import STAFF
from services.intake.views import MemberPage, MemberView
from shared.auth import MemberId, Role
from shared.http import Call, WholeBody, as_rpc, http
from shared.messaging import rpc
from shared.store import Store

OPERATORS: frozenset[Role] = frozenset({"operator"})


class ForMembers:
    """Members of the lab: registered by its staff, read by all."""

    documents: Store

    @as_rpc(WholeBody("member"))
    @http("POST", "/members", body=RegisterMember, returns=MemberView, status=201, roles=STAFF)
    def register_member(self, call: Call) -> MemberView:
        """Register a member of the lab; honours an `Idempotency-Key` as submissions do."""
        sender, key = call.caller.member_id, call.idempotency_key
        return MemberView.of(commands.register_member(self.documents, sender, call.body, key))

    @as_rpc("skill", "territory", "after", "limit")
    @http("GET", "/members", query=ListMembers, returns=MemberPage)
    def list_members(self, call: Call) -> MemberPage:
        """List members, by name, skill and territory, oldest first."""
        return MemberPage.of(commands.page_members(self.documents, call.query))

    @as_rpc("member_id")
    @http("GET", "/members/{member_id}", returns=MemberView)
    def get_member(self, call: Call, member_id: str) -> MemberView:  # noqa: ARG002
        """Read a member."""
        return MemberView.of(self.documents.of(Member).get(member_id))

    @http("PATCH", "/members/{member_id}", body=ChangeMember, returns=MemberView, roles=OPERATORS)
    def change_member(self, call: Call, member_id: str) -> MemberView:
        """Note a member's SIREN, skills or territory."""
        return MemberView.of(commands.change_member(self.documents, member_id, call.body))

    @rpc
    def change_member_siren(self, member_id: MemberId, siren: str) -> MemberView:
        """Note the SIREN of a member that was registered without, or with a wrong one."""
        body = ChangeMember(siren=siren)
        return MemberView.of(commands.change_member(self.documents, member_id, body))
