"""What one person's calls to the services have in common with those of others."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest
from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.portal.lab import Away, Refused, Tokens
from services.portal.lab.lab_calls import Lab, Services
from tests.integration.portal.serving import asked

T = TypeVar("T")


class Service:
    """Answers as many calls at a time as it works on, and refuses more."""

    def __init__(self, most: int = 10) -> None:
        self._most, self.under_way = most, 0
        self._together = asyncio.Barrier(most)
        self.tokens, self.spoilt = 0, frozenset[str]()

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
        """The token that it was shown, unless its key is gone."""
        token = request.headers["authorization"]
        return JSONResponse(token, 401 if token in self.spoilt else 200)

    async def repeat(self, request: Request) -> Response:
        """What was asked for."""
        return JSONResponse(request.query_params.multi_items())

    async def page(self, request: Request) -> Response:
        """Members, two at a time."""
        names = ["Zoé", "Élan", "Bief", "air"]
        first = int(request.query_params.get("after", 0))
        items = [{"name": name} for name in names[first : first + 2]]
        return JSONResponse({"items": items, "next": "2" if first == 0 else None})

    async def lead(self, _request: Request) -> Response:
        """Somewhere else, with something to keep."""
        return Response("{}", 302, {"location": "/token", "set-cookie": "kept=1"})

    async def break_off(self, _request: Request) -> Response:
        """An answer that ends before its time."""

        async def pieces() -> AsyncIterator[bytes]:
            yield b"{"
            raise ConnectionResetError

        return StreamingResponse(pieces())

    async def take(self, request: Request) -> Response:
        """The name of a file, its type, its bytes, and what was told of it."""
        async with request.form() as form:
            file = form["file"]
            if request.headers.get("authorization") in self.spoilt:
                return JSONResponse({}, 401)
            assert isinstance(file, UploadFile)
            held = (await file.read()).decode()
            return JSONResponse([file.filename, file.content_type, held, form["metadata"]])

    def as_others_see_it(self) -> Starlette:
        """Its routes."""
        return Starlette(
            routes=[
                Route("/work", self.work),
                Route("/tokens", self.exchange, methods=["POST"]),
                Route("/token", self.tell),
                Route("/asked", self.repeat),
                Route("/members", self.page),
                Route("/elsewhere", self.lead),
                Route("/broken", self.break_off),
                Route("/files", self.take, methods=["POST"]),
            ]
        )


def _ask(asking: Callable[[Services, Service], Awaitable[T]], most: int = 10) -> T:
    """What comes of asking a service, which is all four of them."""
    service = Service(most)

    async def ask(http: ClientSession, url: str) -> T:
        urls = dict.fromkeys(("intake", "catalog", "compute", "notify"), url)
        return await asking(Services(http, urls, Tokens()), service)  # type: ignore[arg-type]

    return asked(service.as_others_see_it(), ask)


def test_people_of_one_member_wait_for_each_other_and_none_is_refused() -> None:
    """Fifty of one town hall, at a service that takes no more than ten of its calls at once."""

    async def look(services: Services, _service: Service) -> list[object]:
        people = [Lab(services, member_id="mem_town") for _ in range(50)]
        return await asyncio.gather(*(lab.get("intake", "/work") for lab in people))

    assert _ask(look) == [{}] * 50


def test_people_of_another_member_do_not_wait() -> None:
    """Two members' calls are under way together: a service that waits for twenty gets them."""

    async def look(services: Services, _service: Service) -> list[object]:
        people = [Lab(services, member_id=f"mem_{number % 2}") for number in range(20)]
        return await asyncio.gather(*(lab.get("intake", "/work") for lab in people))

    assert _ask(look, most=20) == [{}] * 20


def test_what_a_member_has_too_much_under_way_for_is_missing_from_the_page() -> None:
    """Its programs may take all of its share: the rest of the page is there, and says so."""

    async def look(services: Services, service: Service) -> tuple[object, object]:
        service.under_way = 10
        lab = Lab(services, "mine", "mem_town")
        parts_answered = await lab.parts(
            work=lab.get("intake", "/work"), rest=lab.get("notify", "/token")
        )
        return parts_answered["work"].missing, parts_answered["rest"].value

    assert _ask(look) == ("Trop de vos requêtes sont en cours", "Bearer mine-1")


