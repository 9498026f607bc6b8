"""Reads what a client sent: bounded bodies, strict JSON, query strings, the format it asks for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_origin

import eventlet
from pydantic import BaseModel
from werkzeug.datastructures import MIMEAccept, MultiDict
from werkzeug.exceptions import NotAcceptable, RequestTimeout, UnsupportedMediaType
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Request

from shared.errors import Invalid, Rejected, TooLarge

JSON_BYTES = 1_000_000
"""The largest JSON body, and the largest JSON part of an upload."""

_CHUNK = 1 << 16
_SINGLE = ("authorization", "content-length", "content-type", "idempotency-key", "traceparent")


class BadFraming(Rejected):
    """A proxy might read this request in another way."""


def check_framing(environ: Mapping[str, Any]) -> None:
    """Refuse what proxies and servers may read in two ways; raises BadFraming."""
    names = [name.lower() for name, _ in environ.get("headers_raw", ())]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise BadFraming(f"l'en-tête {name} est donné plusieurs fois")
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").lower() != "chunked":
        raise BadFraming("le seul codage de transfert accepté est chunked")


def chunks(request: Request, limit: int, too_large: TooLarge, seconds: float) -> Iterator[bytes]:
    """The body in pieces of 64 kB, each of which has `seconds` to come.

    Raises `too_large` beyond `limit` bytes, at once when its length is announced; RequestTimeout
    when it comes too slowly; Rejected when it ends early or its chunks are broken.
    """
    if (request.content_length or 0) > limit:
        raise too_large
    return _read(request, limit, too_large, seconds)


def _read(request: Request, limit: int, too_large: TooLarge, seconds: float) -> Iterator[bytes]:
    source, size = request.environ["wsgi.input"], 0
    slow = RequestTimeout(f"moins de 64 ko du corps sont arrivés en {seconds:g} secondes")
    try:
        while piece := _within(seconds, slow, source.read, _CHUNK):
            size += len(piece)
            if size > limit:
                raise too_large
            yield piece
            # A quick client never makes the socket wait: let the others have their turn.
            eventlet.sleep(0)
    except (OSError, ValueError) as error:
        raise Rejected("le corps est coupé, ou mal découpé (chunked)") from error
    if size < (request.content_length or 0):
        raise Rejected("le corps est coupé")


def _within(seconds: float, slow: RequestTimeout, read: Callable[[int], bytes], size: int) -> bytes:
    with eventlet.Timeout(seconds, slow):
        return read(size)


def receive_json(request: Request, seconds: float) -> bytes:
    """The body of a request that says it is JSON, which has `seconds` to come.

    Raises UnsupportedMediaType for another type, TooLarge, RequestTimeout.
    """
    if request.mimetype != "application/json" or "Content-Encoding" in request.headers:
        raise UnsupportedMediaType("envoyez le corps en application/json, sans compression")
    slow = RequestTimeout(f"le corps n'est pas arrivé en {seconds:g} secondes")
    large = TooLarge.beyond(JSON_BYTES, "le corps")
    with eventlet.Timeout(seconds, slow):
        return b"".join(chunks(request, JSON_BYTES, large, seconds))


def read_query(model: type[BaseModel], parameters: MultiDict[str, str]) -> BaseModel:
    """The query parameters as `model`; a parameter that takes one value may come once."""
    values: dict[str, Any] = {}
    lists = {
        field.alias or name
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) in {list, tuple, set, frozenset}
    }
    for name, texts in parameters.lists():
        if name not in lists and len(texts) > 1:
            raise Invalid("est donné plusieurs fois", name)
        if any("\0" in text for text in texts):
            raise Invalid("un texte ne peut contenir le caractère U+0000", name)
        values[name] = texts if name in lists else texts[0]
    return model.model_validate(values)


def chosen_format(formats: Mapping[str, str], asked: str | None, accept: str | None) -> str:
    """The name of the format to answer in; `formats` maps names to media types, the first default.

    `asked`, the query parameter, was checked before. It wins over `accept` (RFC 9110, 12.5.1):
    browsers and links send no header of their own. Raises NotAcceptable, naming the media types.
    """
    if asked and asked in formats:
        return asked
    if not accept:
        return next(iter(formats))
    offered = {media_type: name for name, media_type in formats.items()}
    accepted = parse_accept_header(accept, MIMEAccept)
    # A charset or profile narrows what is wished for, but another one is better than nothing.
    plain = MIMEAccept([(value.partition(";")[0], quality) for value, quality in accepted])
    best = plain.best_match(offered)
    if best is None:
        raise NotAcceptable(f"les formats possibles sont {', '.join(offered)}")
    return offered[best]
