"""What is asked of delivered services by those whose they are."""

from services.compute.execution.scheduler import Scheduler
from services.compute.jobs.queries import Queries
from services.compute.jobs.views import JobView
from services.compute.renewal.commands import Renewals
from services.compute.renewal.model import DeliveredService
from services.compute.renewal.views import (
    ListServices,
    RetireService,
    ServicePage,
    ServiceView,
    SetMode,
)
from shared.auth import INSIDE, Caller
from shared.errors import Forbidden, NotFound
from shared.http import BY, Call, as_rpc, http
from shared.settings import Settings
from shared.store import Store


class Renewing:
    """For holders of delivered services, their teams, and the staff."""

    documents: Store
    settings: Settings
    scheduler: Scheduler
    queries: Queries
    renewals: Renewals

    @http("GET", "/services", query=ListServices, returns=ServicePage)
    def list_services(self, call: Call) -> ServicePage:
        """One's own delivered services, or those that stopped or whose use is to be confirmed."""
        # What is known before a delivery is of nobody yet.
        where: dict[str, object] = {
            "holder_id": call.caller.member_id,
            "state": {"$ne": "undelivered"},
        }
        if call.query.waiting:
            where["awaits_holder"] = True
        services, cursor = self.documents.of(DeliveredService).page(
            where, after=call.query.after, limit=call.query.limit
        )
        return ServicePage(items=[_view(service, call.caller) for service in services], next=cursor)

    @as_rpc("project_id", BY)
    @http("GET", "/services/{project_id}", returns=ServiceView)
    def get_service(self, call: Call, project_id: str) -> ServiceView:
        """A delivered service: its present edition, when the next is due, and why it is stopped."""
        service = self.documents.of(DeliveredService).get(project_id)
        self.queries.check_reads(project_id, call.caller)
        if service.state == "undelivered":
            raise NotFound.of(project_id)
        return _view(service, call.caller)

    @as_rpc("project_id", BY, "mode", "every_days")
    @http("PUT", "/services/{project_id}/mode", body=SetMode, returns=ServiceView)
    def set_service_mode(self, call: Call, project_id: str) -> ServiceView:
        """Decide when a service is renewed: when asked, by schedule, or when its data change."""
        self._check_holder(project_id, call.caller)
        sent = call.body
        service = self.renewals.set_mode(project_id, sent.mode, sent.every_days)
        return _view(service, call.caller)

    @as_rpc("project_id", BY)
    @http("POST", "/services/{project_id}/renew", returns=JobView, status=202)
    def renew_service(self, call: Call, project_id: str) -> JobView:
        """Make the next edition of a service now; the answer is its job, also if under way.

        409 where its data may not be read any more, or it is retired.
        """
        self._check_holder(project_id, call.caller)
        job = self.renewals.renew(project_id, call.caller.member_id)
        self.scheduler.wake()
        return self.queries.view(job, call.caller)

    @as_rpc("project_id", BY)
    @http("POST", "/services/{project_id}/confirm", returns=ServiceView)
    def confirm_service(self, call: Call, project_id: str) -> ServiceView:
        """Say that a service is still of use: nobody is asked again for the review period."""
        self._check_holder(project_id, call.caller)
        return _view(self.renewals.confirm(project_id), call.caller)

    @as_rpc("project_id", BY, "reason")
    @http("POST", "/services/{project_id}/retire", body=RetireService, returns=ServiceView)
    def retire_service(self, call: Call, project_id: str) -> ServiceView:
        """End a service for good, as its holder or staff; what is delivered stays."""
        if not call.caller.is_staff:
            self._check_holder(project_id, call.caller)
        return _view(self.renewals.retire(project_id, call.body.reason), call.caller)

    def _check_holder(self, project_id: str, caller: Caller) -> None:
        """Raise NotFound for who may not see the service, Forbidden for all but its holder."""
        service = self.documents.of(DeliveredService).get(project_id)
        if not caller.may_see(service.holder_id) or service.state == "undelivered":
            raise NotFound.of(project_id)
        if caller != INSIDE and caller.member_id != service.holder_id:
            raise Forbidden("seul le porteur décide de son service")


def _view(service: DeliveredService, caller: Caller) -> ServiceView:
    is_holder = caller == INSIDE or caller.member_id == service.holder_id
    return ServiceView.for_caller(service, is_holder=is_holder, is_staff=caller.is_staff)
