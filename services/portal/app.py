"""The portal's application: its routes, its health, and what holds for all of them."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from typing import get_args
from urllib.parse import urlencode

import aiohttp
from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.file_reading import differences, recognised
from services.portal.french import FILTERS
from services.portal.lab import Away, Refused, Service, SignIn, Tokens, client
from services.portal.lab.lab_calls import Lab, Services
from services.portal.limits.form_body import SLOW
from services.portal.limits.repeated_attempts import Attempts
from services.portal.limits.unsent_forms import UnsentForms
from services.portal.oidc import Provider
from services.portal.pages import PAGES
from services.portal.portal_settings import PortalSettings
from services.portal.typography import FrenchSpaces
from services.portal.visit import Visit
from shared import metrics

_TIMEOUT = aiohttp.ClientTimeout(total=3)

log = logging.getLogger(__name__)

_COOKIE_SECONDS = 12 * 3600
_UNAUTHENTICATED, _NOT_FOUND, _UNAVAILABLE = 401, 404, 503
_SEEN = 303

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def application(settings: PortalSettings) -> Starlette:
    """The portal on the services that `settings` name."""
    return Starlette(
        routes=[*_HEALTH, _static(), *PAGES],
        middleware=[
            Middleware(Watched),
            Middleware(
                SessionMiddleware,
                secret_key=settings.cookie_key,
                session_cookie="datalab",
                max_age=_COOKIE_SECONDS,
                same_site="lax",
                https_only=settings.reached_at.startswith("https:"),
            ),
        ],
        exception_handlers={
            Refused: _refused,
            Away: _away,
            HTTPException: _http_error,
            Exception: _broken,
        },
        lifespan=partial(_lifespan, settings),
    )


@asynccontextmanager
async def _lifespan(settings: PortalSettings, app: Starlette) -> AsyncIterator[None]:
    urls = {name: getattr(settings, f"{name}_url") for name in get_args(Service)}
    tokens, templates = Tokens(), templates_of()
    provider = Provider(settings) if settings.oidc_issuer else None
    sign_ups = Attempts()
    unsent = UnsentForms()
    async with client() as http:
        services = Services(http, urls, tokens)

        def visit(request: Request) -> Visit:
            session = str(request.session.get("session", ""))
            member_id = str(request.session.get("member_id", ""))
            lab = Lab(services, session, member_id)
            sign_in = SignIn(http, settings.intake_url, tokens, settings.sign_in_key)
            return Visit(
                request, settings, templates, lab, sign_in, sign_ups, provider, unsent=unsent
            )

        app.state.visit, app.state.http, app.state.urls = visit, http, urls
        yield


def templates_of() -> Environment:
    """The templates; what a service of another version does not tell is an empty text."""
    loader = PackageLoader("services.portal")
    templates = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # They change with the code alone: no file is looked at for each page.
        auto_reload=False,
        extensions=[FrenchSpaces],
    )
    templates.filters.update(FILTERS, recognised=recognised, differences=differences)
    templates.globals["address"] = address
    return templates


def address(path: str, parameters: Mapping[str, str], **changed: str) -> str:
    """Return a path with these parameters and changes; empty parameters are left out."""
    query = {name: value for name, value in {**parameters, **changed}.items() if value}
    return f"{path}?{urlencode(query)}" if query else path


def _static() -> BaseRoute:
    folder = StaticFiles(directory=str(files("services.portal") / "static"))
    # Pages are not compressed: they hold a secret of the form beside what others wrote.
    return Mount("/static", GZipMiddleware(folder), name="static")


async def _refused(request: Request, error: Exception) -> Response:
    """Show why a service refused; a person whose session ended signs in again."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for it alone
    visit: Visit = request.app.state.visit(request)
    if error.status == _UNAUTHENTICATED:
        return visit.ask_to_sign_in()
    response = visit.page("refused.html", error.status, code=error.status, detail=error.detail)
    if error.status == SLOW:
        # What may still come of the form is no next request.
        response.headers["connection"] = "close"
    return response


async def _away(request: Request, error: Exception) -> Response:
    assert isinstance(error, Away)  # noqa: S101 - registered for it alone
    visit: Visit = request.app.state.visit(request)
    return visit.page("refused.html", _UNAVAILABLE, code=_UNAVAILABLE, detail=error.message)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    visit: Visit = request.app.state.visit(request)
    message = "Cette page n'existe pas." if error.status_code == _NOT_FOUND else "Demande refusée."
    return visit.page("refused.html", error.status_code, code=error.status_code, detail=message)


async def _broken(_request: Request, _error: Exception) -> Response:
    """Show a fault of the portal, which uvicorn logs; no template, as one may be the cause."""
    message = (
        "Cette page est en panne, et nous le savons. Rien de ce qui était enregistré n'est perdu."
    )
    return HTMLResponse(f"<!doctype html><html lang=fr><title>Panne</title><p>{message}</p>", 500)


class Watched:
    """Measures and logs requests by route, and gives every answer the headers that protect it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), [500]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] += [
                    (name.encode(), value.encode())
                    for name, value in _HEADERS.items()
                    if name.encode() not in present
                ]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "") or "unknown"
            spent = time.monotonic() - began
            labels = ("portal", scope["method"], route, str(status[0]))
            metrics.http_seconds.labels(*labels).observe(spent)
            log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "route": route,
                    "status": status[0],
                    "seconds": round(spent, 4),
                },
            )


async def _live(_request: Request) -> Response:
    """The process runs and its loop turns."""
    return JSONResponse({"alive": True})


async def _ready(request: Request) -> Response:
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


async def _exposition(_request: Request) -> Response:
    """The metrics of this process."""
    kind, text = metrics.exposition()
    return Response(text, media_type=kind)


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/livez", timeout=_TIMEOUT) as answer:
            return answer.ok
    except (aiohttp.ClientError, TimeoutError):
        return False


_HEALTH = [Route("/livez", _live), Route("/readyz", _ready), Route("/metrics", _exposition)]
