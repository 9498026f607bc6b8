"""Which pages are for everybody, where the lab says so, and how often a stranger registers."""

import re

import httpx
import pytest

from tests.unit.portal.pages import visited

_PAGES = (
    "/catalogue",
    "/catalogue/dts_1",
    "/services",
    "/ateliers",
    "/ateliers/wsh_1",
    "/ateliers/calendrier.ics",
)


@pytest.mark.parametrize("path", _PAGES)
def test_lab_that_is_closed_asks_strangers_to_sign_in(path: str) -> None:
    """And leads them back to where they wanted to go, without a menu of what they cannot see."""
    answer = visited(lambda browser: browser.get(path), public_catalog=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/connexion?suite={path}")
    entry = visited(lambda browser: browser.get("/connexion"), public_catalog=False)
    assert "/ateliers" not in entry.text


@pytest.mark.parametrize("path", _PAGES)
def test_lab_that_is_open_asks_its_services_for_strangers(path: str) -> None:
    """Here they are away, and the page or its parts say so; the menu has what is for all."""
    answer = visited(lambda browser: browser.get(path), public_catalog=True)
    assert answer.status_code in {200, 503}
    assert "ne répond pas" in answer.text
    linked = re.findall('<li><a href="([^"]+)"', answer.text)
    assert [match for match in linked if match != "/"] == [
        "/catalogue",
        "/services",
        "/ateliers",
        "/connexion",
    ]


@pytest.mark.parametrize(
    "path", ["/", "/projets", "/ateliers/nouveau", "/ateliers/wsh_1/presence", "/personnes"]
)
def test_other_pages_stay_for_those_who_signed_in(path: str) -> None:
    """However open the lab is."""
    answer = visited(lambda browser: browser.get(path), public_catalog=True)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/connexion")


def test_address_that_registers_again_and_again_waits() -> None:
    """Whether or not its registrations came to something."""

    async def register(browser: httpx.AsyncClient) -> list[int]:
        sent = {"name": "Zoé", "mail": "z@ville.example", "csrf": await _csrf(browser)}
        path = "/ateliers/wsh_1/inscription"
        return [(await browser.post(path, data=sent)).status_code for _ in range(12)]

    assert visited(register, public_catalog=True) == [503] * 10 + [429] * 2


async def _csrf(browser: httpx.AsyncClient) -> str:
    match = re.search('name="csrf" value="([^"]+)"', (await browser.get("/connexion/lien")).text)
    assert match
    return match.group(1)
