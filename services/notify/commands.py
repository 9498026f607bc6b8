"""Endpoints, deliveries and timelines as members may see and change them.

What belongs to somebody else does not exist for a caller: NotFound, never Forbidden.
"""

import json
from functools import partial

from services.notify.model import Endpoint, WebhookDelivery
from services.notify.naming import with_names
from services.notify.sending.signing import new_secret
from services.notify.timeline import Ownership, TimelineEntry
from services.notify.views import ChangeEndpoint, ListDeliveries, ReadTimeline, RegisterEndpoint
from shared.aggregate import caused_id, new_id, now
from shared.auth import Caller
from shared.endings.departures import check_present
from shared.errors import NotFound, WrongStage
from shared.inbound import Paging
from shared.language.french import counted
from shared.outbound import SsrfGuard
from shared.store import Store


class Webhooks:
    """Endpoints, deliveries and timelines in `store`; `guard` decides which URLs are allowed.

    A member may have `most` endpoints; one that has more from before keeps them.
    """

    def __init__(self, store: Store, guard: SsrfGuard, most: int) -> None:
        self._store, self._most = store, most
        self._endpoints, self._deliveries = store.of(Endpoint), store.of(WebhookDelivery)
        self._entries, self._ownerships = store.of(TimelineEntry), store.of(Ownership)
        self._guard = guard

    def register(
        self, member_id: str, body: RegisterEndpoint, *, sees_all: bool = False, cause: str = ""
    ) -> Endpoint:
        """Add an endpoint of a member; the same again for one `cause`, if any, adds it once.

        Raises Forbidden for a member who left, WrongStage for one that has as many as it may.
        """
        check_present(self._store, member_id)
        identifier = _id_for(member_id, body, cause) if cause else new_id("end")
        if cause and (endpoint := self._endpoints.find_one(identifier)):
            return endpoint
        self._check_number(member_id, self._most - 1)
        endpoint = self._endpoints.add(
            Endpoint(
                id=identifier,
                member_id=member_id,
                url=self._guard.normalised(body.url, member_id),
                event_types=tuple(body.event_types),
                description=body.description,
                secret=new_secret(),
                sees_all=sees_all,
                created_at=now(),
            )
        )
        self._give_up_beyond_limit(endpoint)
        return endpoint

    def _give_up_beyond_limit(self, endpoint: Endpoint) -> None:
        """Delete it again where others came meanwhile: whoever was added last sees all of them."""
        try:
            self._check_number(endpoint.member_id, self._most)
        except WrongStage:
            self._endpoints.change(endpoint.id, Endpoint.delete)
            raise

    def _check_number(self, member_id: str, most: int) -> None:
        kept = {"member_id": member_id, "state": {"$in": ["enabled", "disabled"]}}
        if self._endpoints.count(kept, most=most + 1) > most:
            raise WrongStage(
                f"un membre peut avoir {counted(self._most, 'webhook', 'webhooks')} au plus :"
                " supprimez-en un avant d'en ajouter un autre"
            )

    def endpoint(self, identifier: str, caller: Caller) -> Endpoint:
        """An endpoint of the caller; of anyone for an operator."""
        endpoint = self._endpoints.get(identifier)
        _check_own(endpoint, caller)
        return endpoint

    def endpoints(self, caller: Caller, page: Paging) -> tuple[list[Endpoint], str | None]:
        """A page of the caller's endpoints, of all for an operator."""
        where: dict[str, object] = {"state": {"$in": ["enabled", "disabled"]}}
        if not _is_operator(caller):
            where["member_id"] = caller.member_id
        return self._endpoints.page(where, after=page.after, limit=page.limit)

    def change(self, identifier: str, caller: Caller, body: ChangeEndpoint) -> Endpoint:
        """Change what `body` names of an endpoint of the caller."""
        changes = body.model_dump(exclude_none=True)

        def decide(endpoint: Endpoint) -> None:
            _check_own(endpoint, caller)
            endpoint.change(**changes)

        if body.url is not None:
            changes["url"] = self._guard.normalised(body.url, caller.member_id)
        return self._endpoints.change(identifier, decide)

    def delete(self, identifier: str, caller: Caller) -> None:
        """Remove an endpoint of the caller; what is still under way to it is given up."""

        def decide(endpoint: Endpoint) -> None:
            _check_own(endpoint, caller)
            endpoint.delete()

        self._endpoints.change(identifier, decide)

    def deliveries(
        self, endpoint_id: str, caller: Caller, page: ListDeliveries
    ) -> tuple[list[WebhookDelivery], str | None]:
        """A page of the deliveries to an endpoint of the caller, newest first."""
        self.endpoint(endpoint_id, caller)
        where: dict[str, object] = {"endpoint_id": endpoint_id}
        if page.state:
            where["state"] = page.state
        return self._deliveries.page(where, after=page.after, limit=page.limit, descending=True)

    def replay(self, delivery_id: str, caller: Caller) -> WebhookDelivery:
        """Send a delivery to an endpoint of the caller again, now."""
        delivery = self._deliveries.get(delivery_id)
        try:
            endpoint = self.endpoint(delivery.endpoint_id, caller)
        except NotFound:
            raise NotFound.of(delivery_id) from None
        if endpoint.state != "enabled":
            raise WrongStage(f"le webhook {endpoint.id} est désactivé : {endpoint.reason}")
        if not delivery.body:
            raise WrongStage("le contenu de cet envoi a été effacé : sa durée est passée")
        replayed = self._deliveries.change(delivery_id, WebhookDelivery.replay)
        self._endpoints.change(endpoint.id, partial(_replay, replayed))
        return replayed

    def timeline(
        self, project_id: str, caller: Caller, page: ReadTimeline
    ) -> tuple[list[TimelineEntry], str | None]:
        """A page of what happened to a project, for its holder and for the lab's staff."""
        holder = self._ownerships.find_one(project_id)
        allowed = caller.may_see(*([holder.member_id] if holder else []))
        # In the query: how many entries a page lacks would tell of those that are left out.
        of_staff = {} if caller.is_staff else {"for_staff": {"$ne": True}}
        where = {"correlation": str(project_id), **of_staff}
        entries, cursor = self._entries.page(
            where, after=page.after, limit=page.limit, descending=page.newest
        )
        if not allowed or not (holder or entries):
            raise NotFound.of(project_id)
        # Entries of before do not say of themselves for whom they are.
        seen = [entry for entry in entries if caller.is_staff or not entry.event.for_staff]
        return with_names(self._store, seen), cursor


def _replay(delivery: WebhookDelivery, endpoint: Endpoint) -> None:
    endpoint.call_again()
    endpoint.expect(delivery.next_attempt_at)


def _id_for(member_id: str, body: RegisterEndpoint, cause: str) -> str:
    # Callers choose their causes, and two may choose alike: one's secret is not for the other.
    return caused_id("end", json.dumps([member_id, body.model_dump(mode="json"), cause]))


def _is_operator(caller: Caller) -> bool:
    return "operator" in caller.roles


def _check_own(endpoint: Endpoint, caller: Caller) -> None:
    own = _is_operator(caller) or caller.member_id == endpoint.member_id
    if endpoint.state == "deleted" or not own:
        raise NotFound.of(endpoint.id)
