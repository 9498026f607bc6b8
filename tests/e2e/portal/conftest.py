"""A real browser in front of the lab, and the people who use it."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from deploy.demo.story import Story
from tests.chaos.lab import Lab
from tests.e2e.consent import Consent
from tests.servers import PATIENCE_SECONDS, require

QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
CHROMIUM = "chromium-headless-shell"
_PATIENCE_MS = 1000 * PATIENCE_SECONDS
_PAUSE_MS = 1_000
"""Before a page is opened again: each time takes the lab what it needs for what is waited for."""


@dataclass
class Visitor:
    """Somebody at the portal in a browser of their own, with the lines of its console."""

    page: Page
    url: str
    console_lines: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of the portal."""
        self.page.goto(self.url + path)
        return self.page

    def press(self, selector: str) -> Page:
        """Press a button or a link, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.click(selector)
        return self.page

    def open(self, selector: str) -> None:
        """Open a closed part of the page by its heading."""
        self.page.click(selector)

    def fill(self, selector: str, text: str) -> None:
        """Write into a field."""
        self.page.fill(selector, text)

    def choose(self, selector: str, value: str) -> None:
        """Choose one of a list."""
        self.page.select_option(selector, value)

    def check(self, selector: str) -> None:
        """Tick a box, or choose by a button of several."""
        self.page.check(selector)

    def save(self, selector: str) -> Path:
        """Save what a link leads to; the file."""
        with self.page.expect_download() as saved:
            self.page.click(selector)
        return Path(saved.value.path())

    def until(self, path: str, selector: str) -> Page:
        """Open a page again and again until it has that."""
        for _ in range(round(PATIENCE_SECONDS)):
            try:
                if self.go(path).locator(selector).count():
                    return self.page
            except Error as error:
                # A page that opens itself anew may break off what is opened meanwhile.
                if "ERR_ABORTED" not in str(error):
                    raise
            self.page.wait_for_timeout(_PAUSE_MS)
        pytest.fail(f"{path} has no {selector}: {self.page.locator('main').inner_text()[:2000]}")

    def follow(self, path: str, selector: str) -> Page:
        """Open a page until it has that link, and follow it."""
        self.until(path, selector)
        return self.press(selector)


Enter = Callable[..., Visitor]
"""`enter(member_id, *roles)` is that member, signed in.

With `scripts=False` it is without JavaScript; `by` says what it uses in place of a mouse.
"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium without a screen: it takes a third of the time of the whole one."""
    program = shutil.which(CHROMIUM)
    require(program, CHROMIUM)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def enter(browser: Browser, lab: Lab) -> Iterator[Enter]:
    """Signs members in by a link, as `datalab portal` makes one."""
    opened = []

    def signed_in(
        member_id: str,
        *roles: str,
        scripts: bool = True,
        width: int = 1000,
        by: type[Visitor] = Visitor,
    ) -> Visitor:
        context = browser.new_context(
            java_script_enabled=scripts,
            viewport={"width": width, "height": 800},
            locale="fr-FR",
            reduced_motion="reduce",
        )
        context.set_default_timeout(_PATIENCE_MS)
        opened.append(context)
        visitor = by(context.new_page(), lab.stack.portal_url)
        visitor.page.on("console", lambda message: visitor.console_lines.append(message.text))
        visitor.page.on("pageerror", lambda error: visitor.console_lines.append(str(error)))
        visitor.go(f"/connexion/lien?code={link(lab, member_id, *roles)}")
        visitor.press("main button")
        return visitor

    yield signed_in
    for context in opened:
        context.close()


@pytest.fixture
def stranger(browser: Browser, lab: Lab) -> Iterator[Visitor]:
    """Somebody who did not sign in."""
    context = browser.new_context(locale="fr-FR")
    context.set_default_timeout(_PATIENCE_MS)
    yield Visitor(context.new_page(), lab.stack.portal_url)
    context.close()


def announced(played: Story | Consent, **changes: object) -> str:
    """The id of a new workshop of two seats, which begins in a week."""
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
    body = {
        "title": "Lire une carte",
        "theme": "culture des données",
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=2)).isoformat(),
        "place": "Caen",
        "link": "https://visio.example/salle",
        "seats": 2,
        "waiting_seats": 1,
        "host_id": played.members["agency"],
        "project_ids": [played.project_id],
        **changes,
    }
    return str(played.staff.post("intake", "/workshops", body)["id"])


def registered(lab: Lab, name: str) -> str:
    """The id of a new member."""
    operator = lab.client("operator", "operator")
    return str(operator.post("intake", "/members", {"name": name, "kind": "company"})["id"])


def link(lab: Lab, member_id: str, *roles: str) -> str:
    """The text of a new link."""
    operator = lab.client("operator", "operator")
    body = {"member_id": member_id, "roles": roles}
    return str(operator.post("intake", "/sign-in-links", body)["text"])


def csrf(client: httpx.Client, path: str = "/connexion/lien?code=x") -> str:
    """What the forms of a page bring along, for a program."""
    match = re.search('name="csrf" value="([^"]+)"', client.get(path).text)
    assert match
    return match[1]


def let_in(lab: Lab, client: httpx.Client, member_id: str, *roles: str) -> None:
    """Let a program enter by a link, as that member."""
    code = link(lab, member_id, *roles)
    sent = {"code": code, "csrf": csrf(client, f"/connexion/lien?code={code}")}
    answer = client.post("/connexion/lien", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.fixture(scope="package")
def played(lab: Lab, story: Story) -> Story:
    """The demonstration's story, whose members and data people go on with here."""
    assert lab.stack.portal_url
    return story
