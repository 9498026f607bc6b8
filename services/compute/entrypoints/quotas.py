"""What projects may compute in all: asked for by their holders, decided by the staff."""

from services.compute.jobs.queries import Queries
from services.compute.jobs.views import (
    AskQuota,
    DecideQuota,
    QuotaRequestPage,
    QuotaRequestView,
    WorkspaceView,
)
from services.compute.jobs.workspace import Workspace
from shared.auth import INSIDE
from shared.errors import Forbidden
from shared.http import BY, Call, as_rpc, http
from shared.inbound import Paging
from shared.messaging.client import ServiceProxy
from shared.store import Store


class Quotas:
    """For holders, and for the staff, who do not decide on their own case."""

    documents: Store
    intake: ServiceProxy

    @property
    def _cases(self) -> Queries:
        return Queries(self.documents, self.intake.get_impediment)

    @as_rpc("project_id", "seconds", "reason")
    @http("POST", "/workspaces/{project_id}/quota-request", body=AskQuota, returns=WorkspaceView)
    def request_quota(self, call: Call, project_id: str) -> WorkspaceView:
        """Ask for a larger quota of one's project; 409 while another request waits.

        The same again changes nothing. 409, too, for a project that does not compute (any more).
        """
        workspace = self._cases.workspace(project_id, call.caller)
        if call.caller != INSIDE and call.caller.member_id != workspace.holder_id:
            raise Forbidden("seul le porteur demande un quota pour son projet")
        asked = call.body
        workspaces = self.documents.of(Workspace)
        return WorkspaceView.of(
            workspaces.change(
                project_id, lambda asking: asking.ask_quota(asked.seconds, asked.reason)
            )
        )

    @as_rpc("after", "limit")
    @http(
        "GET",
        "/quota-requests",
        query=Paging,
        returns=QuotaRequestPage,
        roles={"reviewer", "operator"},
    )
    def list_quota_requests(self, call: Call) -> QuotaRequestPage:
        """The projects whose holders wait for a decision on their quota."""
        return self._cases.quota_requests(call.query, call.caller)

    @as_rpc("project_id", BY)
    @http(
        "GET",
        "/quota-requests/{project_id}",
        returns=QuotaRequestView,
        roles={"reviewer", "operator"},
    )
    def get_quota_request(self, call: Call, project_id: str) -> QuotaRequestView:
        """A project's quota, what it used and asks for, for whose case it is not (403)."""
        return QuotaRequestView.of(self._cases.quota_case(project_id, call.caller))

    @as_rpc("project_id", BY, "decision", "reason", "version", "seconds")
    @http(
        "POST",
        "/workspaces/{project_id}/quota-decision",
        body=DecideQuota,
        returns=QuotaRequestView,
        roles={"reviewer", "operator"},
    )
    def decide_quota(self, call: Call, project_id: str) -> QuotaRequestView:
        """Set a project's quota, asked for or not, or refuse what its holder asks for.

        It is decided as its `version` was read, and not on one's own case; 409, 403 otherwise.
        """
        self._cases.quota_case(project_id, call.caller)
        sent, by = call.body, call.caller.member_id

        def decide(workspace: Workspace) -> None:
            workspace.decide_quota(sent.decision, sent.seconds, sent.reason, by, sent.version)

        return QuotaRequestView.of(self.documents.of(Workspace).change(project_id, decide))
