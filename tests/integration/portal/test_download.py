"""How files of the services are passed on to who downloads them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.portal.download import passed_on
from tests.integration.portal.serving import asked


async def _pieces() -> AsyncIterator[bytes]:
    for _ in range(3):
        yield b"a;b\n"


async def _sized(_request: Request) -> Response:
    return StreamingResponse(_pieces(), headers={"content-length": "12"}, media_type="text/csv")


async def _unsized(_request: Request) -> Response:
    return StreamingResponse(_pieces(), media_type="text/csv")


def _named(name: str) -> dict[str, str]:
    return {"content-disposition": f"attachment; filename={name}"}


async def _table(_request: Request) -> Response:
    return Response(b"a", media_type="text/csv", headers=_named("inline-skating.csv"))


async def _drawn(_request: Request) -> Response:
    return Response(b"<svg/>", media_type="image/svg+xml", headers=_named("attachment.svg"))


_SERVICE = Starlette(
    routes=[
        Route("/sized", _sized),
        Route("/unsized", _unsized),
        Route("/table", _table),
        Route("/drawn", _drawn),
    ]
)


def _downloaded(path: str) -> httpx.Response:
    """What a browser gets of a service's file."""

    async def answer(http: ClientSession, url: str) -> httpx.Response:
        async def pass_on(_request: Request) -> Response:
            return passed_on(await http.get(url + path))

        portal = httpx.ASGITransport(Starlette(routes=[Route("/file", pass_on)]))
        async with httpx.AsyncClient(transport=portal, base_url="http://lab") as browser:
            return await browser.get("/file")

    return asked(_SERVICE, answer)


@pytest.mark.parametrize(("path", "length"), [("/sized", "12"), ("/unsized", None)])
def test_length_is_told_where_the_service_tells_it(path: str, length: str | None) -> None:
    """So that a browser shows how far a download is."""
    answer = _downloaded(path)
    assert (answer.headers.get("content-length"), len(answer.content)) == (length, 12)


@pytest.mark.parametrize(
    ("path", "kind", "disposition"),
    [
        ("/sized", "application/octet-stream", "attachment"),
        ("/table", "application/octet-stream", "attachment; filename=inline-skating.csv"),
        ("/drawn", "image/svg+xml", "inline; filename=attachment.svg"),
    ],
)
def test_pictures_are_shown_and_other_files_are_saved(
    path: str, kind: str, disposition: str
) -> None:
    """By the name that the service gives, under a policy that lets neither do anything."""
    headers = _downloaded(path).headers
    assert (headers["content-type"], headers.get("content-disposition")) == (kind, disposition)
    assert "sandbox" in headers["content-security-policy"]
