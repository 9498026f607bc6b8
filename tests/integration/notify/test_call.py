"""One call of a webhook against servers that behave and misbehave."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from deploy.local.ports import LOOPBACK
from shared.outbound import CallFailed, Names, SsrfGuard, TimeLimit, post
from tests.servers import PATIENCE_SECONDS, free_port
from tests.web_server import (
    Answer,
    WebServer,
    answer,
    drip_body,
    drip_head,
    endless_of_a_length,
    hang,
    hang_up,
    nonsense,
)

GUARD = SsrfGuard(allow_private=True)
SECONDS = 0.5


def call(url: str, seconds: float = PATIENCE_SECONDS) -> tuple[int | str, float]:
    """The status or the failure of a call, and the seconds it took."""
    began = time.monotonic()
    try:
        limit = TimeLimit(seconds)
        target = GUARD.target(url, limit)
        outcome: int | str = post(target, {"X-A": "b"}, b"{}", limit).status
    except CallFailed as failure:
        outcome = str(failure)
    return outcome, time.monotonic() - began


def test_call_arrives_as_it_was_sent(receiver: WebServer) -> None:
    """Method, path with query, headers, host and body."""
    assert call(receiver.url("/hook?a=b"))[0] == 204
    (received,) = receiver.calls("/hook?a=b")
    assert received.body == b"{}"
    assert received.headers["host"] == f"{LOOPBACK}:{receiver.server_port}"
    assert (received.headers["x-a"], received.headers["content-length"]) == ("b", "2")


def test_status_is_reported_and_no_redirect_followed(receiver: WebServer) -> None:
    """Whatever the server answers; nobody calls the new address."""
    for status in (200, 410, 503, 301, 302, 303, 307, 308):
        location = {"Location": receiver.url("/new")} if status // 100 == 3 else {}
        receiver.answers[f"/{status}"] = answer(status, b"text", **location)
        assert call(receiver.url(f"/{status}"))[0] == status
    assert receiver.calls("/new") == []


@pytest.mark.parametrize("behaviour", [hang, drip_head])
def test_slow_head_ends_with_the_time(receiver: WebServer, behaviour: Answer) -> None:
    """A byte now and then does not prolong a call."""
    receiver.answers["/slow"] = behaviour
    outcome, seconds = call(receiver.url("/slow"), SECONDS)
    assert outcome == "pas de réponse en 0,5 s"
    assert seconds < PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("behaviour", "limit"), [(drip_body, 2), (endless_of_a_length, 2 * PATIENCE_SECONDS)]
)
def test_status_counts_of_a_body_that_does_not_end(
    receiver: WebServer, behaviour: Answer, limit: float
) -> None:
    """The server said 200: a few kilobytes are taken, within the time, and the rest left."""
    receiver.answers["/talks"] = behaviour
    outcome, seconds = call(receiver.url("/talks"), limit)
    assert outcome == 200
    assert seconds < PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(nonsense, "la réponse n'est pas du HTTP"), (hang_up, "connexion interrompue")],
)
def test_no_http_is_a_failure(receiver: WebServer, behaviour: Answer, reason: str) -> None:
    """A server that is none says nothing about the delivery."""
    receiver.answers["/odd"] = behaviour
    assert reason in str(call(receiver.url("/odd"))[0])


def test_closed_port_is_a_failure() -> None:
    """Nobody listens there."""
    assert call(f"http://{LOOPBACK}:{free_port()}/")[0] == "connexion refusée"


def test_port_that_never_accepts_ends_with_the_time() -> None:
    """The kernel takes the connection, nobody ever answers, in plain and in TLS."""
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        for scheme in ("http", "https"):
            outcome, seconds = call(f"{scheme}://{LOOPBACK}:{port}/", SECONDS)
            assert outcome == "pas de réponse en 0,5 s"
            assert seconds < PATIENCE_SECONDS


def test_next_address_of_a_name_is_tried(receiver: WebServer) -> None:
    """A name may have an address that nobody listens on."""
    guard = SsrfGuard(
        allow_private=True,
        names=Names(lambda _, port: [(0, 0, 0, "", (at, port)) for at in ("127.0.0.2", LOOPBACK)]),
    )
    limit = TimeLimit(PATIENCE_SECONDS)
    target = guard.target(f"http://partner.example:{receiver.server_port}/two", limit)
    assert post(target, {}, b"{}", limit).status == 204
    (received,) = receiver.calls("/two")
    assert received.headers["host"] == f"partner.example:{receiver.server_port}"


def asked(receiver: WebServer, value: str) -> float | None:
    """What `Retry-After: value` is read as."""
    receiver.answers["/busy"] = answer(503, Retry_After=value)
    limit = TimeLimit(PATIENCE_SECONDS)
    return post(GUARD.target(receiver.url("/busy"), limit), {}, b"{}", limit).retry_after


def test_retry_after_is_read_in_seconds_or_as_a_date(receiver: WebServer) -> None:
    """What is neither, nor within the calendar, counts for nothing; nor does a date that passed."""
    for value in ("soon", "-5", "9" * 400, "Fri, 31 Dec 9999 23:59:59 -2359"):
        assert asked(receiver, value) is None
    assert [asked(receiver, value) for value in ("30", "0")] == [30, 0]
    for hours, seconds in ((-1, 0), (1, 3600)):
        date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
        assert asked(receiver, date) == pytest.approx(seconds, abs=60)
