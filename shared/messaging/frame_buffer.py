"""Holds back the frames that a connection writes, to send many of them in one go."""

from collections.abc import Callable
from typing import Any

from amqp.method_framing import frame_writer

_HELD_BYTES = 1 << 15
"""Beyond it they are sent all the same: the broker works while the rest is made."""


class FrameBuffer:
    """What stands between one connection's frames and its socket."""

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
