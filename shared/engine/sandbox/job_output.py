"""What a job says on its pipe: progress and dated sentences as JSON lines; all else is its log."""

import contextlib
import json
import os
import select
from dataclasses import dataclass
from typing import IO, Any

from shared.aggregate import now

_CHUNK = 1 << 16
_LINE_BYTES = 4096
_MESSAGE_LENGTH = 200


@dataclass(frozen=True)
class Progress:
    """How far a job is, from 0 to 1, what it does, in French, and the end of its log.

    `log_lines` are all that it had, the last of which may still go on; the end has fewer.
    """

    progress: float
    message: str
    log_tail: str
    log_lines: int = 0


def dated(sentence: str) -> str:
    """Return a line of a log with the present time (UTC)."""
    return f"{now():%Y-%m-%dT%H:%M:%SZ} {sentence}\n"


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
        self.total = self.log_lines = 0

    @property
    def log_tail(self) -> str:
        """Return the end of the log, whatever bytes the job wrote."""
        return (bytes(self._log) + self._line)[-self._keep :].decode("utf-8", "replace")

    def read(self, seconds: float) -> bool:
        """Read what arrives within `seconds`; returns whether anything did."""
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
        """Return the job's progress, unless it said nothing since the last call."""
        if not self._has_news:
            return None
        self._has_news = False
        return Progress(self._progress, self._message, self.log_tail, self.log_lines)

    def _take(self, line: bytes) -> None:
        record = _read(line)
        if (sentence := record.get("log")) and isinstance(sentence, str):
            self._keep_line(dated(" ".join(sentence.split())).encode("utf-8", "replace"))
        elif (progress := _progress(record)) is None:
            self._keep_line(line + b"\n")
        else:
            self._progress, self._message = progress

    def _keep_line(self, line: bytes) -> None:
        self._log += line
        self.log_lines += 1
        del self._log[: -self._keep]


def _read(line: bytes) -> dict[str, Any]:
    """Return the object in a line; an empty one for any other line."""
    if not line.startswith(b"{") or len(line) > _LINE_BYTES:
        return {}
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _progress(record: dict[str, Any]) -> tuple[float, str] | None:
    try:
        share, message = float(record["progress"]), str(record.get("message", ""))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    # A comparison with a NaN is false: the clamp makes it 0.
    return min(1.0, share) if share > 0 else 0.0, message[:_MESSAGE_LENGTH]
