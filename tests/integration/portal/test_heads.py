"""Connections to the portal that bring too much, too slowly, or by a proxy."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.portal.limits.heads import server_config
from services.portal.portal_settings import PortalSettings
from shared.settings import read_settings
from tests.servers import PATIENCE_SECONDS

T = TypeVar("T")
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

MOST = 20
URLS = {f"DATALAB_{name}_URL": "http://127.0.0.1:9" for name in ("INTAKE", "CATALOG", "COMPUTE")}
ENVIRON = URLS | {
    "DATALAB_NOTIFY_URL": "http://127.0.0.1:9",
    "DATALAB_HTTP_PORT": "1",
    "DATALAB_HTTP_CONNECTIONS": str(MOST),
    "DATALAB_COOKIE_KEY": "k" * 32,
}
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n"


async def _address(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.client.host if request.client else "")


@asynccontextmanager
async def _served(**environ: str) -> AsyncIterator[Connect]:
    settings = read_settings(PortalSettings, ENVIRON | environ)
    server = uvicorn.Server(server_config(Starlette(routes=[Route("/", _address)]), settings))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        yield lambda: asyncio.open_connection(*listening.getsockname())
        server.should_exit = True
        await serving


async def _ended(reader: asyncio.StreamReader) -> bytes:
    """What a connection brings until the portal closes it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def _answer(connect: Connect) -> str:
    """The body of an answer on a connection of its own."""
    reader, writer = await connect()
    writer.write(WHOLE + b"Connection: close\r\n\r\n")
    return (await _ended(reader)).decode().rpartition("\r\n")[2]


def test_head_that_is_too_large_is_refused() -> None:
    """Nobody fills the portal's memory by headers: 300 MB of them were kept, and answered."""

    async def send() -> bytes:
        async with _served() as connect:
            reader, writer = await connect()
            writer.write(WHOLE + b"X-A: " + b"a" * 40_000)
            return await _ended(reader)

    assert asyncio.run(send()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("before", [b"", WHOLE + b"\r\n"], ids=["first", "next"])
def test_head_that_comes_too_slowly_ends_its_connection(before: bytes) -> None:
    """The first one, and one after an answer; who says nothing at all is ended, too."""

    async def send() -> bytes:
        async with _served(DATALAB_HTTP_HEAD_SECONDS="1") as connect:
            reader, writer = await connect()
            writer.write(before)
            if before:
                await reader.readuntil(b"192.0.2.7")
            writer.write(b"GET / HT")
            return await _ended(reader)

    assert asyncio.run(send()) == b""


def test_idle_connections_give_way_to_new_ones() -> None:
    """Three times as many as may be open say nothing: somebody else is answered."""

    async def hold() -> str:
        async with _served() as connect:
            idle = [await connect() for _ in range(3 * MOST)]
            address = await _answer(connect)
            for _, writer in idle:
                writer.close()
            return address

    assert asyncio.run(hold()) == "192.0.2.7"


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("127.0.0.1", "192.0.2.7"), ("127.0.0.0/8", "192.0.2.7"), ("192.0.2.0/24", "127.0.0.1")],
)
def test_visitor_s_address_is_what_a_trusted_proxy_says(trusted: str, address: str) -> None:
    """Anybody else may write what they like."""

    async def ask() -> str:
        async with _served(DATALAB_TRUSTED_PROXIES=trusted) as connect:
            return await _answer(connect)

    assert asyncio.run(ask()) == address
