"""A service in place of the lab's, on a port of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import uvicorn
from aiohttp import ClientSession
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from services.portal.lab import client

T = TypeVar("T")


def asked(app: Starlette, asking: Callable[[ClientSession, str], Awaitable[T]]) -> T:
    """What comes of asking `app` as the portal asks the services; also told its address."""

    async def ask() -> T:
        async with _served(app) as url, client() as http:
            return await asking(http, url)

    # In a thread of its own: a browser of other tests may have left its loop in this one.
    with start_blocking_portal() as thread:
        return thread.call(ask)


@asynccontextmanager
async def _served(app: Starlette) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # What comes before it listens waits in its queue.
        serving = asyncio.create_task(server.serve([listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving
