"""The portal's connections to a service are used again, by one call at a time."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from services.portal.lab import KeptConnections

T = TypeVar("T")

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Service:
    """Counts its connections; `/broken` ends one without an answer."""

    def __init__(self) -> None:
        self.opened = 0

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.opened += 1
        while (head := await reader.readuntil(b"\r\n\r\n")) and b"/broken" not in head:
            writer.write(_ANSWER)
            await writer.drain()
        writer.close()


def _called(calling: Callable[[httpx.AsyncClient, Service], Awaitable[T]]) -> T:
    """What comes of calls to a service."""

    async def call() -> T:
        service = Service()
        server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        kept = KeptConnections()
        base_url = f"http://127.0.0.1:{port}"
        async with server, httpx.AsyncClient(transport=kept, base_url=base_url) as http:
            return await calling(http, service)

    # In a thread of its own: a browser of other tests may have left its loop in this one.
    with start_blocking_portal() as thread:
        return thread.call(call)


def test_calls_one_after_the_other_have_one_connection() -> None:
    """Whatever number of them."""

    async def call(http: httpx.AsyncClient, service: Service) -> int:
        for _ in range(5):
            assert (await http.get("/")).json() == {}
        return service.opened

    assert _called(call) == 1


def test_calls_at_once_have_each_their_own_and_keep_them() -> None:
    """As many as there were calls under way."""

    async def call(http: httpx.AsyncClient, service: Service) -> int:
        for _ in range(3):
            await asyncio.gather(*(http.get("/") for _ in range(4)))
        return service.opened

    assert _called(call) == 4


def test_connection_that_broke_is_used_by_nobody() -> None:
    """The next call has a new one."""

    async def call(http: httpx.AsyncClient, service: Service) -> int:
        await http.get("/")
        with pytest.raises(httpx.TransportError):
            await http.get("/broken")
        assert (await http.get("/")).status_code == 200
        return service.opened

    assert _called(call) == 2


def test_answer_that_is_not_read_whole_gives_its_place_back() -> None:
    """A download that somebody broke off."""

    async def call(http: httpx.AsyncClient, service: Service) -> int:
        answer = await http.send(http.build_request("GET", "/"), stream=True)
        await answer.aclose()
        assert (await http.get("/")).json() == {}
        return service.opened

    assert _called(call) == 2
