"""One call to a service and what it answers; sessions, which prove in whose name it is."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
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
_FAILED = 500
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


async def request(
    http: httpx.AsyncClient,
    service: Service,
    method: str,
    url: str,
    **options: Any,  # noqa: ANN401 - httpx's
) -> httpx.Response:
    """What a service answers; raises Refused or Away."""
    try:
        response = await http.request(method, url, **options)
    except httpx.TransportError as error:
        raise Away(service) from error
    check(service, response)
    return response


async def show(
    http: httpx.AsyncClient,
    url: str,
    credential: str,
    body: Mapping[str, object] | None = None,
) -> httpx.Response:
    """What intake answers to who shows a credential."""
    headers = {"Authorization": f"Bearer {credential}"}
    return await request(http, "intake", "POST", url, headers=headers, json=body)


def check(service: Service, response: httpx.Response) -> None:
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


def path_of(*parts: str) -> str:
    """A path of these parts, each quoted: an identifier never reaches into another route."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


@dataclass
class Tokens:
    """The tokens of sessions, exchanged at intake and used again for most of their minute."""

    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)
    _asked: dict[str, asyncio.Task[str]] = field(default_factory=dict)

    async def of(self, session: str, http: httpx.AsyncClient, intake: str) -> str:
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

    async def _exchange(self, session: str, http: httpx.AsyncClient, intake: str) -> str:
        response = await show(http, f"{intake}/tokens", session)
        made = response.json()
        now = time.monotonic()
        self._kept = {text: kept for text, kept in self._kept.items() if now < kept[0]}
        self._kept[session] = (now + made["lifetime_seconds"] * _RENEWED, made["token"])
        return str(made["token"])

    def forget(self, session: str) -> None:
        """Use the token of a session no more."""
        self._kept.pop(session, None)


class SignIn:
    """What somebody shows at intake to get in, and leaves when going out."""

    def __init__(self, http: httpx.AsyncClient, intake: str, tokens: Tokens, key: str) -> None:
        self._http, self._intake, self._tokens, self._key = http, intake, tokens, key

    async def by_link(self, text: str) -> Json:
        """The session that a link opens; raises Refused or Away."""
        response = await show(self._http, f"{self._intake}/sessions", text)
        return response.json()

    async def by_identity(self, identity: Mapping[str, object]) -> Json:
        """The session of whom an identity provider vouched for; raises Refused or Away."""
        url = f"{self._intake}/sessions/by-identity"
        response = await show(self._http, url, self._key, identity)
        return response.json()

    async def out(self, session: str) -> None:
        """End a session, here at once; raises Refused or Away."""
        self._tokens.forget(session)
        await show(self._http, f"{self._intake}/sessions/end", session)
