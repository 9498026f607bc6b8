"""The four services as the portal calls them, over HTTP, in the name of who is signed in.

Here are one call and what it answers, and sessions, which prove in whose name it is.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
from yarl import URL

Service = Literal["intake", "catalog", "compute", "notify"]
Json = Any
"""JSON, as a service answers it."""

_FRENCH: Mapping[Service, str] = {
    "intake": "les projets et les membres",
    "catalog": "le catalogue",
    "compute": "les calculs",
    "notify": "le suivi et les partenaires",
}
_WRONG, _FAILED = 400, 500
_RENEWED = 0.75
"""The part of a token's lifetime after which another is asked for."""


class Refused(Exception):
    """What a service answered in place of what was asked: its problem, in French."""

    def __init__(self, status: int, detail: str, at: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, at


class Away(Exception):
    """A service that does not answer, or fails; `message` tells people so."""

    def __init__(self, service: Service) -> None:
        self.message = (
            f"Le Datalab ne répond pas pour le moment pour {_FRENCH[service]}. "
            "Rien n'est perdu : réessayez dans un instant."
        )
        super().__init__(service)


def client() -> aiohttp.ClientSession:
    """What calls the services: as many connections as calls are under way, kept for later ones.

    aiohttp: httpx takes four times the processor time for a call, which a page's are most of.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=30),
        # Of nobody's session anything is kept here.
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def request(
    http: aiohttp.ClientSession,
    service: Service,
    method: str,
    url: str,
    **options: Any,  # noqa: ANN401 - aiohttp's
) -> Json:
    """The JSON that a service answers, None when it answers nothing; raises Refused or Away."""
    response = await opened(http, service, method, url, **options)
    with _there(service):
        body = await response.read()
    return json.loads(body) if body else None


async def opened(
    http: aiohttp.ClientSession,
    service: Service,
    method: str,
    url: str,
    **options: Any,  # noqa: ANN401 - aiohttp's
) -> aiohttp.ClientResponse:
    """A service's answer before it is read; who takes it closes it. Raises Refused or Away."""
    whole = URL(url, encoded=True)
    with _there(service):
        response = await http.request(method, whole, allow_redirects=False, **options)
        if response.status >= _WRONG:
            body = await response.read()
    if response.status >= _FAILED:
        raise Away(service)
    if response.status >= _WRONG:
        raise Refused(response.status, *_problem(body))
    return response


@contextmanager
def _there(service: Service) -> Iterator[None]:
    """Raise Away where the connection to a service fails, or takes too long."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Away(service) from error


async def show(
    http: aiohttp.ClientSession, url: str, credential: str, body: Mapping[str, object] | None = None
) -> Json:
    """What intake answers to who shows a credential."""
    headers = {"Authorization": f"Bearer {credential}"}
    return await request(http, "intake", "POST", url, headers=headers, json=body)


def _problem(body: bytes) -> tuple[str, str]:
    """Return the detail and the field of a problem (RFC 9457)."""
    try:
        problem = json.loads(body)
        return str(problem["detail"]), str(problem.get("field") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "Le Datalab ne peut pas répondre à cette demande.", ""


def path_of(*parts: str) -> str:
    """A path of these parts, each quoted: an identifier never reaches into another route."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


@dataclass
class Tokens:
    """The tokens of sessions, exchanged at intake and used again for most of their minute."""

    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)
    _asked: dict[str, asyncio.Task[str]] = field(default_factory=dict)

    async def of(self, session: str, http: aiohttp.ClientSession, intake: str) -> str:
        """A token for the bearer of `session`; raises Refused when it ended, or Away.

        The calls of a page, which all need it at once, wait for one exchange.
        """
        ends, token = self._kept.get(session, (0.0, ""))
        if time.monotonic() < ends:
            return token
        if session not in self._asked:
            asked = asyncio.create_task(self._exchange(session, http, intake))
            self._asked[session] = asked
            asked.add_done_callback(lambda _: self._asked.pop(session))
        # Who goes away takes the token from nobody else.
        return await asyncio.shield(self._asked[session])

    async def _exchange(self, session: str, http: aiohttp.ClientSession, intake: str) -> str:
        token = await show(http, f"{intake}/tokens", session)
        now = time.monotonic()
        self._kept = {text: kept for text, kept in self._kept.items() if now < kept[0]}
        self._kept[session] = (now + token["lifetime_seconds"] * _RENEWED, token["token"])
        return str(token["token"])

    def forget(self, session: str) -> None:
        """Use the token of a session no more."""
        self._kept.pop(session, None)


class SignIn:
    """What somebody shows at intake to get in, and leaves when going out."""

    def __init__(self, http: aiohttp.ClientSession, intake: str, tokens: Tokens, key: str) -> None:
        self._http, self._intake, self._tokens, self._key = http, intake, tokens, key

    async def by_link(self, text: str) -> Json:
        """The session that a link opens; raises Refused or Away."""
        return await show(self._http, f"{self._intake}/sessions", text)

    async def by_identity(self, identity: Mapping[str, object]) -> Json:
        """The session of whom an identity provider vouched for; raises Refused or Away."""
        url = f"{self._intake}/sessions/by-identity"
        return await show(self._http, url, self._key, identity)

    async def out(self, session: str) -> None:
        """End a session, here at once; raises Refused or Away."""
        self._tokens.forget(session)
        await show(self._http, f"{self._intake}/sessions/end", session)
