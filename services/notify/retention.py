"""How long notify keeps the bodies of webhooks, and the words of ended projects' timelines."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from ulid import ULID

from services.notify.endings import redact_body
from services.notify.model import Endpoint, WebhookDelivery
from services.notify.steering.kept_facts import forget_reasons
from services.notify.timeline import Ownership, TimelineEntry
from shared.aggregate import NEVER
from shared.endings.retention import Batch, Policy, Retained, Thing
from shared.events import ProjectDelivered, ProjectRejected, ProjectWithdrawn
from shared.settings import Settings
from shared.store import Store

_BATCH = 200
_ENDS = {cls.topic for cls in (ProjectDelivered, ProjectRejected, ProjectWithdrawn)}
_PROJECT = "prj_"


def policies(store: Store, settings: Settings) -> list[Policy]:
    """Deliveries keep their attempts, timelines what happened and when."""
    return [
        Policy(
            kind="deliveries",
            days=settings.retention_deliveries_days,
            things=partial(_endpoints, store),
            erase=partial(_empty_deliveries, store),
            what="le contenu d'anciens envois à un point de réception",
            advice="Ce que vous en avez reçu reste à vous.",
        ),
        Policy(
            kind="timeline",
            days=settings.retention_timeline_days,
            things=partial(_ended_projects, store),
            erase=partial(_empty_timeline, store),
            what="le contenu du fil d'un projet terminé",
            advice="Pour le garder, enregistrez-le (GET /projects/{project_id}/timeline).",
        ),
    ]


def _endpoints(store: Store) -> Iterator[Thing]:
    """Yield every endpoint with the time of its oldest delivery that has a body."""
    for endpoint in store.of(Endpoint).every():
        retained = store.of(Retained).find_one(f"deliveries.{endpoint.id}")
        for oldest in _after(store, endpoint.id, retained.cursor if retained else "", limit=1):
            yield Thing(endpoint.id, endpoint.member_id, _time_of(oldest))


def _empty_deliveries(store: Store, endpoint_id: str, through: datetime, cursor: str) -> Batch:
    deliveries = _after(store, endpoint_id, cursor, limit=_BATCH)
    count = 0
    for delivery in deliveries:
        if _time_of(delivery) > through or delivery.state == "pending":
            break
        store.of(WebhookDelivery).change(delivery.id, WebhookDelivery.empty)
        cursor, count = delivery.id, count + 1
    return Batch({"envois": count} if count else {}, cursor, is_last=count < _BATCH)


def _after(store: Store, endpoint_id: str, cursor: str, *, limit: int) -> list[WebhookDelivery]:
    where = {"endpoint_id": endpoint_id}
    return store.of(WebhookDelivery).page(where, after=cursor or None, limit=limit)[0]


def _time_of(delivery: WebhookDelivery) -> datetime:
    """When its event happened: its id is made of that."""
    return ULID.from_str(delivery.id.rpartition("_")[2]).datetime


def _ended_projects(store: Store) -> Iterator[Thing]:
    for owned in store.of(Ownership).every():
        if owned.id.startswith(_PROJECT):
            ended_at = owned.ended_at if owned.ended_at != NEVER else _look_for_end(store, owned)
            if ended_at != NEVER:
                yield Thing(owned.id, owned.member_id, ended_at)


def _look_for_end(store: Store, owned: Ownership) -> datetime:
    entries = store.of(TimelineEntry).every({"correlation": owned.id})
    ended_at = next((entry.at for entry in entries if entry.topic in _ENDS), NEVER)
    if ended_at != NEVER:
        store.of(Ownership).change(
            owned.id, lambda ownership: setattr(ownership, "ended_at", ended_at)
        )
    return ended_at


def _empty_timeline(store: Store, project_id: str, through: datetime, cursor: str) -> Batch:
    owned = store.of(Ownership).find_one(project_id)
    if owned is None or owned.ended_at > through:
        return Batch({}, is_last=True)
    entries = store.of(TimelineEntry)
    where = {"correlation": project_id}
    page, following = entries.page(where, after=cursor or None, limit=_BATCH)
    for entry in page:
        entries.change(entry.id, redact_body)
    if not following:
        forget_reasons(store, project_id)
    return Batch({"événements": len(page)}, following or "", not following)
