"""What links the lines, events and calls of one piece of work: W3C trace and correlation id.

The present values live in context variables, which eventlet keeps per green thread.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

traceparent: ContextVar[str] = ContextVar("traceparent", default="")
correlation: ContextVar[str] = ContextVar("correlation", default="")
call: ContextVar[str] = ContextVar("call", default="")
"""The id of the RPC request at work: the same when the broker delivers the request again."""


def child_of(parent: str | None) -> str:
    """A new W3C traceparent: a new span of `parent`'s trace, or of a new trace when it has none.

    Source: W3C Trace Context, section 3.2 (version 00).
    """
    match = _TRACEPARENT.fullmatch(parent or "")
    trace_id = match.group(1) if match else secrets.token_hex(16)
    flags = match.group(2) if match else "01"
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def working_on(correlation_id: str, parent: str | None) -> Iterator[None]:
    """Let everything logged, saved and called in this block carry these two identifiers."""
    trace_token = traceparent.set(child_of(parent))
    correlation_token = correlation.set(correlation_id)
    try:
        yield
    finally:
        traceparent.reset(trace_token)
        correlation.reset(correlation_token)


def headers() -> dict[str, str]:
    """The present identifiers as message headers; empty outside of `working_on`."""
    present = {"traceparent": traceparent.get(), "correlationid": correlation.get()}
    return {name: value for name, value in present.items() if value}
