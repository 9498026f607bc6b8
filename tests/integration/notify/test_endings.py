"""A member leaves, or is erased: nothing of it is sent, kept in words, or comes back."""

import itertools
from collections.abc import Sequence

from services.notify.endings import note
from services.notify.model import Endpoint, WebhookDelivery
from services.notify.recorder import Recorder
from services.notify.steering.kept_facts import subjects_of
from services.notify.timeline import TimelineEntry
from shared.endings.departures import Departure
from shared.events import (
    AccessRequested,
    DatasetDeleted,
    DatasetPublished,
    Envelope,
    ErasureRequested,
    Event,
    ProjectSubmitted,
)
from shared.store import Store
from tests.integration.notify.sending import add_endpoint
from tests.unit.notify.samples import EVENTS, HOLDER, MARK, PROJECT, envelope, example, marked

ERASURE = envelope(ErasureRequested(erasure_id="ers_1", member_id=HOLDER), subject="ers_1")
STORY = [envelope(marked(event)) for event in EVENTS if getattr(event, "project_id", "")]


def hear(store: Store, *envelopes: Envelope[Event]) -> None:
    """Let the service hear these events."""
    for message in envelopes:
        Recorder(store).record(message)
        note(store, message)


def kept(store: Store) -> str:
    """All that the service holds, as one text."""
    classes = (Endpoint, TimelineEntry, WebhookDelivery, Departure)
    aggregates: Sequence[object] = [
        aggregate for cls in classes for aggregate in store.of(cls).every()
    ]
    return "\n".join(map(repr, aggregates))


def test_no_word_of_an_erased_member_is_kept(store: Store) -> None:
    """Neither in the timeline nor in what was sent, to it or to others; the rest is untouched."""
    add_endpoint(store, HOLDER, url=f"https://partner.example/{MARK}")
    operator = add_endpoint(store, "mem_operator", sees_all=True)
    other = example(ProjectSubmitted).model_copy(
        update={"project_id": "prj_other", "holder_id": "mem_other"}
    )
    hear(store, *STORY, envelope(other, subject="prj_other"))
    assert MARK in kept(store)
    entries = len(store.of(TimelineEntry).find())
    hear(store, ERASURE, ERASURE)
    assert MARK not in kept(store)
    assert "Communes" in kept(store)
    assert len(store.of(TimelineEntry).find()) == entries + 1
    assert store.of(WebhookDelivery).find({"endpoint_id": operator.id})
    (answer,) = store.of(Departure).get(HOLDER).outbox
    assert answer["type"] == "notify_erased"
    counts = {count["kind"]: count["count"] for count in answer["data"]["counts"]}
    assert counts["points de réception"] == 1
    assert counts["événements du fil"] >= len(STORY)


def test_late_events_bring_no_word_of_an_erased_member_back(store: Store) -> None:
    """They waited in an outbox or a queue; they are told, without what the member wrote."""
    add_endpoint(store, "mem_operator", sees_all=True)
    hear(store, envelope(example(ProjectSubmitted), sequence=9), ERASURE)
    for late in STORY:
        hear(store, late)
        assert len(store.of(TimelineEntry).find({"event_id": late.id})) == 1
        assert MARK not in kept(store), late.type


def test_event_before_its_holder_is_known_says_nothing_once_the_holder_was_erased(
    store: Store,
) -> None:
    """It waits to be told to its holder; who that is comes after the erasure."""
    add_endpoint(store, "mem_operator", sees_all=True)
    nameless = [envelope for envelope in STORY if not hasattr(envelope.data, "holder_id")]
    hear(store, *nameless)
    assert MARK in kept(store)
    hear(store, ERASURE, envelope(marked(example(ProjectSubmitted)), sequence=9))
    assert MARK not in kept(store)
    assert PROJECT in kept(store)


def test_words_written_while_the_erasure_passes_by_are_taken_out(store: Store) -> None:
    """Every order of an event, its erasure, and the event again ends the same."""
    add_endpoint(store, "mem_operator", sees_all=True)
    submitted = envelope(marked(example(ProjectSubmitted)))
    for order in itertools.permutations([submitted, ERASURE, submitted]):
        hear(store, *order)
        assert MARK not in kept(store)


def test_title_of_deleted_data_is_kept_in_no_timeline(store: Store) -> None:
    """Nor in what was sent; other data of the same title is still called so elsewhere."""
    add_endpoint(store, "mem_operator", sees_all=True)
    about = {"dataset_id": "dts_gone", "owner_id": HOLDER, "title": MARK}
    asked = example(AccessRequested).model_copy(update=about)
    published = example(DatasetPublished).model_copy(update=about)
    other = example(AccessRequested).model_copy(
        update={"dataset_id": "dts_other", "title": MARK, "project_id": "prj_other"}
    )
    envelopes = [envelope(asked), envelope(published, subject="dts_gone")]
    hear(store, *envelopes, envelope(other, subject="prj_other"))
    deleted = example(DatasetDeleted).model_copy(update={**about, "title": "Supprimé"})
    hear(store, envelope(deleted, subject="dts_gone", sequence=2))
    left = {
        entry.correlation: entry for entry in store.of(TimelineEntry).every() if MARK in repr(entry)
    }
    assert left.keys() == {"prj_other"}
    sent = [
        delivery.body for delivery in store.of(WebhookDelivery).every() if MARK in delivery.body
    ]
    assert len(sent) == 1
    assert "dts_other" in sent[0]
    assert all(
        "dts_gone" not in repr(subject) or MARK not in repr(subject)
        for subject in subjects_of(store)
    )
    (request,) = store.of(TimelineEntry).find({"correlation": PROJECT})
    assert "« Supprimé »" in request.summary
