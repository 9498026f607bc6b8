"""How the portal is served: heads of requests are bounded in size, time and number."""

import asyncio
from typing import ClassVar

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.portal.portal_settings import PortalSettings

_HEAD_BYTES = 32_768


def server_config(app: Starlette, settings: PortalSettings) -> uvicorn.Config:
    """How uvicorn serves the portal."""
    limits = {"most": settings.http_connections, "seconds": settings.http_head_seconds}
    return uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        http=type("Limited", (BoundedHeads,), limits),
        ws="none",
        # The application logs and measures requests itself, without what should stay secret.
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        h11_max_incomplete_event_size=_HEAD_BYTES,
        timeout_keep_alive=round(settings.http_idle_seconds),
        timeout_graceful_shutdown=20,
    )


class BoundedHeads(H11Protocol):
    """Ends a connection whose head takes too long, and idle ones when too many are open.

    h11 refuses a head that is too large; httptools, which uvicorn takes otherwise, keeps any.
    """

    most: ClassVar[int]
    seconds: ClassVar[float]
    _ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head; the connection that has waited longest may have to go."""
        super().connection_made(transport)
        self._await_head()
        if len(self.connections) > self.most:
            ours = [other for other in self.connections if isinstance(other, BoundedHeads)]
            min(ours, key=BoundedHeads.due, default=self).transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what came; what began a head has to bring all of it in time."""
        super().data_received(data)
        self._await_head()

    def on_response_complete(self) -> None:
        """Let the pause before the next head be uvicorn's to measure."""
        super().on_response_complete()
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        super().connection_lost(exc)
        self._stop_waiting()

    def due(self) -> float:
        """When the connection ends unless its next head comes; infinite while it is served."""
        timer = self._ending or self.timeout_keep_alive_task
        return timer.when() if timer else float("inf")

    def _await_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._ending is None:
            self._ending = self.loop.call_later(self.seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
