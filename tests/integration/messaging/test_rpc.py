"""RPC by a stock nameko client: typed errors, deadlines, and requests that must not harm."""

import json
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from nameko.exceptions import MalformedRequest, MethodNotFound, RemoteError

from shared.errors import TYPED, Invalid, LabError
from tests.integration.messaging.conftest import Lab
from tests.servers import eventually


def metric(lab: Lab, text: str) -> bool:
    """Whether the recorder's metrics hold a sample with `text`."""
    return text in urllib3.request("GET", f"{lab.recorder.url}/metrics").data.decode()


def test_stock_client_gets_the_result(lab: Lab) -> None:
    """Plain JSON in, plain JSON out."""
    with lab.rpc() as recorder:
        assert recorder.echo({"list": [1, None, "é"]}) == {"list": [1, None, "é"]}


def test_error_of_the_lab_keeps_its_type_and_field(lab: Lab) -> None:
    """A client that has the error classes gets them back."""
    with lab.rpc() as recorder, pytest.raises(Invalid) as caught:
        recorder.refuse()
    assert (caught.value.field, str(caught.value)) == ("colour", "colour: must be blue")


@pytest.mark.parametrize("cls", TYPED)
def test_every_error_of_the_lab_keeps_its_type(lab: Lab, cls: type[LabError]) -> None:
    """Raised in one process, it is raised again as the same class in another."""
    with lab.rpc() as recorder, pytest.raises(LabError) as caught:
        recorder.fail(cls.__name__)
    assert (type(caught.value), str(caught.value)) == (cls, "why")


def test_unforeseen_error_says_nothing_of_the_inside(lab: Lab) -> None:
    """The text of an unexpected exception stays in the log."""
    with lab.rpc() as recorder, pytest.raises(RemoteError) as caught:
        recorder.break_down()
    assert "42" not in str(caught.value)
    assert "the secret is 42" in lab.recorder.log()


def test_wrong_method_is_told(lab: Lab) -> None:
    """As stock nameko tells it."""
    with lab.rpc() as recorder, pytest.raises(MethodNotFound):
        recorder.nothing()


@pytest.mark.parametrize(
    ("args", "kwargs", "field"),
    [
        (({},), {}, "method"),
        ((), {}, "method"),
        (("refuse",), {"colour": 1}, "colour"),
        (("refuse", 2), {}, ""),
    ],
)
def test_wrong_argument_is_named(
    lab: Lab, args: tuple[Any, ...], kwargs: dict[str, Any], field: str
) -> None:
    """Its type, its name or its number: the method is not run."""
    with lab.rpc() as recorder, pytest.raises(Invalid) as caught:
        recorder.ask_itself(*args, **kwargs)
    assert caught.value.field == field
    assert metric(lab, 'method="ask_itself",outcome="Invalid"')


@pytest.mark.parametrize(
    ("body", "properties", "told"),
    [
        (b"{", {}, "la requête n'est pas du JSON : EOF"),
        (b"[]", {}, "the request is not a JSON object"),
        (b'{"args": 1, "kwargs": {}}', {}, "`args` is a list"),
        (b'{"args": []}', {}, "`args` or `kwargs` is missing"),
        (b"\x80", {}, "la requête n'est pas du JSON : expected value"),
        (b"", {}, "la requête n'est pas du JSON : EOF"),
        (b'"\\ud800"', {"content_encoding": "raw_unicode_escape"}, "la requête n'est pas du JSON"),
        (b"\xff\xfe{\0", {"content_encoding": "utf-16"}, "la requête n'est pas du JSON"),
    ],
)
def test_malformed_request_is_answered_not_fatal(
    lab: Lab, body: bytes, properties: dict[str, Any], told: str
) -> None:
    """The caller hears what is wrong, and the service goes on."""
    error = lab.answer(body, "recorder.echo", **properties)["error"]
    assert error["exc_type"] == "MalformedRequest"
    assert told in error["value"]
    with lab.rpc() as recorder:
        assert recorder.echo(1) == 1


