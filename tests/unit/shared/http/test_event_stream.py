"""Server-sent events as an answer."""

from collections.abc import Iterator

import pytest
from werkzeug.test import EnvironBuilder

from shared.errors import TooMany
from shared.http.response import answer
from shared.http.route import EventStream, Route

ROUTE = Route(method="GET", path="/events", returns=EventStream)


def stream(closed: list[bool]) -> Iterator[bytes]:
    """Two events; `closed` tells that it was left."""
    try:
        yield b"data: 1\n\n"
        yield b"data: 2\n\n"
    finally:
        closed.append(True)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_stream_is_left_with_its_answer(method: str) -> None:
    """Whoever asks for the head alone holds no place among those who follow."""
    closed: list[bool] = []
    response = answer(ROUTE, EventStream(stream(closed)), [])
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    environ = EnvironBuilder(method=method).get_environ()
    body = iter(response(environ, lambda *_: bytes.__len__))
    sent = next(body, b"")
    assert sent == (b"data: 1\n\n" if method == "GET" else b"")
    del response, body
    assert closed == [True]


def test_refusal_is_raised_before_anything_is_sent() -> None:
    """So that it is told as a problem."""

    def refused() -> Iterator[bytes]:
        raise TooMany
        yield b""

    with pytest.raises(TooMany):
        answer(ROUTE, EventStream(refused()), [])
