"""What a job says on its pipe: progress as JSON lines, everything else as the tail of a log."""

import contextlib
import json
import os
import select
from dataclasses import dataclass
from typing import IO

_CHUNK = 1 << 16
_LINE_BYTES = 4096
_MESSAGE_LENGTH = 200


@dataclass(frozen=True)
class Progress:
    """How far a job is, from 0 to 1, what it does, in French, and the end of its log."""

    progress: float
    message: str
    log_tail: str


class JobOutput:
    """Reads a pipe without ever blocking on it; keeps the last `keep` bytes of log."""

    def __init__(self, pipe: IO[bytes], keep: int) -> None:
        self._descriptor = pipe.fileno()
        os.set_blocking(self._descriptor, False)
        self._keep = keep
        self._log = bytearray()
        self._line = b""
        self._progress, self._message = 0.0, ""
        self._has_news = False
        self.is_open = True
        self.total = 0

    @property
    def log_tail(self) -> str:
        """The end of the log, whatever bytes the job wrote."""
        return (bytes(self._log) + self._line)[-self._keep :].decode("utf-8", "replace")

    def read(self, seconds: float) -> bool:
        """Take in what comes within `seconds`; whether anything came."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return False
        buffer, size = bytearray(_CHUNK), 0
        with contextlib.suppress(BlockingIOError):
            # A hub may call a pipe ready that is not, where `os.read` would wait for ever: eventlet
            # patches that one.
            size = os.readv(self._descriptor, [buffer])
            self.is_open = size > 0
        chunk = bytes(buffer[:size])
        self.total += len(chunk)
        self._has_news |= chunk != b""
        *lines, rest = (self._line + chunk).split(b"\n")
        for line in lines:
            self._take(line)
        self._line = rest[-_LINE_BYTES:]
        return chunk != b""

    def news(self) -> Progress | None:
        """How far the job is, unless it said nothing since this was last asked."""
        if not self._has_news:
            return None
        self._has_news = False
        return Progress(self._progress, self._message, self.log_tail)

    def _take(self, line: bytes) -> None:
        said = _progress(line)
        if said is None:
            self._log += line + b"\n"
            del self._log[: -self._keep]
        else:
            self._progress, self._message = said


def _progress(line: bytes) -> tuple[float, str] | None:
    if not line.startswith(b"{") or len(line) > _LINE_BYTES:
        return None
    try:
        said = json.loads(line)
        share, message = float(said["progress"]), str(said.get("message", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    # A comparison with a NaN is false: the clamp makes it 0.
    return min(1.0, share) if share > 0 else 0.0, message[:_MESSAGE_LENGTH]
