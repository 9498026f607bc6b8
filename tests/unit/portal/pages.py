"""A page as one person sees it, of services whose answers are written down."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, TypeVar, get_args

import httpx
from aiohttp import ClientSession
from anyio.from_thread import start_blocking_portal
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.portal.app import application, templates_of
from services.portal.lab import Away, Json, Refused, Service, SignIn, Tokens, client
from services.portal.lab.lab_calls import Lab, Services
from services.portal.limits.repeated_attempts import Attempts
from services.portal.portal_settings import PortalSettings
from services.portal.visit import Handler, Visit

T = TypeVar("T")

_AWAY = "http://127.0.0.1:1"
_URLS: dict[Service, str] = dict.fromkeys(get_args(Service), _AWAY)
_NOT_FOUND = 404


class Written(Lab):
    """Services that answer what is written down by path; anything else is not there.

    What is written of a path with one parameter, as `/projects?invited=True`, goes before. Where a
    refusal is written, or that a service is away, it is raised; a function is asked with what was
    posted.
    """

    def __init__(self, http: ClientSession, answers: Mapping[str, Json]) -> None:
        super().__init__(Services(http, _URLS, Tokens()), "session")
        self._answers, self.sent = answers, dict[str, Json]()

    async def get(self, service: Service, path: str, **query: object) -> Json:  # noqa: ARG002
        """What is written of that path."""
        asked = (f"{path}?{name}={value}" for name, value in query.items())
        return self._answered(next((text for text in asked if text in self._answers), path))

    async def post(
        self,
        service: Service,  # noqa: ARG002
        path: str,
        body: Mapping[str, object] | None = None,
        key: str = "",  # noqa: ARG002
    ) -> Json:
        """The same; `sent` has what was sent there."""
        self.sent[path] = body
        answer = self._answered(path)
        return answer(body) if callable(answer) else answer

    async def patch(self, service: Service, path: str, body: Mapping[str, object]) -> Json:
        """As what is posted."""
        return await self.post(service, path, body)

    async def put(self, service: Service, path: str, body: Mapping[str, object]) -> Json:  # noqa: ARG002
        """What is written of `PUT` and that path, which is read as well; `sent` has the rest."""
        self.sent[path] = body
        return self._answered(f"PUT {path}")

    def _answered(self, path: str) -> Json:
        if path not in self._answers:
            raise Refused(_NOT_FOUND, "inconnu")
        answer = self._answers[path]
        if isinstance(answer, Refused | Away):
            raise answer
        return answer


def visited(
    visit: Callable[[httpx.AsyncClient], Awaitable[T]], *routes: Route, **settings: Any
) -> T:
    """What a browser's visit comes to, at a portal with these routes too; services are away."""
    app = application(_settings(**settings))
    app.router.routes += routes

    async def answer() -> T:
        browser = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lab")
        async with app.router.lifespan_context(app), browser:
            return await visit(browser)

    # In a thread of its own: a browser of other tests may have left its loop in this one.
    with start_blocking_portal() as thread:
        return thread.call(answer)


def _settings(**changes: Any) -> PortalSettings:
    urls = {f"{name}_url": url for name, url in _URLS.items()}
    return PortalSettings(**{"http_port": 1, "cookie_key": "k" * 32, **urls, **changes})


def led_to(handler: Handler, answers: Mapping[str, Json], *roles: str, **asked: Any) -> str:
    """The address that a handler sends the browser to, asked as html_of does."""
    return str(_answer_of(handler, answers, *roles, **asked).headers["location"])


def page_of(handler: Handler, answers: Mapping[str, Json], *roles: str, **asked: Any) -> str:
    """The text of a page, as html_of makes it, with plain spaces."""
    return plain(html_of(handler, answers, *roles, **asked))


def html_of(handler: Handler, answers: Mapping[str, Json], *roles: str, **asked: Any) -> str:
    """The page that a handler shows a member, asked as _answer_of says."""
    return bytes(_answer_of(handler, answers, *roles, **asked).body).decode()


def _answer_of(
    handler: Handler,
    answers: Mapping[str, Json],
    *roles: str,
    member_id: str = "ville",
    form: Mapping[str, str | list[str]] | None = None,
    sent: dict[str, Json] | None = None,
    session: dict[str, Any] | None = None,
    query: bytes = b"",
    **parts: str,
) -> Response:
    """What a handler answers that member.

    `parts` and `query` are those of the address; `sent` takes what the
    services were sent, `session` what the browser keeps.
    """
    kept = {} if session is None else session
    if roles:
        kept |= {"session": "s", "member_id": member_id, "roles": list(roles)}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": query,
        "headers": [],
        "session": kept,
        "path_params": parts,
    }

    async def answer() -> Response:
        async with client() as http:
            visit = _visit(http, answers, scope, form or {})
            answered = await handler(visit)
        if sent is not None and isinstance(visit.lab, Written):
            sent.update(visit.lab.sent)
        return answered

    # In a thread of its own: a browser of other tests may have left its loop in this one.
    with start_blocking_portal() as thread:
        return thread.call(answer)


def _visit(
    http: ClientSession,
    answers: Mapping[str, Json],
    scope: dict[str, Any],
    form: Mapping[str, str | list[str]],
) -> Visit:
    return Visit(
        Request(scope),
        _settings(),
        templates_of(),
        Written(http, answers),
        SignIn(http, "", Tokens(), ""),
        Attempts(),
        form=FormData(list(_fields(form))),
    )


def _fields(form: Mapping[str, str | list[str]]) -> Iterator[tuple[str, str]]:
    for name, sent in form.items():
        yield from ((name, value) for value in ([sent] if isinstance(sent, str) else sent))


def plain(html: str) -> str:
    """The text of a page, one space between words."""
    reader = _Text()
    reader.feed(html)
    return " ".join(" ".join(reader.texts).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