@pytest.mark.parametrize("value", ["a\0b", {"\0": 1}, [["\0"]], float("nan"), float("-inf")])
def test_value_that_nobody_can_keep_is_refused(lab: Lab, value: Any) -> None:
    """A text with U+0000 or a number that is none gets no further than over HTTP."""
    with lab.rpc() as recorder:
        with pytest.raises((Invalid, MalformedRequest), match=r"U\+0000|pas du JSON"):
            recorder.echo(value)
        assert recorder.echo("a\\u0000b") == "a\\u0000b"


def test_number_that_no_double_holds_is_refused(lab: Lab) -> None:
    """It would arrive as infinity, which JSON lacks."""
    answer = lab.answer(b'{"args": [1e999], "kwargs": {}}', "recorder.echo")
    assert answer["error"]["exc_type"] == "Invalid"
    assert "finis" in answer["error"]["value"]


def test_request_without_reply_to_is_counted_and_not_run(lab: Lab) -> None:
    """Nobody waits for it, so it has no effect; nor is an answer sent as a call. It lives."""
    member = uuid4().hex
    pid = lab.announcer.pid
    body = json.dumps({"args": [member, "Ville"], "kwargs": {}}).encode()
    lab.send_request(body, "intake.announce")
    lab.send_request(body, "intake.announce", reply_to="recorder.echo")
    with lab.rpc("intake") as intake:
        intake.announce(f"{member}-after", "Ville")
    eventually(lab.is_quiet)
    assert lab.note(member, "intake") == {}
    assert lab.announcer.alive
    assert lab.announcer.pid == pid


def test_reply_to_a_queue_that_is_gone_is_not_fatal(lab: Lab) -> None:
    """The client left: the reply is dropped and the next call served."""
    body = json.dumps({"args": [1], "kwargs": {}}).encode()
    lab.send_request(body, "recorder.echo", reply_to="gone", correlation_id="1")
    eventually(lab.is_quiet)
    with lab.rpc() as recorder:
        assert recorder.echo(2) == 2


@pytest.mark.parametrize(
    "properties",
    [
        {"correlation_id": b"\xff\xfe"},
        {"correlation_id": "c" * 255},
        {"reply_to": b"\xff" * 255},
        {"content_encoding": b"\xff"},
        {"application_headers": {"compression": "application/x-gzip"}},
        {"routing_key": b"recorder.\xff"},
    ],
)
def test_request_of_strange_bytes_is_not_fatal(lab: Lab, properties: dict[str, Any]) -> None:
    """No property of a request harms the process or comes back in a loop."""
    pid = lab.recorder.pid
    request = {"routing_key": "recorder.echo", "reply_to": "gone", **properties}
    lab.send_request(b'{"args": [1], "kwargs": {}}', **request)
    with lab.rpc() as recorder:
        assert recorder.echo(2) == 2
    eventually(lambda: lab.queues()["rpc-recorder"] == 0)
    assert (lab.recorder.pid, lab.recorder.alive) == (pid, True)
    assert "the consumer lost the broker" not in lab.recorder.log()


def test_call_between_services_carries_typed_errors(lab: Lab) -> None:
    """Our own client raises the class that the other side raised."""
    with lab.rpc() as recorder:
        assert recorder.ask_itself("refuse") == "Invalid: colour: must be blue"


def test_call_to_a_service_that_is_not_there_fails_at_once(lab: Lab) -> None:
    """The broker returns the request, nobody waits for the deadline."""
    with lab.rpc() as recorder:
        assert recorder.ask_nobody() == "Unavailable"


def test_call_that_gets_no_answer_ends_at_its_deadline(lab: Lab) -> None:
    """A stopped service still has its queue: call and request both end at the deadline."""
    lab.announcer.stop()
    try:
        with lab.rpc() as recorder:
            answer = recorder.ask_intake("m", "n")
        assert answer == "DeadlineExceeded"
        eventually(lambda: lab.queues()["rpc-intake"] == 0)
    finally:
        lab.announcer.start()


def test_rpc_metrics_name_method_side_and_outcome(lab: Lab) -> None:
    """One sample per way a call ended."""
    with lab.rpc() as recorder:
        recorder.ask_itself("refuse")
    assert metric(lab, 'method="refuse",outcome="Invalid",service="recorder",side="server"')
    assert metric(lab, 'method="refuse",outcome="Invalid",service="recorder",side="client"')
