"""Resolves host names: within a time limit, each name once at a time, and for each caller a few.

A lookup cannot be called off: on a name server that is silent it goes on for half a minute after
everybody who waited has left. So it is the lookups that are counted, not those who wait for them.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from shared.errors import Invalid

Lookup = Callable[[str, int], Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo` or something that answers alike."""

Observe = Callable[[str, float], None]
"""Is told the outcome of each resolution (found, unknown, silent), and the seconds it took."""

AT_ONCE = 40
"""Lookups of one process."""

FOR_EACH = 8
"""Of these, those that go on for one share (a member): it takes five to delay a sixth."""


class Unresolved(Invalid):
    """The name has no address."""


class SilentNames(Unresolved):
    """The name server did not answer in time, or too many names of this share wait for theirs."""


class TimeLimit:
    """So many seconds from now, for all that belongs to one call."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left; 0 when the time is up."""
        return max(self._end - time.monotonic(), 0)


@dataclass
class _Running:
    share: str
    over: threading.Event = field(default_factory=threading.Event)
    entries: Sequence[tuple[Any, ...]] = ()
    error: Exception | None = None


def look_up(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    """The addresses of a host, as `socket.getaddrinfo` gives them; blocks."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class Names:
    """The names of one process; `lookup` must not block the hub it runs on."""

    def __init__(
        self,
        lookup: Lookup = look_up,
        observe: Observe = lambda *_: None,
        *,
        at_once: int = AT_ONCE,
        for_each: int = FOR_EACH,
    ) -> None:
        self._lookup, self._observe = lookup, observe
        self._at_once, self._for_each = at_once, for_each
        self._running: dict[tuple[str, int], _Running] = {}
        self._changed = threading.Condition()

    def addresses(self, host: str, port: int, limit: TimeLimit, share: str) -> tuple[str, ...]:
        """The addresses of a host, each once; Unresolved, or SilentNames when the time is up.

        `share` is whose lookup it is; the host's own when it is empty.
        """
        with suppress(ValueError):
            return (str(ip_address(host)),)
        began, outcome = time.monotonic(), "unknown"
        try:
            addresses = self._resolve(host, port, limit, share or host)
            outcome = "found"
        except SilentNames:
            outcome = "silent"
            raise
        finally:
            self._observe(outcome, time.monotonic() - began)
        return addresses

    def _resolve(self, host: str, port: int, limit: TimeLimit, share: str) -> tuple[str, ...]:
        silent = SilentNames(f"le serveur de noms de {host} ne répond pas", "url")
        running = self._join((host, port), limit, share)
        if running is None or not running.over.wait(limit.left):
            raise silent
        if isinstance(running.error, OSError | UnicodeError):
            raise Unresolved(f"{host} ne correspond à aucune adresse", "url") from running.error
        if running.error is not None:
            raise running.error
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in running.entries))

    def _join(self, name: tuple[str, int], limit: TimeLimit, share: str) -> _Running | None:
        """The lookup of that name that goes on, or a new one; None when no place came free."""
        with self._changed:
            while name not in self._running:
                if self._has_place(share):
                    self._begin(name, share)
                elif not self._changed.wait(limit.left):
                    return None
            return self._running[name]

    def _has_place(self, share: str) -> bool:
        same = sum(running.share == share for running in self._running.values())
        return len(self._running) < self._at_once and same < self._for_each

    def _begin(self, name: tuple[str, int], share: str) -> None:
        running = self._running[name] = _Running(share)
        threading.Thread(target=self._run, args=[name, running], daemon=True).start()

    def _run(self, name: tuple[str, int], running: _Running) -> None:
        try:
            running.entries = self._lookup(*name)
        except Exception as error:  # noqa: BLE001 - raised again to those who wait
            running.error = error
        finally:
            with self._changed:
                del self._running[name]
                running.over.set()
                self._changed.notify_all()
