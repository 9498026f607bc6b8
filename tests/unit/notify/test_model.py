"""Rules of endpoints and deliveries, and who is concerned by which event."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.model import (
    ABANDONED_IN_ROW,
    RETRY_AFTER_CAP,
    Attempt,
    Endpoint,
    WebhookDelivery,
    delivery_id,
)
from shared.aggregate import NEVER, now
from shared.events import DeliveryAbandoned, EndpointDisabled
from tests.unit.notify.samples import TIME

WAITS = (5.0, 300.0)


def endpoint() -> Endpoint:
    """An enabled endpoint that wants jobs and one kind of project news."""
    return Endpoint(
        id="end_1",
        member_id="mem_1",
        url="https://partner.example/",
        event_types=("job_*", "project_secured"),
        secret="whsec_",
        created_at=now(),
    )


def delivery(topic: str = "project_secured") -> WebhookDelivery:
    """A pending delivery."""
    return WebhookDelivery(
        id="dlv_1", endpoint_id="end_1", event_id="e", topic=topic, body="{}", next_attempt_at=now()
    )


def attempt(status: int | None = None, retry_after: float | None = None) -> Attempt:
    """An attempt at this moment, unlike any other."""
    seconds = datetime.now(UTC).timestamp()
    return Attempt(at=now(), status=status, seconds=seconds, retry_after=retry_after)


def noted(*statuses: int, topic: str = "project_secured") -> WebhookDelivery:
    """A delivery after attempts that were answered so."""
    sent = delivery(topic)
    for status in statuses:
        sent.note(attempt(status), WAITS, 1)
    return sent


def ended(*deliveries: bool) -> Endpoint:
    """An endpoint after deliveries that came to such ends: arrived or abandoned."""
    subscriber = endpoint()
    for delivered in deliveries:
        subscriber.note_end(delivered=delivered)
    return subscriber


def test_patterns_choose_topics() -> None:
    """A pattern with a star and a full name."""
    asked = ("job_failed", "project_secured", "project_rejected", "my_job_failed")
    assert [endpoint().wants(topic) for topic in asked] == [True, True, False, False]


def test_delivered_leaves_nothing_to_do() -> None:
    """A 2xx ends a delivery without an event."""
    sent = noted(204)
    assert (sent.state, sent.next_attempt_at, len(sent.attempts)) == ("delivered", NEVER, 1)
    assert sent.recorded() == []


@pytest.mark.parametrize("status", [None, 302, 400, 404, 429, 500, 503])
def test_failure_waits_as_scheduled(status: int | None) -> None:
    """Anything but 2xx and 410 is tried again after the first wait."""
    sent = delivery()
    sent.note(attempt(status), WAITS, 1.1)
    wait = (sent.next_attempt_at - now()).total_seconds()
    assert sent.state == "pending"
    assert 5.4 <= wait <= 5.5


def test_last_failure_abandons() -> None:
    """After the first attempt and one per wait, the delivery is given up and says so."""
    sent = delivery()
    for _ in range(len(WAITS) + 1):
        assert sent.state == "pending"
        sent.note(attempt(500), WAITS, 1)
    assert (sent.state, sent.next_attempt_at) == ("abandoned", NEVER)
    assert sent.recorded() == [
        DeliveryAbandoned(
            delivery_id="dlv_1",
            endpoint_id="end_1",
            event_id="e",
            attempts=3,
            last_error="réponse HTTP 500",
        )
    ]


def test_abandoned_news_about_webhooks_is_no_news() -> None:
    """Two dead endpoints that listen to each other's failures come to rest."""
    for topic in ("delivery_abandoned", "endpoint_disabled"):
        sent = noted(500, 500, 500, topic=topic)
        assert sent.state == "abandoned"
        assert sent.recorded() == []


def test_gone_is_not_tried_again() -> None:
    """410 ends a delivery at once."""
    assert noted(410).state == "abandoned"


@pytest.mark.parametrize(
    ("asked", "waited"), [(1.0, 5.0), (60.0, 60.0), (1e9, RETRY_AFTER_CAP), (None, 5.0)]
)
def test_retry_after_is_honoured_within_reason(asked: float | None, waited: float) -> None:
    """It lengthens the wait, never shortens it, and at most to a day."""
    sent = delivery()
    sent.note(attempt(503, asked), WAITS, 1)
    assert (sent.next_attempt_at - now()).total_seconds() == pytest.approx(waited, abs=0.5)


def test_late_failure_does_not_undo_a_success() -> None:
    """Of two workers that sent at once, one success is enough."""
    sent = noted(200, 500)
    assert (sent.state, len(sent.attempts)) == ("delivered", 2)


def test_noting_an_attempt_again_changes_nothing() -> None:
    """A save whose answer was lost is made again."""
    sent, failed = delivery(), attempt(500)
    sent.note(failed, WAITS, 1)
    sent.note(failed, WAITS, 1)
    assert (sent.tries, len(sent.attempts)) == (1, 1)


def test_replay_has_the_whole_schedule_again() -> None:
    """A replayed delivery is due now and keeps its history."""
    sent = noted(500, 500, 500)
    sent.replay()
    assert sent.state == "pending"
    assert sent.next_attempt_at <= now()
    sent.note(attempt(500), WAITS, 1)
    assert (sent.state, len(sent.attempts)) == ("pending", 4)


