"""Which of a route's formats a client is given: content negotiation (RFC 9110, 12.5.1)."""

from collections.abc import Mapping

from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable
from werkzeug.http import parse_accept_header

PARAMETER = "format"
"""The query parameter that wins over `Accept`: browsers and links send no header of their own."""


def chosen(formats: Mapping[str, str], asked: str | None, accept: str | None) -> str:
    """The name of the format to answer in; `formats` maps names to media types, the first default.

    `asked` is the query parameter, checked before. Raises NotAcceptable, naming the media types.
    """
    if asked and asked in formats:
        return asked
    if not accept:
        return next(iter(formats))
    offered = {media_type: name for name, media_type in formats.items()}
    wanted = parse_accept_header(accept, MIMEAccept)
    # A charset or profile narrows what is wished for, but another one is better than nothing.
    plain = MIMEAccept([(value.partition(";")[0], quality) for value, quality in wanted])
    best = plain.best_match(offered)
    if best is None:
        raise NotAcceptable(f"les formats possibles sont {', '.join(offered)}")
    return offered[best]
