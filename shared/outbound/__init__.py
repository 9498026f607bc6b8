"""Calls to addresses that others name: none reaches the lab's own network, none takes too long.

A URL is judged by the addresses its name resolves to, and the call then goes to exactly these
addresses: a name that changes between check and call gains nothing (server-side request forgery).
Resolving, connecting and answering share one time limit.
"""

from shared.outbound.calls import CallFailed, TimedConnection, connected, timed_socket
from shared.outbound.name_resolution import Names, SilentNames, TimeLimit, Unresolved
from shared.outbound.posting import Answer, post
from shared.outbound.ssrf_guard import CheckedTarget, SsrfGuard, is_public

__all__ = [
    "Answer",
    "CallFailed",
    "CheckedTarget",
    "Names",
    "SilentNames",
    "SsrfGuard",
    "TimeLimit",
    "TimedConnection",
    "Unresolved",
    "connected",
    "is_public",
    "post",
    "timed_socket",
]
