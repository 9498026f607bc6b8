"""What a form brings, and how much of it."""

from asyncio import Event
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.portal.lab import Refused
from services.portal.limits.form_body import check_texts
from services.portal.limits.unsent_forms import UnsentForm, UnsentForms
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
        text = (await browser.get("/csrf")).text
        sent = {**data, "csrf": text if csrf == _OWN else csrf}
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
    routes = [(route.path, *sorted(route.methods or ())) for route in PAGES]
    assert len(routes) == len(set(routes))


OWN = {"sec-fetch-site": "same-origin"}
TYPED = {"title": "Froid", "problem": "Où <b> ?", "csrf": "secret"}


async def enter(request: Request) -> Response:
    """Signs somebody in, as the address says."""
    request.session.update(session="s", member_id=request.query_params["as"], roles=["holder"])
    return PlainTextResponse(request.app.state.visit(request).csrf)


async def refuse(_visit: Visit) -> Response:
    """A service's word that the session ended."""
    raise Refused(401, "terminée")


ENTER = Route("/entrer", enter)


def test_form_is_sent_on_after_signing_in_again() -> None:
    """It is read again first; neither its token nor anybody else's is used."""

    async def story(browser: httpx.AsyncClient) -> tuple[str, str, str]:
        sent = await browser.post("/projets", data=TYPED, headers=OWN)
        assert (sent.status_code, sent.headers["location"]) == (303, "/connexion?suite=/projets")
        entry = (await browser.get("/connexion")).text
        token = (await browser.get("/entrer?as=ville")).text
        return entry, token, (await browser.get("/reprise")).text

    entry, token, page = visited(story, ENTER)
    assert "gardé une heure" in entry
    assert '<form method="post" action="/projets">' in page
    assert "Froid</textarea>" in page
    assert "Où &lt;b&gt; ?" in page
    assert token in page
    assert "secret" not in page


@pytest.mark.parametrize(("reader", "is_kept"), [("ville", True), ("mairie", False)])
def test_form_of_a_known_person_is_for_that_one_alone(reader: str, *, is_kept: bool) -> None:
    """Where a service says that the session ended while the browser still has it."""

    async def story(browser: httpx.AsyncClient) -> httpx.Response:
        token = (await browser.get("/entrer?as=ville")).text
        sent = await browser.post("/fin", data={**TYPED, "csrf": token}, headers=OWN)
        assert sent.status_code == 303
        await browser.get(f"/entrer?as={reader}")
        return await browser.get("/reprise")

    page = visited(story, ENTER, post("/fin", refuse))
    assert (page.status_code == 200, "Froid" in page.text) == (is_kept, is_kept)


def test_form_of_another_site_is_not_kept() -> None:
    """Nobody is led to send what somebody else wrote."""

    async def story(browser: httpx.AsyncClient) -> str:
        await browser.post("/projets", data=TYPED, headers={"origin": "https://other.example"})
        return (await browser.get("/connexion")).text

    assert "n'est pas enregistré" in visited(story).replace("&#39;", "'")


def test_what_is_kept_is_bounded_in_size_and_time() -> None:
    """A long form is not kept, of many the oldest go, and none stays for more than an hour."""
    clock = [0.0]
    forms = UnsentForms(lambda: clock[0])
    assert forms.keep(UnsentForm("/x", (("text", "x" * 500_000),))) == ""
    keys = [forms.keep(UnsentForm("/x", (("text", "x" * 390_000),))) for _ in range(60)]
    assert [forms.find(key, "") is None for key in (keys[0], keys[-1])] == [True, False]
    clock[0] = 3601.0
    assert forms.find(keys[-1], "") is None
