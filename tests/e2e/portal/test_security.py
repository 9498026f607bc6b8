"""What somebody hostile tries at the portal, and what is away."""

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from deploy.demo.story import Story
from deploy.local.ports import listening
from tests.chaos.lab import Lab
from tests.e2e.portal.conftest import Enter, csrf, let_in, link
from tests.servers import PATIENCE_SECONDS, eventually, free_port

HOSTILE = "<script>document.title='pris'</script><img src=x onerror=\"document.title='pris'\">"


def program(url: str, cookies: dict[str, str] | None = None) -> httpx.Client:
    """A program at the portal."""
    return httpx.Client(base_url=url, cookies=cookies, timeout=PATIENCE_SECONDS)


@pytest.fixture
def stranger(lab: Lab) -> Iterator[httpx.Client]:
    """A program that is not signed in."""
    with program(lab.stack.portal_url) as client:
        yield client


@pytest.fixture
def signed_in(lab: Lab, stranger: httpx.Client, played: Story) -> httpx.Client:
    """The same, signed in as the agency."""
    let_in(lab, stranger, played.members["agency"], "holder", "owner")
    return stranger


def test_one_is_led_back_on_this_portal_alone(stranger: httpx.Client) -> None:
    """Not to a page of elsewhere after the entry."""
    assert "evil.example" not in stranger.get("/connexion?suite=//evil.example/x").text


def test_link_is_used_up_by_a_person_not_by_a_look(
    lab: Lab, stranger: httpx.Client, played: Story
) -> None:
    """Programs that look at addresses in mails leave it whole; the second use is refused."""
    code = link(lab, played.members["city"], "holder")
    for _ in range(3):
        assert stranger.get("/connexion/lien", params={"code": code}).status_code == 200
    used = [
        stranger.post("/connexion/lien", data={"code": code, "csrf": csrf(stranger)})
        for _ in range(2)
    ]
    assert [response.status_code for response in used] == [303, 401]


def test_every_answer_says_what_it_may_do(signed_in: httpx.Client) -> None:
    """No script of elsewhere, no frame, no guess at types; the cookie is no script's."""
    for path in ("/", "/catalogue", "/nulle-part", "/static/lab.css", "/livez"):
        headers = signed_in.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "'unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert signed_in.get("/projets/..%2f..%2fmembers").status_code == 404
    cookie = signed_in.get("/connexion").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_words_of_others_are_shown_and_never_run(lab: Lab, enter: Enter, played: Story) -> None:
    """A title that is a program stands there as text."""
    agency = lab.client(played.members["agency"], "holder", "owner")
    word = f"mot{uuid4().hex[:8]}"
    project = {
        "title": f"{word} a < b > c & d",
        "problem": "x < y",
        "theme": "x",
        "territory": ["14"],
    }
    project_id = agency.post("intake", "/projects", project)["id"]
    visitor = enter(played.members["agency"], "holder")
    page = visitor.go(f"/projets/{project_id}")
    assert page.locator("h1").inner_text() == f"{word} a < b > c & d"
    page = visitor.go(f"/catalogue?q={HOSTILE}")
    assert page.locator("#q").input_value() == HOSTILE
    assert page.title().startswith("Catalogue")


def test_who_signed_out_is_out(lab: Lab, signed_in: httpx.Client) -> None:
    """The session proves nothing any more, even with the old cookie."""
    kept = dict(signed_in.cookies)
    signed_in.post("/deconnexion", data={"csrf": csrf(signed_in)})
    with program(lab.stack.portal_url, cookies=kept) as thief:
        eventually(lambda: thief.get("/projets").status_code == 303)


def test_one_service_away_takes_its_part_of_the_page_alone(lab: Lab, played: Story) -> None:
    """The timeline is missing and says so; the rest of the project is there."""
    port = free_port()
    environ = {
        **os.environ,
        **lab.stack.plan.portal_settings(),
        "DATALAB_HTTP_PORT": str(port),
        "DATALAB_NOTIFY_URL": f"http://127.0.0.1:{free_port()}",
    }
    portal = subprocess.Popen([sys.executable, "-m", "services.portal"], env=environ)
    try:
        eventually(lambda: listening(port))
        with program(f"http://127.0.0.1:{port}") as client:
            let_in(lab, client, played.members["agency"], "holder", "owner")
            page = client.get(f"/projets/{played.project_id}")
            assert page.status_code == 200
            assert "Le Datalab ne répond pas" in page.text
            assert "Où les logements sont-ils vacants" in page.text
            assert client.get("/readyz").json()["checks"]["notify"] is False
    finally:
        portal.terminate()
        portal.wait(PATIENCE_SECONDS)
