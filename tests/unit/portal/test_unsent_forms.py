"""What was typed outlives the session that it was typed in."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.portal.lab import Refused
from services.portal.unsent_forms import UnsentForm, UnsentForms
from services.portal.visit import Visit, post
from tests.unit.portal.pages import visited

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
    assert [forms.find(one, "") is None for one in (keys[0], keys[-1])] == [True, False]
    clock[0] = 3601.0
    assert forms.find(keys[-1], "") is None
