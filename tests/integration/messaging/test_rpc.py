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


def test_every_error_of_the_lab_keeps_its_type(lab: Lab) -> None:
    """Raised in one process, it is raised again as the same class in another, with its field.

    So it is where one of our services calls another; metrics name method, side and outcome.
    """
    with lab.rpc() as recorder:
        assert recorder.echo({"list": [1, None, "é"]}) == {"list": [1, None, "é"]}
        for cls in TYPED:
            with pytest.raises(LabError) as caught:
                recorder.fail(cls.__name__)
            assert (type(caught.value), str(caught.value)) == (cls, "why")
        with pytest.raises(Invalid) as refused:
            recorder.refuse()
        assert (refused.value.field, str(refused.value)) == ("colour", "colour: must be blue")
        assert recorder.ask_itself("refuse") == "Invalid: colour: must be blue"
        # The broker returns the request: nobody waits for the deadline.
        assert recorder.ask_nobody() == "Unavailable"
        with pytest.raises(MethodNotFound):
            recorder.nothing()
    for side in ("server", "client"):
        text = f'method="refuse",outcome="Invalid",service="recorder",side="{side}"'
        assert metric(lab, text)


def test_unforeseen_error_says_nothing_of_the_inside(lab: Lab) -> None:
    """The text of an unexpected exception stays in the log."""
    with lab.rpc() as recorder, pytest.raises(RemoteError) as caught:
        recorder.break_down()
    assert "42" not in str(caught.value)
    assert "the secret is 42" in lab.recorder.log()


def test_wrong_argument_is_named(lab: Lab) -> None:
    """Its type, its name or its number: the method is not run."""
    wrong: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (({},), {}, "method"),
        ((), {}, "method"),
        (("refuse",), {"colour": 1}, "colour"),
        (("refuse", 2), {}, ""),
    ]
    with lab.rpc() as recorder:
        for args, kwargs, field in wrong:
            with pytest.raises(Invalid) as caught:
                recorder.ask_itself(*args, **kwargs)
            assert caught.value.field == field
    assert metric(lab, 'method="ask_itself",outcome="Invalid"')


def test_malformed_request_is_answered_not_fatal(lab: Lab) -> None:
    """The caller hears what is wrong, and the service goes on.

    A number that no double holds would arrive as infinity, which JSON lacks.
    """
    malformed: list[tuple[bytes, dict[str, Any], str]] = [
        (b"{", {}, "la requête n'est pas du JSON : EOF"),
        (b"[]", {}, "the request is not a JSON object"),
        (b'{"args": 1, "kwargs": {}}', {}, "`args` is a list"),
        (b'{"args": []}', {}, "`args` or `kwargs` is missing"),
        (b"\x80", {}, "la requête n'est pas du JSON : expected value"),
        (b'"\\ud800"', {"content_encoding": "raw_unicode_escape"}, "n'est pas du JSON"),
        (b"\xff\xfe{\0", {"content_encoding": "utf-16"}, "n'est pas du JSON"),
    ]
    for body, properties, fault in malformed:
        error = lab.answer(body, "recorder.echo", **properties)["error"]
        assert (error["exc_type"], fault in error["value"]) == ("MalformedRequest", True), error
    error = lab.answer(b'{"args": [1e999], "kwargs": {}}', "recorder.echo")["error"]
    assert (error["exc_type"], "finis" in error["value"]) == ("Invalid", True)
    with lab.rpc() as recorder:
        assert recorder.echo(1) == 1


def test_value_that_nobody_can_keep_is_refused(lab: Lab) -> None:
    """A text with U+0000 or a number that is none gets no further than over HTTP."""
    with lab.rpc() as recorder:
        for value in ("a\0b", {"\0": 1}, [["\0"]], float("nan")):
            with pytest.raises((Invalid, MalformedRequest), match=r"U\+0000|pas du JSON"):
                recorder.echo(value)
        assert recorder.echo("a\\u0000b") == "a\\u0000b"


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


def test_request_of_strange_bytes_is_not_fatal(lab: Lab) -> None:
    """No property of a request, or end of a client, harms the process or comes back in a loop."""
    pid = lab.recorder.pid
    strange: list[dict[str, Any]] = [
        {"correlation_id": b"\xff\xfe"},
        {"correlation_id": "c" * 255},
        {"reply_to": b"\xff" * 255},
        {"content_encoding": b"\xff"},
        {"application_headers": {"compression": "application/x-gzip"}},
        {"routing_key": b"recorder.\xff"},
    ]
    for properties in strange:
        request = {"routing_key": "recorder.echo", "reply_to": "gone", **properties}
        lab.send_request(b'{"args": [1], "kwargs": {}}', **request)
    with lab.rpc() as recorder:
        assert recorder.echo(2) == 2
    eventually(lambda: lab.queues()["rpc-recorder"] == 0)
    assert (lab.recorder.pid, lab.recorder.alive) == (pid, True)
    assert "the consumer lost the broker" not in lab.recorder.log()


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
