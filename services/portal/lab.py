"""The four services as the portal calls them: over HTTP, in the name of who is signed in."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal
from urllib.parse import quote

import httpx

Service = Literal["intake", "catalog", "compute", "notify"]
Json = Any
"""JSON, as a service answers it."""

_FRENCH: Mapping[Service, str] = {
    "intake": "les projets et les membres",
    "catalog": "le catalogue",
    "compute": "les calculs",
    "notify": "le suivi et les partenaires",
}
_FAILED, _NOT_FOUND = 500, 404
_UNSEEN = frozenset((403, _NOT_FOUND))
_SECRET = re.compile(r"[A-Za-z0-9_.-]+")
_RENEWED = 0.75
"""The part of a token's lifetime after which another is asked for."""


class Refused(Exception):
    """What a service answered in place of what was asked: its problem, in French."""

    def __init__(self, status: int, detail: str, at: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, at


class Away(Exception):
    """A service that does not answer, or fails; `said` tells people so."""

    def __init__(self, service: Service) -> None:
        self.said = (
            f"Le Datalab ne répond pas pour le moment pour {_FRENCH[service]}. "
            "Rien n'est perdu : réessayez dans un instant."
        )
        super().__init__(service)


@dataclass(frozen=True)
class Part:
    """A part of a page: what was asked for, or why it is missing."""

    value: Json = None
    missing: str = ""


@dataclass
class Tokens:
    """The tokens of sessions, exchanged at intake and used again for most of their minute."""

    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)

    async def of(self, session: str, http: httpx.AsyncClient, intake: str) -> str:
        """A token for the bearer of `session`; raises Refused when it ended, or Away."""
        ends, token = self._kept.get(session, (0.0, ""))
        if time.monotonic() < ends:
            return token
        response = await _show(http, f"{intake}/tokens", session)
        made = response.json()
        now = time.monotonic()
        self._kept = {text: kept for text, kept in self._kept.items() if now < kept[0]}
        self._kept[session] = (now + made["lifetime_seconds"] * _RENEWED, made["token"])
        return str(made["token"])

    def forget(self, session: str) -> None:
        """Use the token of a session no more."""
        self._kept.pop(session, None)


