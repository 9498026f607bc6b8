"""Health of the portal's process: `/livez`, `/readyz` and `/metrics`, without signing in."""

import asyncio

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import metrics

_TIMEOUT = aiohttp.ClientTimeout(total=3)


async def live(_request: Request) -> Response:
    """The process runs and its loop turns."""
    return JSONResponse({"alive": True})


async def ready(request: Request) -> Response:
    """200: a page can be shown. A service that is away is told, and takes only its part of pages.

    Red is who cannot sign anybody in: without intake there is no page but the entry.
    """
    urls: dict[str, str] = request.app.state.urls
    are_up = await asyncio.gather(*(_answers(request.app.state.http, url) for url in urls.values()))
    checks = dict(zip(urls, are_up, strict=True))
    for name, answers in checks.items():
        metrics.ready.labels("portal", name).set(answers)
    return JSONResponse(
        {"ready": checks["intake"], "checks": checks}, 200 if checks["intake"] else 503
    )


async def exposition(_request: Request) -> Response:
    """The metrics of this process."""
    kind, text = metrics.exposition()
    return Response(text, media_type=kind)


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/livez", timeout=_TIMEOUT) as answer:
            return answer.ok
    except (aiohttp.ClientError, TimeoutError):
        return False


ROUTES = [Route("/livez", live), Route("/readyz", ready), Route("/metrics", exposition)]
