"""What intake serves of members by HTTP and RPC."""

from typing import Any

from services.intake.members import commands
from services.intake.members.bodies import ChangeMember, ListMembers, RegisterMember
from services.intake.members.model import Member
from services.intake.views import MemberPage, MemberView
from shared.auth import MemberId, Role
from shared.http import Call, http
from shared.inbound import IdempotencyKey
from shared.messaging import rpc
from shared.store import Store

STAFF: frozenset[Role] = frozenset({"reviewer", "operator"})
OPERATORS: frozenset[Role] = frozenset({"operator"})


class ForMembers:
    """Members of the lab: registered by its staff, read by all."""

    documents: Store

    @http("POST", "/members", body=RegisterMember, returns=MemberView, status=201, roles=STAFF)
    def register(self, call: Call) -> MemberView:
        """Register a member of the lab; honours an `Idempotency-Key` as submissions do."""
        sender, key = call.caller.member_id, IdempotencyKey.if_any(call.idempotency_key)
        return MemberView.of(commands.register_member(self.documents, sender, call.body, key))

    @http("GET", "/members", query=ListMembers, returns=MemberPage)
    def page_members(self, call: Call) -> MemberPage:
        """List members, by name, skill and territory, oldest first."""
        return MemberPage.of(commands.page_members(self.documents, call.query))

    @http("GET", "/members/{member_id}", returns=MemberView)
    def read_member(self, call: Call, member_id: str) -> MemberView:  # noqa: ARG002
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

    @rpc
    def register_member(self, member: dict[str, Any]) -> MemberView:
        """Register a member of the lab; a call that the broker repeats registers one."""
        body, key = RegisterMember.model_validate(member), IdempotencyKey.of_call()
        # All callers by RPC are one sender of keys, under the name that is kept with them.
        return MemberView.of(commands.register_member(self.documents, "rpc", body, key))

    @rpc
    def get_member(self, member_id: MemberId) -> MemberView:
        """Read a member."""
        return MemberView.of(self.documents.of(Member).get(member_id))

    @rpc
    def list_members(
        self,
        skill: str | None = None,
        territory: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> MemberPage:
        """List members, oldest first."""
        query = ListMembers(skill=skill, territory=territory, after=after, limit=limit)
        return MemberPage.of(commands.page_members(self.documents, query))
