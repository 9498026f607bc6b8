"""What one person asks of the services, and in whose turn."""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, Literal, TypeVar
from urllib.parse import urlencode

import aiohttp

from services.portal.lab import Away, Json, Refused, Service, Tokens, opened, path_of, request
from services.portal.typography import sentence
from shared.language.folding import fold

T = TypeVar("T")

_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
_UNSEEN = frozenset((_FORBIDDEN, _NOT_FOUND))
_SECRET = re.compile(r"[A-Za-z0-9_.-]+")

_PAGE = 100
"""The most that a service tells of a list at once."""

_AT_ONCE = 10
"""Calls of one member that a service is asked at a time; others wait here, not at the service.

A service refuses a member's calls beyond a fifth of its connections: people of one town hall, each
of whose pages makes several, would be refused each other's.
"""

_ALL_AT_ONCE = 100
"""Calls of all members that a service is asked at a time: well below the connections it has."""

_AS_LONG_AS_IT_TAKES = aiohttp.ClientTimeout(total=None, sock_connect=10)

_TURN_SECONDS = 30
"""How long a call waits for its turn before its service counts as away."""


@dataclass(frozen=True)
class PagePart:
    """A part of a page: what was asked for, or why it is missing."""

    value: Json = None
    missing: str = ""

    @property
    def items(self) -> list[Json]:
        """Of a list, what is on the page of it that was asked for; nothing where it is missing."""
        return list((self.value or {}).get("items", ()))


@dataclass(frozen=True)
class Services:
    """How the services are reached: what all people's calls have in common."""

    http: aiohttp.ClientSession
    urls: Mapping[Service, str]
    tokens: Tokens
    turns: defaultdict[tuple[Service, str], asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(partial(asyncio.Semaphore, _AT_ONCE))
    )
    """What calls wait for, at each service those of each member apart."""

    turns_of_all: defaultdict[Service, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(partial(asyncio.Semaphore, _ALL_AT_ONCE))
    )