def test_endpoint_is_disabled_after_abandoned_deliveries_in_a_row() -> None:
    """A delivery that arrives starts the count anew."""
    nearly = [False] * (ABANDONED_IN_ROW - 1)
    dead = ended(*nearly, True, *nearly)
    assert dead.state == "enabled"
    dead.note_end(delivered=False)
    dead.note_end(delivered=False)
    reason = f"{ABANDONED_IN_ROW} envois abandonnés de suite"
    assert (dead.state, dead.reason) == ("disabled", reason)
    assert dead.recorded() == [
        EndpointDisabled(endpoint_id="end_1", member_id="mem_1", reason=reason)
    ]


def test_enabling_forgets_the_failures() -> None:
    """A re-enabled endpoint has its whole patience again."""
    dead = ended(*[False] * ABANDONED_IN_ROW)
    dead.change(state="enabled")
    dead.note_end(delivered=False)
    assert (dead.state, dead.reason) == ("enabled", "")


def test_change_touches_only_what_is_given() -> None:
    """The rest of an endpoint stays as it was."""
    changed = endpoint()
    changed.change(event_types=["*"])
    assert changed.model_dump() == {**endpoint().model_dump(), "event_types": ("*",)} | {
        "created_at": changed.created_at
    }


def test_deleted_endpoint_keeps_no_secret() -> None:
    """What stays of it is a stub that is never disabled or told of; its deliveries are closed."""
    gone = endpoint()
    gone.delete()
    assert gone.due_at <= now()
    gone.disable("?")
    assert (gone.state, gone.secret, gone.recorded()) == ("deleted", "", [])


@pytest.mark.parametrize(
    ("statuses", "age", "over"),
    [((), 330, False), ((), 340, True), ((None,), 330, False), ((None,), 340, True)],
)
def test_delivery_lives_as_long_as_its_schedule(
    statuses: tuple[int | None, ...], age: float, *, over: bool
) -> None:
    """Whether it was attempted or held back: from its first attempt, or since it was due."""
    sent, began = delivery(), now() - timedelta(seconds=age)
    sent.next_attempt_at = began
    for status in statuses:
        sent.note(Attempt(at=began, status=status), WAITS, 1)
    assert sent.is_over(WAITS) is over


def test_replay_lives_anew() -> None:
    """Its earlier attempts do not count."""
    sent = noted(500, 500, 500)
    sent.attempts = tuple(
        attempt.model_copy(update={"at": attempt.at - timedelta(days=9)})
        for attempt in sent.attempts
    )
    sent.replay()
    assert not sent.is_over(WAITS)
    sent.note(attempt(500), WAITS, 1)
    assert not sent.is_over(WAITS)


def test_expired_delivery_tells_why() -> None:
    """It was not attempted as often as it could have been; what has ended stays as it is."""
    sent, arrived = delivery(), noted(204)
    for ended in (sent, arrived):
        ended.expire()
    assert (sent.state, sent.next_attempt_at, arrived.state) == ("abandoned", NEVER, "delivered")
    (event,) = sent.recorded()
    assert isinstance(event, DeliveryAbandoned)
    assert (event.attempts, event.last_error) == (0, "le serveur ne répond plus")


def test_call_that_did_not_end_well_marks_the_endpoint() -> None:
    """Until one does."""
    subscriber = endpoint()
    subscriber.note_call(succeeded=False, abandoned=False)
    assert (subscriber.failing, subscriber.abandoned_in_row) == (True, 0)
    subscriber.note_call(succeeded=False, abandoned=True)
    assert (subscriber.failing, subscriber.abandoned_in_row) == (True, 1)
    subscriber.note_call(succeeded=True, abandoned=False)
    assert (subscriber.failing, subscriber.abandoned_in_row) == (False, 0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda endpoint: endpoint.change(state="enabled"),
        lambda endpoint: endpoint.change(url="https://elsewhere.example/"),
        lambda endpoint: endpoint.call_again(),
    ],
)
def test_endpoint_that_somebody_sees_to_may_be_called(ask: Callable[[Endpoint], None]) -> None:
    """Whatever was known of it."""
    failing_endpoint = endpoint()
    failing_endpoint.note_call(succeeded=False, abandoned=False)
    failing_endpoint.not_before = failing_endpoint.due_at = now() + timedelta(hours=1)
    failing_endpoint.change(description="?")
    failing_endpoint.expect(now())
    assert failing_endpoint.failing
    assert failing_endpoint.due_at == failing_endpoint.not_before
    ask(failing_endpoint)
    assert not failing_endpoint.failing
    assert failing_endpoint.due_at <= now()


def test_delivery_id_is_the_events_and_the_endpoints() -> None:
    """The same pair has one id; another event or endpoint another one."""
    same = {delivery_id("e", "end_1", TIME) for _ in range(2)}
    others = {delivery_id("f", "end_1", TIME), delivery_id("e", "end_2", TIME)}
    assert len(same) == 1
    assert len(same | others) == 3


@given(st.integers(0, 10_000_000), st.text(), st.text())
def test_delivery_ids_sort_by_time(later: int, first: str, second: str) -> None:
    """Newest first is a matter of ids."""
    after = TIME + timedelta(milliseconds=later + 1)
    assert delivery_id(first, "end_1", TIME) < delivery_id(second, "end_1", after)
