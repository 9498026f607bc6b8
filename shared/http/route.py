"""What a route is and what its handler is given: plain values, without a server."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from shared.auth import Caller, Role
from shared.inbound import IdempotencyKey

METADATA = "metadata"
"""The part of an upload that carries the body, beside the file."""

BYTES = "application/octet-stream"
"""The media type of a file of which nothing is known."""

EVENTS = "text/event-stream"
"""The media type of server-sent events."""


@dataclass(frozen=True)
class Route:
    """One method and path, with the models of what goes in and out.

    `returns` is a type that pydantic can dump, Download, Text, EventStream, or None for an empty
    204 answer; a handler may return None in place of any.
    `sends` are the media types of a Download; a file of another one goes as BYTES. `roles` empty
    means any valid token but one for the lab's figures alone (auth.OF_FIGURES), and with `public`
    none where the lab opens its catalogue; `upload` names the multipart part that carries a file;
    `formats` maps the names of the formats that a client
    may choose among to their media types, the default first. A route that takes a credential is
    called by anybody: its handler checks the bearer text, `Call.credential`, itself.
    """

    method: str
    path: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    returns: Any = None
    sends: Collection[str] = ()
    status: int = 200
    roles: Collection[Role] = ()
    upload: str | None = None
    text: str = ""
    formats: Mapping[Any, str] = field(default_factory=dict)
    public: bool = False
    takes: Literal["token", "credential"] = "token"

    @property
    def parameters(self) -> list[str]:
        """The names in braces of the path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def pattern(self) -> str:
        """The path as werkzeug writes it: `/projects/<project_id>`."""
        return re.sub(r"{(\w+)}", r"<\1>", self.path)


@dataclass(frozen=True)
class Call:
    """One authenticated request with its checked body and query.

    On an upload route `file` is the stored file's FileRef, `file_was_stored` whether the store had
    the same bytes before, and `filename` the name it came with; on a route with formats `format` is
    the name of the one to answer in. `last_event_id` is the header of that name as it came, and
    `key_text` that of an idempotency key, which its sender calls `key_name`.
    """

    caller: Caller
    body: Any = None
    query: Any = None
    file: Any = None
    file_was_stored: bool = False
    filename: str = ""
    key_text: str | None = None
    key_name: str = "Idempotency-Key"
    last_event_id: str | None = None
    credential: str = field(default="", repr=False)
    format: Any = ""

    @property
    def idempotency_key(self) -> IdempotencyKey | None:
        """What the sender repeats with a repeated command; raises Invalid by the name it gave."""
        return IdempotencyKey.if_any(self.key_text, self.key_name)


@dataclass(frozen=True)
class Download:
    """A file to be sent piece by piece; `size` in bytes when it is known."""

    chunks: Iterable[bytes]
    media_type: str = BYTES
    filename: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Text:
    """A text that is written piece by piece, in UTF-8; `next` is the address of the next page."""

    pieces: Iterable[bytes]
    media_type: str
    next: str | None = None


@dataclass(frozen=True)
class EventStream:
    """Server-sent events, each of which is sent at once; raises before the first what refuses it.

    No worker is taken while it goes on: only a connection, which counts for the caller.
    """

    pieces: Iterable[bytes]
