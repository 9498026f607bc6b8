"""A member leaves or is erased: its endpoints go, and its words in what was told.

A deleted dataset is called as it is now in what was told of it before, and in what is sent.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import partial

from services.notify.mail.preferences import forget_member
from services.notify.model import Endpoint, WebhookDelivery, delivery_id
from services.notify.steering.kept_facts import call_dataset, redact
from services.notify.summaries import summarise
from services.notify.timeline import Ownership, TimelineEntry
from shared.endings import departures
from shared.endings.redaction import redacted
from shared.endings.retitling import retitled, titles_in
from shared.events import (
    DatasetDeleted,
    Envelope,
    ErasedCount,
    ErasureRequested,
    Event,
    MemberLeft,
    NotifyErased,
    unwrap,
)
from shared.store import Repository, Store

_Told = TimelineEntry | WebhookDelivery

_IDENTIFIERS = re.compile(r'"([A-Za-z0-9_.:@-]{1,200})"')

_KEPT = (
    "Les identifiants du membre et de ses projets, sans nom : des événements d'autres y renvoient.",
    "Ce qui a déjà été envoyé aux points de réception des partenaires : ils en répondent.",
)


def note(store: Store, envelope: Envelope[Event]) -> None:
    """End or erase what a member who left has here, and the title of deleted data."""
    event = envelope.data
    if isinstance(event, MemberLeft):
        departures.note_left(store, event.member_id, envelope.time)
        _delete_endpoints(store, event.member_id)
        forget_member(store, event.member_id)
    if isinstance(event, ErasureRequested):
        _erase(store, event, envelope)
    if isinstance(event, DatasetDeleted):
        call_deleted(store, event)


def without_erased(store: Store, envelope: Envelope[Event]) -> Envelope[Event]:
    """The event as it may be kept: without words, if it tells of somebody who was erased."""
    if not departures.any_erased(store) or not _tells_of_erased(store, envelope):
        return envelope
    return envelope.model_copy(update={"data": redacted(envelope.data)})


def redact_late(store: Store, entry: TimelineEntry) -> TimelineEntry:
    """Take out what was written while the erasure of its member passed by; what is left."""
    deliveries = store.of(WebhookDelivery)
    for endpoint in store.of(Endpoint).every({"state": "enabled"}):
        identifier = delivery_id(entry.event_id, endpoint.id, entry.at)
        if deliveries.find_one(identifier):
            deliveries.change(identifier, redact_body)
    return store.of(TimelineEntry).change(entry.id, redact_body)


def _erase(store: Store, event: ErasureRequested, envelope: Envelope[Event]) -> None:
    member_id = event.member_id
    departures.note_erasure(store, member_id, event.erasure_id)
    endpoints = _delete_endpoints(store, member_id)
    owned = {ownership.id for ownership in store.of(Ownership).every({"member_id": member_id})}
    named = frozenset({member_id, *owned, *endpoints})
    entries, deliveries = store.of(TimelineEntry), store.of(WebhookDelivery)
    counts = {
        "points de réception": len(endpoints),
        "événements du fil": sum(_redact_if(entries, entry, named) for entry in entries.every()),
        "envois": sum(_redact_if(deliveries, delivery, named) for delivery in deliveries.every()),
        "choix et envois de courriels": forget_member(store, member_id),
        "sujets du pilotage": redact(store, named),
    }
    answer = NotifyErased(
        erasure_id=event.erasure_id,
        member_id=member_id,
        counts=tuple(ErasedCount(kind=kind, count=count) for kind, count in counts.items()),
        kept=_KEPT,
    )
    departures.answer(store, answer, envelope)


def _delete_endpoints(store: Store, member_id: str) -> list[str]:
    """The ids of the member's endpoints, which are stubs without address from now on."""
    endpoints = list(store.of(Endpoint).every({"member_id": member_id}))
    for endpoint in endpoints:
        if endpoint.state != "deleted" or endpoint.url:
            store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    return [endpoint.id for endpoint in endpoints]


def _redact_if(
    repository: Repository[TimelineEntry] | Repository[WebhookDelivery],
    document: TimelineEntry | WebhookDelivery,
    named: frozenset[str],
) -> bool:
    """Redact a document that names one of `named`; return whether it does."""
    if not document.body or not named.intersection(_identifiers_in(document.body)):
        return False
    if document.body != _body(document.body):
        repository.change(document.id, redact_body)
    return True


def redact_body(document: TimelineEntry | WebhookDelivery) -> None:
    """Erase the words of what happened; keep the event, its time and its ids."""
    document.body = _body(document.body)
    if isinstance(document, TimelineEntry):
        document.summary = summarise(document.event)


def _body(body: str) -> str:
    envelope = unwrap(body.encode())
    left = envelope.model_copy(update={"data": redacted(envelope.data)})
    return left.model_dump_json(serialize_as_any=True)


def _tells_of_erased(store: Store, envelope: Envelope[Event]) -> bool:
    named = set(_identifiers_in(envelope.model_dump_json(serialize_as_any=True)))
    owners = store.of(Ownership).find({"_id": {"$in": sorted(named)}}, limit=len(named))
    return bool(
        departures.erased_among(store, {*named, *(ownership.member_id for ownership in owners)})
    )


def _identifiers_in(body: str) -> Iterable[str]:
    return _IDENTIFIERS.findall(body)


def call_deleted(store: Store, event: DatasetDeleted) -> None:
    """Rename a deleted dataset in the timelines that name it, and in the bodies of deliveries."""
    dataset_id, title = event.dataset_id, event.title
    before, timelines = set[str](), set[str]()
    for entry in _naming(store, dataset_id):
        before |= titles_in(entry.event, dataset_id) - {title}
        timelines.add(entry.correlation)
    if not before:
        return
    change = partial(_call, dataset_id=dataset_id, title=title, before=before)
    entries, deliveries = store.of(TimelineEntry), store.of(WebhookDelivery)
    for timeline in sorted(timelines):
        for entry in entries.every({"correlation": timeline}):
            if any(old_title in entry.body for old_title in before):
                entries.change(entry.id, change)
    for delivery in deliveries.every():
        if dataset_id in delivery.body and any(old_title in delivery.body for old_title in before):
            deliveries.change(delivery.id, change)
    call_dataset(store, dataset_id, title)


def _naming(store: Store, dataset_id: str) -> Iterator[TimelineEntry]:
    return (entry for entry in store.of(TimelineEntry).every() if dataset_id in entry.body)


def _call(document: _Told, *, dataset_id: str, title: str, before: Collection[str]) -> None:
    envelope = unwrap(document.body.encode())
    data = retitled(envelope.data, dataset_id, title, before)
    document.body = envelope.model_copy(update={"data": data}).model_dump_json(
        serialize_as_any=True
    )
    if isinstance(document, TimelineEntry):
        document.summary = summarise(document.event)