class Lab:
    """Calls the services with the session of one person, or with none."""

    def __init__(
        self, http: httpx.AsyncClient, urls: Mapping[Service, str], tokens: Tokens, session: str
    ) -> None:
        self._http, self._urls, self._tokens, self._session = http, urls, tokens, session

    async def get(self, service: Service, path: str, **query: object) -> Json:
        """What GET answers; parameters that are None or empty are not sent."""
        given = {name: value for name, value in query.items() if value not in (None, "", False)}
        return (await self._call(service, "GET", path, params=given)).json()

    async def post(
        self, service: Service, path: str, body: Mapping[str, object] | None = None, key: str = ""
    ) -> Json:
        """What POST answers, if anything; sent again with the same `key`, it is done once."""
        headers = {"Idempotency-Key": key} if key else {}
        response = await self._call(service, "POST", path, json=body, headers=headers)
        return response.json() if response.content else None

    async def put(self, service: Service, path: str, body: Mapping[str, object]) -> Json:
        """What PUT answers."""
        return (await self._call(service, "PUT", path, json=body)).json()

    async def show(
        self, service: Service, method: Literal["GET", "POST"], path: str, secret: str
    ) -> Json:
        """What is answered to anybody who shows a secret; raises Refused or Away."""
        if not _SECRET.fullmatch(secret):
            raise Refused(_NOT_FOUND, "Ce lien n'est pas valable, ou ne l'est plus.")
        headers = {"Authorization": f"Bearer {secret}"}
        url = self._urls[service] + path
        return (await _request(self._http, service, method, url, headers=headers)).json()

    async def patch(self, service: Service, path: str, body: Mapping[str, object]) -> Json:
        """What PATCH answers."""
        return (await self._call(service, "PATCH", path, json=body)).json()

    async def delete(
        self, service: Service, path: str, body: Mapping[str, object] | None = None
    ) -> Json:
        """What DELETE answers, if anything."""
        response = await self._call(service, "DELETE", path, json=body)
        return response.json() if response.content else None

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
        files = {
            "metadata": (None, json.dumps(metadata), "application/json"),
            "file": (name, file, "application/octet-stream"),
        }
        response = await self._call(
            service, "POST", path, files=files, headers=headers, timeout=None
        )
        return response.json()

    async def open(
        self, service: Service, path: str, *, last_event_id: str = "", **query: str
    ) -> httpx.Response:
        """GET something piece by piece, a file or server-sent events; who takes it closes it."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        request = self._http.build_request(
            "GET",
            self._urls[service] + path,
            params={name: value for name, value in query.items() if value},
            headers={**headers, **await self._bearer()},
            timeout=httpx.Timeout(10, read=None),
        )
        try:
            response = await self._http.send(request, stream=True)
            if response.is_error:
                await response.aread()
        except httpx.TransportError as error:
            raise Away(service) from error
        _check(service, response)
        return response

    async def parts(self, **asked: Awaitable[Json]) -> dict[str, Any]:
        """A Part for each of these, asked at once: who is away is told, who refuses is raised."""
        found = await asyncio.gather(*map(_part, asked.values()))
        return dict(zip(asked, found, strict=True))

    async def members(self, member_ids: Iterable[str]) -> dict[str, Json]:
        """Members by their ids, asked for at once; None where nobody registered one, or says so."""
        return await self._seen("intake", "members", member_ids)

    async def titles(self, service: Service, kind: str, ids: Iterable[str]) -> dict[str, str]:
        """What projects or datasets are called, by their ids; these where they are not shown."""
        found = await self._seen(service, kind, ids)
        return {one: str(told["title"]) if told else one for one, told in found.items()}

    async def _seen(self, service: Service, kind: str, ids: Iterable[str]) -> dict[str, Json]:
        asked = {one: if_seen(self.get(service, path_of(kind, one))) for one in dict.fromkeys(ids)}
        return {one: part.value for one, part in (await self.parts(**asked)).items()}

    async def _call(
        self,
        service: Service,
        method: str,
        path: str,
        **options: Any,  # noqa: ANN401 - httpx's
    ) -> httpx.Response:
        headers = {**options.pop("headers", {}), **await self._bearer()}
        url = self._urls[service] + path
        return await _request(self._http, service, method, url, headers=headers, **options)

    async def _bearer(self) -> dict[str, str]:
        if not self._session:
            return {}
        token = await self._tokens.of(self._session, self._http, self._urls["intake"])
        return {"Authorization": f"Bearer {token}"}


class SignIn:
    """What somebody shows at intake to get in, and leaves when going out."""

    def __init__(self, http: httpx.AsyncClient, intake: str, tokens: Tokens, key: str) -> None:
        self._http, self._intake, self._tokens, self._key = http, intake, tokens, key

    async def by_link(self, text: str) -> Json:
        """The session that a link opens; raises Refused or Away."""
        response = await _show(self._http, f"{self._intake}/sessions", text)
        return response.json()

    async def by_identity(self, identity: Mapping[str, object]) -> Json:
        """The session of whom an identity provider vouched for; raises Refused or Away."""
        url = f"{self._intake}/sessions/by-identity"
        response = await _show(self._http, url, self._key, identity)
        return response.json()

    async def out(self, session: str) -> None:
        """End a session, here at once; raises Refused or Away."""
        self._tokens.forget(session)
        await _show(self._http, f"{self._intake}/sessions/end", session)


async def if_seen(asked: Awaitable[Json]) -> Json:
    """What was asked for, or None where it is not for this person to see."""
    try:
        return await asked
    except Refused as refused:
        if refused.status not in _UNSEEN:
            raise
        return None


async def pieces_of(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """What an open answer holds, as it comes; it is closed at the end, or when nobody listens."""
    try:
        async for piece in response.aiter_bytes():
            yield piece
    finally:
        await response.aclose()


def path_of(*parts: str) -> str:
    """A path of these parts, each quoted: an identifier never reaches into another route."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


async def _part(asked: Awaitable[Json]) -> Part:
    try:
        return Part(await asked)
    except Away as error:
        return Part(missing=error.said)


async def _show(
    http: httpx.AsyncClient,
    url: str,
    credential: str,
    body: Mapping[str, object] | None = None,
) -> httpx.Response:
    """What intake answers to who shows a credential."""
    headers = {"Authorization": f"Bearer {credential}"}
    return await _request(http, "intake", "POST", url, headers=headers, json=body)


async def _request(
    http: httpx.AsyncClient,
    service: Service,
    method: str,
    url: str,
    **options: Any,  # noqa: ANN401 - httpx's
) -> httpx.Response:
    try:
        response = await http.request(method, url, **options)
    except httpx.TransportError as error:
        raise Away(service) from error
    _check(service, response)
    return response


def _check(service: Service, response: httpx.Response) -> None:
    """Raise what a service answered when it is no success."""
    if response.status_code >= _FAILED:
        raise Away(service)
    if response.is_error:
        problem = _problem(response)
        raise Refused(response.status_code, *problem)


def _problem(response: httpx.Response) -> tuple[str, str]:
    """The detail and the field of a problem (RFC 9457)."""
    try:
        told = response.json()
        return str(told["detail"]), str(told.get("field") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "Le Datalab ne peut pas répondre à cette demande.", ""
