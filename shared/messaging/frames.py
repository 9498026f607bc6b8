"""Frames as py-amqp reads and writes them: any can be read, and many are written in one go.

To the broker a short text is bytes. Py-amqp decodes it while it reads the frame. When that is no
UTF-8, or a header is nothing that Python can hold, it raises, which ends the connection and all
that was in hand, and the broker delivers the same message again.
"""

import logging
from collections.abc import Callable
from struct import unpack_from
from typing import Any

from amqp import spec
from amqp.basic_message import Message
from amqp.method_framing import frame_handler, frame_writer
from amqp.serialization import decode_properties_basic, loads

log = logging.getLogger(__name__)

Frame = tuple[int, int, bytes]

_METHOD, _HEADER = 1, 2
"""Frame types; source: AMQP 0-9-1, section 4.2.3."""

_ARGUMENTS = {spec.Basic.Deliver: "sLbss", spec.Basic.GetOk: "Lbssl"}
_ARGUMENTS_AT = 4
_FLAGS_AT, _PROPERTIES_AT = 12, 14
_SIZES = {"b": 1, "o": 1, "l": 4, "L": 8}

_HELD_BYTES = 1 << 15
"""Beyond it they are sent all the same: the broker works while the rest is made."""


def tolerant(connection: object, callback: Callable[..., Any]) -> Callable[[Frame], bool]:
    """py-amqp's `frame_handler` for a connection that reads what anybody may have written."""
    handle: Callable[[Frame], bool] = frame_handler(connection, callback)

    def read(frame: Frame) -> bool:
        kind, channel, payload = frame
        if kind == _METHOD:
            payload = readable_arguments(payload)
        elif kind == _HEADER:
            payload = readable_properties(payload)
        return handle((kind, channel, payload))

    return read


def telling_blocked(tell: Callable[[str], None]) -> Callable[..., Callable[[Frame], bool]]:
    """py-amqp's `frame_handler` for a connection that tells why the broker reads it no more.

    Py-amqp calls back as well, without the reason. Source: RabbitMQ, "Blocked Connections".
    """

    def handler(connection: object, callback: Callable[..., Any]) -> Callable[[Frame], bool]:
        handle: Callable[[Frame], bool] = frame_handler(connection, callback)

        def read(frame: Frame) -> bool:
            kind, _channel, payload = frame
            if kind == _METHOD and unpack_from(">HH", payload) == spec.Connection.Blocked:
                size = payload[_ARGUMENTS_AT]
                tell(_text(payload[_ARGUMENTS_AT + 1 :][:size]).decode())
            return handle(frame)

        return read

    return handler


def readable_arguments(payload: bytes) -> bytes:
    """The method with `?` in the place of each byte of a name that is not UTF-8."""
    layout = _ARGUMENTS.get(unpack_from(">HH", payload))
    if layout is None:
        return payload
    try:
        loads(layout, payload, _ARGUMENTS_AT)
    except UnicodeDecodeError:
        return _readable(payload, layout, _ARGUMENTS_AT)
    return payload


def readable_properties(payload: bytes) -> bytes:
    """The content header, with `?` as above; without properties when even so they are unreadable.

    Headers are: a date beyond the year 9999, tables nested deeper than Python's stack.
    """
    if _can_be_read(payload):
        return payload
    log.warning("a message has properties that cannot be read")
    (flags,) = unpack_from(">H", payload, _FLAGS_AT)
    kinds = (kind for _, kind in Message.PROPERTIES)
    layout = "".join(kind for bit, kind in enumerate(kinds) if flags & 0x8000 >> bit)
    mended = _readable(payload, layout, _PROPERTIES_AT)
    return mended if _can_be_read(mended) else payload[:_FLAGS_AT] + bytes(2)


def _can_be_read(payload: bytes) -> bool:
    try:
        decode_properties_basic(payload, _FLAGS_AT)
    except Exception:  # noqa: BLE001 - whatever a header provokes, it must not end the connection
        return False
    return True


def _readable(payload: bytes, layout: str, offset: int) -> bytes:
    """The same length and fields, each short text of `layout` from `offset` on made UTF-8."""
    mended = bytearray(payload)
    for kind in layout:
        if kind == "s":
            end = offset + 1 + mended[offset]
            mended[offset + 1 : end] = _text(bytes(mended[offset + 1 : end]))
            offset = end
        elif kind == "F":
            (size,) = unpack_from(">I", mended, offset)
            offset += 4 + size
        else:
            offset += _SIZES[kind]
    return bytes(mended)


def _text(raw: bytes) -> bytes:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return bytes(byte if byte < 0x80 else ord("?") for byte in raw)  # noqa: PLR2004 - ASCII
    return raw


class FrameBuffer:
    """Holds back the frames that one connection writes, to send many of them in one go."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._held: bytearray | None = None

    def writer(self, connection: object, transport: object) -> Callable[..., None]:
        """py-amqp's `frame_writer` for that connection, writing through this."""
        self._transport = transport
        written: Callable[..., None] = frame_writer(connection, self)
        return written

    def write(self, frames: memoryview) -> None:
        """Write whole frames, in the order they come; raises OSError."""
        if self._held is None:
            self._transport.write(frames)
            return
        self._held += frames
        if len(self._held) > _HELD_BYTES:
            held, self._held = self._held, bytearray()
            self._transport.write(held)

    def hold(self) -> None:
        """Keep what is written until `release`."""
        self._held = bytearray()

    def release(self) -> None:
        """Write what was kept, and keep nothing any more; raises OSError."""
        held, self._held = self._held, None
        if held:
            self._transport.write(held)
