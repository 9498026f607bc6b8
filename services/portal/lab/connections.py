"""Kept connections to a service: the last that was used is taken first.

httpcore's pool looks through all of its connections, and asks the kernel about each, when a call
begins and when it ends: with fifty people that was half of what the portal did. Here each of its
pools has one connection.
"""

from collections.abc import AsyncIterator

import httpx

_KEPT = 100
"""Connections that are kept for later; those beyond are closed once they are used."""

_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1)


class KeptConnections(httpx.AsyncBaseTransport):
    """As many connections to one service as calls are under way, kept for later ones."""

    def __init__(self) -> None:
        self._idle: list[httpx.AsyncBaseTransport] = []
        # What each would make anew: to read the certificates takes longer than a call.
        self._certificates = httpx.create_ssl_context(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by a connection that nobody else has until it is answered whole."""
        taken = self._idle.pop() if self._idle else self._new()
        try:
            response = await taken.handle_async_request(request)
        except BaseException:
            await taken.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - it is async
        response.stream = _Body(response.stream, self._idle, taken)
        return response

    async def aclose(self) -> None:
        """Close those that nobody has."""
        while self._idle:
            await self._idle.pop().aclose()

    def _new(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=self._certificates, limits=_ONE, trust_env=False)


class _Body(httpx.AsyncByteStream):
    """An answer that gives its connection back when it is closed."""

    def __init__(
        self,
        body: httpx.AsyncByteStream,
        idle: list[httpx.AsyncBaseTransport],
        taken: httpx.AsyncBaseTransport,
    ) -> None:
        self._body, self._idle, self._taken = body, idle, taken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body:
            yield piece

    async def aclose(self) -> None:
        await self._body.aclose()
        if len(self._idle) < _KEPT:
            self._idle.append(self._taken)
        else:
            await self._taken.aclose()
