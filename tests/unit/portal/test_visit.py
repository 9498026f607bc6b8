"""What a form brings, and how much of it."""

from asyncio import Event
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response

from services.portal.lab import Refused
from services.portal.limits.form_body import check_texts
from services.portal.pages import PAGES
from services.portal.visit import Visit, faults_of, get, post
from tests.unit.portal.pages import visited

_OWN = "what this browser's forms bring"


async def _sizes(visit: Visit) -> Response:
    file = visit.file("file")
    return JSONResponse({"file": file.size if file else None, "said": len(visit.text("said"))})


async def _number(visit: Visit) -> Response:
    return JSONResponse({"number": visit.number("number")})


async def _known(visit: Visit) -> Response:
    return PlainTextResponse(visit.csrf)


def _send(path: str, data: dict[str, str], csrf: str = _OWN, **form: Any) -> httpx.Response:
    """What the portal answers to a form, one of two: `/file` takes a file of 2 MB at most."""

    async def send(browser: httpx.AsyncClient) -> httpx.Response:
        known = (await browser.get("/csrf")).text
        sent = {**data, "csrf": known if csrf == _OWN else csrf}
        return await browser.post(path, data=sent, **form)

    return _answered(send)


def _answered(
    send: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]], **settings: float
) -> httpx.Response:
    routes = (
        post("/file", _sizes, is_open=True, takes_file=True),
        post("/form", _sizes, is_open=True),
        post("/number", _number, is_open=True),
        get("/csrf", _known, is_open=True),
    )
    return visited(send, *routes, max_upload_bytes=2_000_000, **settings)


def test_a_file_as_large_as_the_lab_takes_is_read() -> None:
    """Its size is that of what was sent."""
    files = {"file": ("a.csv", b"x" * 2_000_000)}
    answer = _send("/file", data={}, files=files)
    assert answer.json() == {"file": 2_000_000, "said": 0}


def test_a_larger_file_is_refused_with_the_limit() -> None:
    """Not kept on disk for a service to refuse it."""
    files = {"file": ("a.csv", b"x" * 3_100_000)}
    answer = _send("/file", data={}, files=files)
    assert answer.status_code == 413
    assert "Le fichier dépasse 2,0\u00a0Mo." in answer.text


def test_a_form_without_a_file_is_no_larger_than_a_form() -> None:
    """A form is kept in memory."""
    answer = _send("/form", data={"said": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "Ce formulaire est trop long." in answer.text


def test_a_field_of_a_file_that_was_not_chosen_holds_none() -> None:
    """Browsers send it empty, without a name."""
    files = {"file": ("", b"")}
    answer = _send("/file", data={"said": " a "}, files=files)
    assert answer.json() == {"file": None, "said": 1}


def test_a_form_of_another_page_is_refused() -> None:
    """It does not know what this browser's forms bring along."""
    assert _send("/form", data={}, csrf="guessed").status_code == 403


@pytest.mark.parametrize(
    ("text", "number"), [(" 12 ", 12), ("9" * 5000, None), ("douze", None), ("-1", None)]
)
def test_number_of_a_form_is_short_or_none(text: str, number: int | None) -> None:
    """Python refuses to read more than 4,300 digits."""
    assert _send("/number", data={"number": text}).json() == {"number": number}


@pytest.mark.parametrize(
    "form",
    [{"data": {"said": "a\0"}}, {"data": {"sa\0id": "a"}}, {"data": {}, "params": {"suite": "\0"}}],
)
def test_no_text_with_a_nul_reaches_a_page(form: dict[str, Any]) -> None:
    """Of a form, a file's name, or an address: it is told, whatever the page would do with it."""
    answer = _send("/file", **form)
    assert answer.status_code == 422
    assert "caractère nul" in answer.text
    with pytest.raises(Refused, match="caractère nul"):
        check_texts([("file", UploadFile(BytesIO(), filename="a\0.csv"))])


@pytest.mark.parametrize("path", ["/form", "/file"])
def test_a_form_whose_end_never_comes_is_refused(path: str) -> None:
    """Whatever is sent again and again: the connection is not kept for it."""

    async def endless() -> AsyncIterator[bytes]:
        yield b"said=x"
        await Event().wait()

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = _answered(
        lambda browser: browser.post(path, content=endless(), headers=headers),
        http_body_seconds=0.05,
    )
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert "arrivait trop lentement" in answer.text


def test_what_is_wrong_with_an_item_is_told_at_its_list() -> None:
    """A list is one field of a form."""
    assert faults_of(Refused(422, "inconnu", "territory.3.code")).at == "territory"


def test_no_two_pages_have_the_same_address() -> None:
    """The first would hide the second."""
    told = [(route.path, *sorted(route.methods or ())) for route in PAGES]
    assert len(told) == len(set(told))
