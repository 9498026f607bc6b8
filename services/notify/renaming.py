"""A deleted dataset is called as it is now in what was told of it before, and in what is sent."""

from collections.abc import Collection, Iterator
from functools import partial

from services.notify.model import WebhookDelivery
from services.notify.steering.kept_facts import call_dataset
from services.notify.summaries import summarise
from services.notify.timeline import TimelineEntry
from shared.endings.retitling import retitled, titles_in
from shared.events import DatasetDeleted, unwrap
from shared.store import Store

Told = TimelineEntry | WebhookDelivery


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


def _call(document: Told, *, dataset_id: str, title: str, before: Collection[str]) -> None:
    envelope = unwrap(document.body.encode())
    data = retitled(envelope.data, dataset_id, title, before)
    document.body = envelope.model_copy(update={"data": data}).model_dump_json(
        serialize_as_any=True
    )
    if isinstance(document, TimelineEntry):
        document.summary = summarise(document.event)