def test_calls_of_one_page_exchange_one_token() -> None:
    """All of them ask before the first has one; another person's session has its own."""

    async def look(services: Services, _service: Service) -> list[object]:
        mine, other = Lab(services, "mine", "mem_town"), Lab(services, "other", "mem_town")
        asked = [*(mine.get("intake", "/token") for _ in range(6)), other.get("intake", "/token")]
        return [*await asyncio.gather(*asked), await mine.get("intake", "/token")]

    answer = _ask(look)
    assert answer == [*["Bearer mine-1"] * 6, "Bearer other-2", "Bearer mine-1"]


def test_session_that_ended_is_told_to_all_calls_of_a_page() -> None:
    """And asked for again by the next one: a refusal is not kept."""

    async def look(services: Services, service: Service) -> list[list[int]]:
        lab = Lab(services, "over", "mem_town")
        return [await _refusals(lab) for _ in range(2)] + [[service.tokens]]

    assert _ask(look) == [[401] * 3, [401] * 3, [2]]


def test_token_whose_key_is_gone_is_asked_for_anew() -> None:
    """Its session goes on; a file, which is sent once, has a new one from the beginning."""

    async def look(services: Services, service: Service) -> list[object]:
        lab = Lab(services, "mine", "mem_town")
        service.spoilt = frozenset({"Bearer mine-1"})
        answers = [await lab.get("intake", "/token")]
        service.spoilt |= {"Bearer mine-2"}
        answers += [await lab.upload("catalog", "/files", {}, io.BytesIO(b"a;b"), "a.csv")]
        service.spoilt |= {"Bearer mine-3", "Bearer mine-4"}
        return [*answers, await _refusals(lab)]

    sent = ["a.csv", "application/octet-stream", "a;b", "{}"]
    assert _ask(look) == ["Bearer mine-2", sent, [401] * 3]


async def _refusals(lab: Lab) -> list[int]:
    asked = (lab.get("intake", "/token") for _ in range(3))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    return [outcome.status for outcome in outcomes if isinstance(outcome, Refused)]


def test_parameters_arrive_as_they_were_given() -> None:
    """Those that say nothing are not sent."""
    defaults = {"q": "é & = +", "kind": ["a", "b"], "mine": True, "limit": 5, "none": None}
    answer = _ask(lambda services, _: Lab(services).get("intake", "/asked", **defaults))
    asked_for = [["q", "é & = +"], ["kind", "a"], ["kind", "b"], ["mine", "true"], ["limit", "5"]]
    assert answer == asked_for


@pytest.mark.parametrize("name", ["été.csv", 'a"b.csv', "a\\b;c.csv", "a%20b.csv"])
def test_file_arrives_under_its_name(name: str) -> None:
    """Whatever the name holds; with what is told of it."""
    sent = {"title": "É"}, io.BytesIO(b"a;b"), name
    answer = _ask(lambda services, _: Lab(services).upload("catalog", "/files", *sent))
    assert answer == [name, "application/octet-stream", "a;b", '{"title": "\\u00c9"}']


def test_no_redirection_is_followed_and_nothing_kept() -> None:
    """Services answer themselves: nobody leads the bearer of a token elsewhere."""

    async def look(services: Services, _service: Service) -> object:
        return await Lab(services, "mine").get("intake", "/elsewhere"), len(
            services.http.cookie_jar
        )

    assert _ask(look) == ({}, 0)


def test_service_that_breaks_off_is_away() -> None:
    """Like one that is not there; the next call is answered."""

    async def look(services: Services, _service: Service) -> object:
        lab = Lab(services, "mine")
        with pytest.raises(Away):
            await lab.get("intake", "/broken")
        return await lab.get("intake", "/token")

    assert _ask(look) == "Bearer mine-1"


def test_all_members_are_told_by_name() -> None:
    """Of as many pages as there are."""

    async def look(services: Services, _service: Service) -> list[str]:
        return [member["name"] for member in await Lab(services).all_members()]

    assert _ask(look) == ["air", "Bief", "Élan", "Zoé"]
