"""Turns what a handler returns into an HTTP answer."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import cache
from itertools import chain
from typing import Any
from urllib.parse import quote

import eventlet
from pydantic import TypeAdapter
from werkzeug.wrappers import Response

from shared.http.route import BYTES, EVENTS, Download, EventStream, Route, Text
from shared.http.turns import Turn
from shared.http.upload import plain_name
from shared.language.folding import ascii_of

log = logging.getLogger(__name__)

_MISREAD = re.compile(r'["\\%]')
"""What clients read in several ways in a plain name: RFC 6266, appendix D."""

_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
"""What writes results of a type; that of a union takes half a millisecond to make."""


def answer(
    route: Route, result: object, routes: Sequence[Route], turn: Turn = nullcontext
) -> Response:
    """The answer of `route`: JSON of the result, a file, or 204 for None.

    It is called in a turn; what is made later has a `turn` for each piece.
    """
    if result is None:
        empty = Response(status=204)
        del empty.headers["Content-Type"]
        return empty
    if isinstance(result, Download):
        return _send(route, result, turn)
    if isinstance(result, Text):
        return _write(result, turn)
    if isinstance(result, EventStream):
        return _stream(result)
    body = _adapter(route.returns or type(result)).dump_json(result, by_alias=True)
    response = Response(body, route.status, content_type="application/json")
    location = _location(route, result, routes)
    if location:
        response.headers["Location"] = location
    if route.formats:
        response.headers["Vary"] = "Accept"
    return response


def _location(route: Route, result: object, routes: Sequence[Route]) -> str:
    """The path where what was just made can be read: its own GET route under this one."""
    if route.status not in {201, 202}:
        return ""
    for other in routes:
        name = other.parameters[-1] if other.parameters else ""
        if other.method == "GET" and name and other.path == f"{route.path}/{{{name}}}":
            identifier = getattr(result, name, None) or getattr(result, "id", None)
            return f"{route.path}/{identifier}" if identifier else ""
    return ""


def _send(route: Route, download: Download, turn: Turn) -> Response:
    chunks = iter(download.chunks)
    # A missing file shall be told before the first header is sent.
    first = next(chunks, b"")
    # What sandboxed work or an uploader named is sent as no more than the document declares.
    is_declared = download.media_type.partition(";")[0] in route.sends
    response = Response(
        paced(chain([first], in_turn(chunks, turn))),
        200,
        content_type=download.media_type if is_declared else BYTES,
        direct_passthrough=True,
    )
    if download.size is not None:
        response.content_length = download.size
    response.headers.set("Content-Disposition", "attachment", **_names(download.filename))
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Pages and drawings that jobs made are saved; should one be shown, it runs nothing.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if route.formats:
        response.headers["Vary"] = "Accept"
    return response


def _write(text: Text, turn: Turn) -> Response:
    response = Response(paced(in_turn(text.pieces, turn)), 200, direct_passthrough=True)
    response.content_type = f"{text.media_type}; charset=utf-8"
    response.headers["Vary"] = "Accept"
    if text.next:
        response.headers["Link"] = f'<{text.next}>; rel="next"'
    return response


def _stream(stream: EventStream) -> Response:
    pieces = iter(stream.pieces)
    # A refusal shall be told before the first header is sent.
    first = next(pieces, b"")
    response = Response(paced(chain([first], pieces)), 200, direct_passthrough=True)
    response.headers["Content-Type"] = EVENTS
    response.headers["Cache-Control"] = "no-store"
    # nginx would collect what shall arrive at once.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _names(filename: str) -> dict[str, Any]:
    """The file's name for every client: plain ASCII, and UTF-8 as RFC 6266 and 8187 have it."""
    name = plain_name(filename)
    plain = _MISREAD.sub("_", ascii_of(name))
    if not plain or plain == name:
        return {"filename": plain} if plain else {}
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def in_turn(pieces: Iterable[bytes], turn: Turn) -> Iterator[bytes]:
    """The pieces, each made in a turn, which ends before it is sent: clients may be slow."""
    source = iter(pieces)
    while True:
        with turn():
            piece = next(source, None)
        if piece is None:
            return
        yield piece


def paced(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, with a turn for everybody else after each."""
    try:
        for chunk in chunks:
            yield chunk
            # A quick client never makes the socket wait: let the others have their turn.
            eventlet.sleep(0)
    except Exception:
        log.exception("a download broke off")
        raise
