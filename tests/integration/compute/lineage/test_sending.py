"""Events on their way to a server of lineage that behaves and misbehaves, or to a file."""

import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import LOOPBACK
from services.compute.lineage.sending import LineageServer
from shared.errors import Rejected, Unreachable
from shared.outbound import SsrfGuard
from tests.servers import eventually, free_port
from tests.web_server import hang, hang_up, serving

EVENTS = ({"eventType": "START"}, {"eventType": "COMPLETE"})


def lineage_server(url: str, **seconds: Any) -> LineageServer:
    """Where events go."""
    return LineageServer(url, SsrfGuard(allow_private=True), **seconds)


def test_events_are_posted_in_their_order() -> None:
    """Each by itself, as JSON."""
    with serving(201) as receiver:
        lineage_server(receiver.url("/api/v1/lineage?a=b")).send(EVENTS)
        bodies = [call.body for call in receiver.calls("/api/v1/lineage?a=b")]
    assert bodies == [b'{"eventType": "START"}', b'{"eventType": "COMPLETE"}']


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, Unreachable) for status in (401, 403, 408, 429, 500, 503)),
        *((status, Rejected) for status in (301, 400, 404, 422)),
    ],
)
def test_server_that_is_away_is_asked_again_and_one_that_refuses_is_not(
    status: int, error: type[Exception]
) -> None:
    """The second event is not sent before the first was taken. A token is mended, too."""
    with serving(status) as receiver:
        with pytest.raises(error, match=str(status)):
            lineage_server(receiver.url("/")).send(EVENTS)
        assert len(receiver.received) == 1


def test_server_that_does_not_answer_is_left_alone_for_a_while() -> None:
    """Whether nothing listens there, or it hangs up; others need not wait for that."""
    with serving(201) as receiver:
        receiver.answers["/"] = hang_up
        server = lineage_server(receiver.url("/"), pause_seconds=0.5)
        for _ in range(3):
            with pytest.raises(Unreachable):
                server.send(EVENTS)
        assert len(receiver.received) == 1
        del receiver.answers["/"]
        eventually(lambda: is_sent(server), "another call")
    with pytest.raises(Unreachable, match="refusée"):
        lineage_server(f"http://{LOOPBACK}:{free_port()}/").send(EVENTS)


def is_sent(server: LineageServer) -> bool:
    """Whether the server takes events by now."""
    try:
        server.send(EVENTS)
    except Unreachable:
        return False
    return True


def test_server_that_hangs_holds_up_one_call_and_not_for_long() -> None:
    """Who comes meanwhile is told at once to come again."""
    with serving(201) as receiver:
        receiver.answers["/"] = hang
        server = lineage_server(receiver.url("/"), call_seconds=0.5)
        first = threading.Thread(target=is_sent, args=[server])
        first.start()
        eventually(lambda: receiver.received, "a call")
        with pytest.raises(Unreachable, match="another call"):
            server.send(EVENTS)
        first.join()
        assert len(receiver.received) == 1


def test_file_is_appended_to_and_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    """A line for each event, after those that are there."""
    path = tmp_path / "lineage.jsonl"
    for _ in range(2):
        lineage_server(f"file://{path}").send(EVENTS)
    assert (
        path.read_text().splitlines() == ['{"eventType": "START"}', '{"eventType": "COMPLETE"}'] * 2
    )
    with pytest.raises(Unreachable, match="No space left"):
        lineage_server("file:///dev/full").send(EVENTS)
