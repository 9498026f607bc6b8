"""One POST, of whose answer the status alone counts."""

import http.client
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.outbound.calls import connected
from shared.outbound.name_resolution import TimeLimit
from shared.outbound.ssrf_guard import CheckedTarget

_BODY_READ = 4096
"""Bytes of the answer that are taken before the connection is closed; none are kept."""


@dataclass(frozen=True)
class Answer:
    """The status of an answer, and the seconds it asks us to wait (Retry-After) if it does."""

    status: int
    retry_after: float | None = None


def post(
    target: CheckedTarget, headers: Mapping[str, str], body: bytes, limit: TimeLimit
) -> Answer:
    """Send `body`; the whole call, connecting and reading included, ends when the time is up.

    The status alone decides: a body that never ends does not undo it. Raises CallFailed.
    """
    with connected(target, limit) as timed:
        timed.connection.request("POST", target.path, body, {**headers, "Connection": "close"})
        response = timed.response()
        answer = Answer(response.status, _retry_after(response.getheader("Retry-After")))
        with suppress(OSError, http.client.HTTPException):
            response.read(_BODY_READ)
    return answer


def _retry_after(value: str | None) -> float | None:
    if not value:
        return None
    if value.isdecimal():
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max((date - datetime.now(UTC)).total_seconds(), 0)