class Lab:
    """Calls the services with the session of one person of `member_id`, or with none."""

    def __init__(self, services: Services, session: str = "", member_id: str = "") -> None:
        self._services, self._session, self._member_id = services, session, member_id

    async def get(self, service: Service, path: str, **query: object) -> Json:
        """GET a path and return its JSON; parameters that are None or empty are not sent."""
        parameters = {
            name: value for name, value in query.items() if value not in (None, "", False)
        }
        return await self._call(service, "GET", _asked(path, parameters))

    async def post(
        self, service: Service, path: str, body: Mapping[str, object] | None = None, key: str = ""
    ) -> Json:
        """What POST answers, if anything; sent again with the same `key`, it is done once."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self._call(service, "POST", path, json=body, headers=headers)

    async def put(self, service: Service, path: str, body: Mapping[str, object]) -> Json:
        """What PUT answers."""
        return await self._call(service, "PUT", path, json=body)

    async def show(
        self, service: Service, method: Literal["GET", "POST"], path: str, secret: str
    ) -> Json:
        """What is answered to anybody who shows a secret; raises Refused or Away."""
        if not _SECRET.fullmatch(secret):
            raise Refused(_NOT_FOUND, "Ce lien n'est pas valable, ou ne l'est plus.")
        headers = {"Authorization": f"Bearer {secret}"}
        url = self._services.urls[service] + path
        return await request(self._services.http, service, method, url, headers=headers)

    async def patch(self, service: Service, path: str, body: Mapping[str, object]) -> Json:
        """What PATCH answers."""
        return await self._call(service, "PATCH", path, json=body)

    async def delete(
        self, service: Service, path: str, body: Mapping[str, object] | None = None
    ) -> Json:
        """What DELETE answers, if anything."""
        return await self._call(service, "DELETE", path, json=body)

    async def upload(
        self,
        service: Service,
        path: str,
        metadata: Mapping[str, object],
        file: BinaryIO,
        name: str,
        *,
        key: str = "",
    ) -> Json:
        """What POST answers of a file, an open one, with its metadata; done once for a `key`."""
        headers = {"Idempotency-Key": key} if key else {}
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("metadata", json.dumps(metadata), content_type="application/json")
        form.add_field("file", file, filename=name, content_type="application/octet-stream")
        # It can be sent once: its token is as new as can be.
        self._services.tokens.forget(self._session)
        return await self._call(
            service, "POST", path, data=form, headers=headers, timeout=_AS_LONG_AS_IT_TAKES
        )

    async def open(
        self, service: Service, path: str, *, last_event_id: str = "", **query: str
    ) -> aiohttp.ClientResponse:
        """GET a file or server-sent events, piece by piece; the caller closes it."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        parameters = {name: value for name, value in query.items() if value}
        url, timeout = self._services.urls[service] + _asked(path, parameters), _AS_LONG_AS_IT_TAKES

        async def send(bearer: dict[str, str]) -> aiohttp.ClientResponse:
            sent = {**headers, **bearer}
            return await opened(
                self._services.http, service, "GET", url, headers=sent, timeout=timeout
            )

        return await self._borne(send)

    async def parts(self, **asked: Awaitable[Json]) -> dict[str, Any]:
        """Await several parts of a page at once; a missing service is noted, a refusal is raised.

        A service that has too much to do for this member counts as missing, too.
        """
        parts = await asyncio.gather(*map(part_of, asked.values()))
        return dict(zip(asked, parts, strict=True))

    async def members(self, member_ids: Iterable[str]) -> dict[str, Json]:
        """Members by their ids, asked for at once; None where nobody registered one, or says so."""
        return await self.seen("intake", "members", member_ids)

    async def all_members(self) -> list[Json]:
        """All members, by name."""
        return await self._all("/members", "name")

    async def all_projects(self, **query: object) -> list[Json]:
        """All projects that one may see and asks for, by title."""
        return await self._all("/projects", "title", **query)

    async def _all(self, path: str, called: str, **query: object) -> list[Json]:
        """Return all entries of a list in intake, sorted by their field `called`."""
        entries, after = list[Json](), ""
        while True:
            page = await self.get("intake", path, limit=_PAGE, after=after, **query)
            entries += page["items"]
            if not (after := page["next"]):
                return sorted(entries, key=lambda entry: fold(str(entry[called])))

    async def titles(self, service: Service, kind: str, ids: Iterable[str]) -> dict[str, str]:
        """Return the titles of projects or datasets by id; the id itself for an invisible one."""
        answers = await self.seen(service, kind, ids)
        return {
            identifier: str(answer["title"]) if answer else identifier
            for identifier, answer in answers.items()
        }

    async def seen(
        self, service: Service, kind: str, ids: Iterable[str], *part: str
    ) -> dict[str, Json]:
        """Return documents, or a part of each, by id; None where the person may not see one."""
        paths = {identifier: path_of(kind, identifier, *part) for identifier in ids}
        asked = {identifier: if_seen(self.get(service, path)) for identifier, path in paths.items()}
        return {
            identifier: page_part.value
            for identifier, page_part in (await self.parts(**asked)).items()
        }

    async def _call(
        self,
        service: Service,
        method: str,
        path: str,
        **options: Any,  # noqa: ANN401 - aiohttp's
    ) -> Json:
        headers, url = options.pop("headers", {}), self._services.urls[service] + path

        async def send(bearer: dict[str, str]) -> Json:
            sent = {**headers, **bearer}
            return await request(self._services.http, service, method, url, headers=sent, **options)

        async with self._turn(service):
            return await self._borne(send, is_repeatable="data" not in options)

    async def _borne(
        self, send: Callable[[dict[str, str]], Awaitable[T]], *, is_repeatable: bool = True
    ) -> T:
        """What is answered to a call with the session's token, or with a new one of it.

        The key that signed a token may be gone while its session goes on: raises Refused when
        intake says that the session ended.
        """
        bearer = await self._bearer()
        try:
            return await send(bearer)
        except Refused as refused:
            is_refused_token = refused.status == _UNAUTHENTICATED and bool(bearer)
            if not (is_refused_token and is_repeatable):
                raise
            self._services.tokens.forget(self._session)
        return await send(await self._bearer())

    @asynccontextmanager
    async def _turn(self, service: Service) -> AsyncIterator[None]:
        """Have one of the member's turns at a service; raises Away when none comes."""
        of = self._services
        async with AsyncExitStack() as taken:
            try:
                async with asyncio.timeout(_TURN_SECONDS):
                    await taken.enter_async_context(of.turns[service, self._member_id])
                    await taken.enter_async_context(of.turns_of_all[service])
            except TimeoutError as error:
                raise Away(service) from error
            yield

    async def _bearer(self) -> dict[str, str]:
        if not self._session:
            return {}
        of = self._services
        token = await of.tokens.of(self._session, of.http, of.urls["intake"])
        return {"Authorization": f"Bearer {token}"}


async def if_seen(asked: Awaitable[Json]) -> Json:
    """What was asked for, or None where it is not for this person to see."""
    try:
        return await asked
    except Refused as refused:
        if refused.status not in _UNSEEN:
            raise
        return None


async def pieces_of(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """What an open answer holds, as it comes; it is closed at the end, or when nobody listens."""
    async with response:
        async for piece in response.content.iter_any():
            yield piece


def _asked(path: str, parameters: Mapping[str, object]) -> str:
    """Return a path with these parameters; each value of a list is a parameter of its own."""
    texts = {name: "true" if value is True else value for name, value in parameters.items()}
    return f"{path}?{urlencode(texts, doseq=True)}" if texts else path


async def part_of(asked: Awaitable[Json]) -> PagePart:
    """Await a part of a page; a missing service is noted, a refusal is raised."""
    try:
        return PagePart(await asked)
    except Away as error:
        return PagePart(missing=error.message)
    except Refused as refused:
        if refused.status != _TOO_MANY:
            raise
        return PagePart(missing=sentence(refused.detail))
