"""What notify keeps for a time only: bodies of deliveries, timelines of ended projects."""

from datetime import timedelta

import pytest

from services.notify.commands import Webhooks
from services.notify.model import WebhookDelivery
from services.notify.recorder import Recorder
from services.notify.retention import policies
from services.notify.timeline import TimelineEntry
from shared.aggregate import now
from shared.auth import INSIDE
from shared.endings.retention import Policy
from shared.errors import WrongStage
from shared.events import JobSucceeded, ProjectSubmitted, ProjectWithdrawn
from shared.outbound import SsrfGuard
from shared.settings import Settings
from shared.store import Store
from tests.integration.notify.sending import Outgoing, add_endpoint
from tests.unit.notify.samples import HOLDER, PROJECT, envelope, example


@pytest.fixture
def by_kind(store: Store, settings: Settings) -> dict[str, Policy]:
    """The policies by kind."""
    return {policy.kind: policy for policy in policies(store, settings)}


def test_bodies_of_old_deliveries_go_and_those_under_way_stay(
    outgoing: Outgoing, by_kind: dict[str, Policy]
) -> None:
    """Attempts stay, and what lost its body is sent no more."""
    endpoint = outgoing.endpoint("/hook")
    *sent, waiting = outgoing.due(endpoint, 3)
    for delivery_id in sent:
        outgoing.deliveries.change(delivery_id, WebhookDelivery.close)
    policy = by_kind["deliveries"]
    (thing,) = policy.things()
    assert (thing.thing_id, thing.member_id) == (endpoint.id, endpoint.member_id)
    assert thing.since < now() - timedelta(seconds=50)
    batch = policy.erase(endpoint.id, now(), "")
    assert (batch.erased, batch.cursor, batch.is_last) == ({"envois": 2}, sent[-1], True)
    bodies = [outgoing.deliveries.get(delivery_id).body for delivery_id in (*sent, waiting)]
    assert [bool(body) for body in bodies] == [False, False, True]
    assert policy.erase(endpoint.id, now(), batch.cursor).erased == {}


def test_erased_delivery_is_not_sent_again(store: Store, outgoing: Outgoing) -> None:
    """Its endpoint would get an empty body."""
    (delivery_id,) = outgoing.due("/hook")
    outgoing.deliveries.change(delivery_id, WebhookDelivery.empty)
    webhooks = Webhooks(store, SsrfGuard(allow_private=True), most=1)
    with pytest.raises(WrongStage, match="effacé"):
        webhooks.replay(delivery_id, INSIDE)


def test_timeline_of_an_ended_project_keeps_what_happened_and_when(
    store: Store, by_kind: dict[str, Policy]
) -> None:
    """Not while the project goes on, and not before its time."""
    add_endpoint(store, HOLDER)
    submitted = envelope(example(ProjectSubmitted))
    news = submitted.model_copy(update={"data": submitted.data.model_copy(update={"title": "Nom"})})
    Recorder(store).record(news)
    policy = by_kind["timeline"]
    assert list(policy.things()) == []
    for event in (example(JobSucceeded), example(ProjectWithdrawn)):
        Recorder(store).record(envelope(event))
    (thing,) = policy.things()
    assert (thing.thing_id, thing.member_id) == (PROJECT, HOLDER)
    assert policy.erase(PROJECT, thing.since - timedelta(seconds=1), "").erased == {}
    assert policy.erase(PROJECT, thing.since, "").erased["événements"] >= 2
    entries = store.of(TimelineEntry).find({"correlation": PROJECT})
    assert "Nom" not in "".join(entry.body + entry.summary for entry in entries)
    assert {entry.topic for entry in entries} >= {"project_submitted", "project_withdrawn"}
