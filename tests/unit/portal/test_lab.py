"""What one person's calls to the services have in common with those of others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.portal.lab import Lab, Refused, Services, Tokens

T = TypeVar("T")

_URLS = dict.fromkeys(("intake", "catalog", "compute", "notify"), "http://lab")


class Service:
    """Answers as many calls at a time as it works on, and refuses more."""

    def __init__(self, most: int = 10) -> None:
        self._most, self.under_way = most, 0
        self._together = asyncio.Barrier(most)
        self.tokens = 0

    async def work(self, _request: Request) -> Response:
        """Answer once as many calls are there as there may be."""
        self.under_way += 1
        try:
            if self.under_way > self._most:
                return JSONResponse({"detail": "trop de vos requêtes sont en cours"}, 429)
            await self._together.wait()
            return JSONResponse({})
        finally:
            self.under_way -= 1

    async def exchange(self, request: Request) -> Response:
        """A token that says whose it is and the how manieth."""
        self.tokens += 1
        if request.headers["authorization"] == "Bearer over":
            return JSONResponse({"detail": "cette session ne vaut plus"}, 401)
        whose = request.headers["authorization"].removeprefix("Bearer ")
        return JSONResponse({"token": f"{whose}-{self.tokens}", "lifetime_seconds": 60})

    async def tell(self, request: Request) -> Response:
        """The token that it was shown."""
        return JSONResponse(request.headers["authorization"])

    def as_others_see_it(self) -> Starlette:
        """Its routes."""
        return Starlette(
            routes=[
                Route("/work", self.work),
                Route("/tokens", self.exchange, methods=["POST"]),
                Route("/token", self.tell),
            ]
        )


def _ask(asking: Callable[[Services, Service], Awaitable[T]], most: int = 10) -> T:
    """What comes of asking a service."""

    async def ask() -> T:
        service = Service(most)
        transport = httpx.ASGITransport(service.as_others_see_it())
        async with httpx.AsyncClient(transport=transport) as http:
            return await asking(Services(http, _URLS, Tokens()), service)  # type: ignore[arg-type]

    # In a thread of its own: a browser of other tests may have left its loop in this one.
    with start_blocking_portal() as thread:
        return thread.call(ask)


def test_people_of_one_member_wait_for_each_other_and_none_is_refused() -> None:
    """Fifty of one town hall, at a service that takes no more than ten of its calls at once."""

    async def look(services: Services, _service: Service) -> list[object]:
        people = [Lab(services, member_id="mem_town") for _ in range(50)]
        return await asyncio.gather(*(one.get("intake", "/work") for one in people))

    assert _ask(look) == [{}] * 50


def test_people_of_another_member_do_not_wait() -> None:
    """Two members' calls are under way together: a service that waits for twenty gets them."""

    async def look(services: Services, _service: Service) -> list[object]:
        people = [Lab(services, member_id=f"mem_{number % 2}") for number in range(20)]
        return await asyncio.gather(*(one.get("intake", "/work") for one in people))

    assert _ask(look, most=20) == [{}] * 20


def test_what_a_member_has_too_much_under_way_for_is_missing_from_the_page() -> None:
    """Its programs may take all of its share: the rest of the page is there, and says so."""

    async def look(services: Services, service: Service) -> tuple[object, object]:
        service.under_way = 10
        lab = Lab(services, "mine", "mem_town")
        found = await lab.parts(work=lab.get("intake", "/work"), rest=lab.get("notify", "/token"))
        return found["work"].missing, found["rest"].value

    assert _ask(look) == ("Trop de vos requêtes sont en cours", "Bearer mine-1")


def test_calls_of_one_page_exchange_one_token() -> None:
    """All of them ask before the first has one; another person's session has its own."""

    async def look(services: Services, _service: Service) -> list[object]:
        mine, other = Lab(services, "mine", "mem_town"), Lab(services, "other", "mem_town")
        asked = [*(mine.get("intake", "/token") for _ in range(6)), other.get("intake", "/token")]
        return [*await asyncio.gather(*asked), await mine.get("intake", "/token")]

    told = _ask(look)
    assert told == [*["Bearer mine-1"] * 6, "Bearer other-2", "Bearer mine-1"]


def test_session_that_ended_is_told_to_all_calls_of_a_page() -> None:
    """And asked for again by the next one: a refusal is not kept."""

    async def look(services: Services, service: Service) -> list[list[int]]:
        lab = Lab(services, "over", "mem_town")
        return [await _refusals(lab) for _ in range(2)] + [[service.tokens]]

    assert _ask(look) == [[401] * 3, [401] * 3, [2]]


async def _refusals(lab: Lab) -> list[int]:
    asked = (lab.get("intake", "/token") for _ in range(3))
    told = await asyncio.gather(*asked, return_exceptions=True)
    return [one.status for one in told if isinstance(one, Refused)]
