"""The portal's pages of mails: what a person chooses there, and the link that ends it."""

import base64
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from itsdangerous import TimestampSigner

from services.notify.mail.model import MailPreference
from services.portal.app import application
from shared.server_settings import PortalSettings
from tests.integration.notify.lab import Client, submitted
from tests.integration.notify.mail.mail_server import MailServer
from tests.integration.notify.mail.town import NEVER, SIGN_IN_KEY, Person, Town
from tests.servers import eventually

COOKIE_KEY = "k" * 32
Browse = Callable[..., httpx.Response]


@pytest.fixture
def browse(town: Town) -> Browse:
    """`browse(method, path, person, form)` is what the portal answers to who signed in, if any."""
    settings = PortalSettings(
        http_port=1,
        intake_url=town.intake.url,
        catalog_url="http://127.0.0.1:1",
        compute_url="http://127.0.0.1:1",
        notify_url=town.lab.service.url,
        cookie_key=COOKIE_KEY,
    )
    app = application(settings)

    async def answer(
        method: str, path: str, cookie: str, form: dict[str, str] | None
    ) -> httpx.Response:
        browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://lab",
            cookies={"datalab": cookie} if cookie else None,
            timeout=20,
        )
        async with app.router.lifespan_context(app), browser:
            return await browser.request(method, path, data=form)

    def send(
        method: str,
        path: str,
        person: Person | None = None,
        form: dict[str, str] | None = None,
        *,
        by_link: bool = False,
    ) -> httpx.Response:
        cookie = signed_in(person, by_link=by_link) if person else ""
        with start_blocking_portal() as thread:
            return thread.call(answer, method, path, cookie, form)

    return send


def signed_in(person: Person, *, by_link: bool) -> str:
    """The cookie of somebody whom a provider vouched for, or who came by a link."""
    town = person.town
    if by_link:
        link = town.operate(
            "POST", "/sign-in-links", {"member_id": town.member_id, "roles": ["holder"]}
        )
        session = Client(town.intake.url, link.json["text"])("POST", "/sessions")
    else:
        body = {"issuer": "https://i.example", "subject": person.account_id, "mail": person.mail}
        session = Client(town.intake.url, SIGN_IN_KEY)("POST", "/sessions/by-identity", body)
    assert session.status == 201, session
    identity = {name: session.json[name] for name in ("member_id", "account_id", "roles")}
    kept = {"session": session.json["text"], "csrf": "c", **identity}
    signed = TimestampSigner(COOKIE_KEY).sign(base64.b64encode(json.dumps(kept).encode()))
    return signed.decode()


def chosen(page: str) -> dict[str, str]:
    """What the form of a page shows as chosen."""
    fields = re.findall(r'<select id="(\w+)".*?</select>', page, re.DOTALL)
    return {
        name: re.findall(rf'<select id="{name}".*?<option value="(\w+)" selected', page, re.DOTALL)[
            0
        ]
        for name in fields
        if name in NEVER
    }


def link_of(person: Person, scope: str) -> str:
    """The path of a mail's link."""
    with person.town.lab.store() as store:
        text = store.of(MailPreference).get(person.account_id).link(scope)  # type: ignore[arg-type]
    return f"/desabonnement/{text}"


def test_person_chooses_on_its_account_s_page(town: Town, browse: Browse) -> None:
    """Never, until it says otherwise; what it chose stands there the next time."""
    person = town.person()
    assert chosen(browse("GET", "/compte", person).text) == NEVER
    fields = {**NEVER, "tasks": "immediate", "data": "daily"}
    saved = browse("POST", "/compte/courriels", person, {"csrf": "c", **fields})
    assert (saved.status_code, saved.headers["location"]) == (303, "/compte")
    assert chosen(browse("GET", "/compte", person).text) == fields
    assert person("GET", "/mail-preferences").json == {
        **fields,
        "is_sent": True,
        "refused_at": None,
    }


def test_wrong_choice_is_told_at_its_field(town: Town, browse: Browse) -> None:
    """In a sentence that the field is described by."""
    person = town.person()
    page = browse("POST", "/compte/courriels", person, {"csrf": "c", **NEVER, "data": "hourly"})
    assert page.status_code == 422
    assert re.search(r'<select id="data"[^>]*aria-describedby="data-fault"', page.text)
    assert 'id="data-fault"' in page.text


def test_portal_shows_what_mails_say(town: Town, browse: Browse, project: str) -> None:
    """To every person of the member, mails or not, as text; nothing to others."""
    person, title = town.person(), "<b>Eau</b>"
    event = submitted(project, town.member_id).model_copy(update={"title": title})
    town.lab.publish(event)
    eventually(lambda: project in browse("GET", "/nouvelles", person).text)
    for reader, by_link in ((person, False), (person, True)):
        page = browse("GET", "/nouvelles", reader, by_link=by_link).text
        assert f'href="/projets/{project}"' in page
        assert "&lt;b&gt;Eau&lt;/b&gt;" in page
        assert title not in page
    stranger = town.lab.client(f"mem_{project}")
    assert stranger("GET", "/news").json == {"items": [], "next": None}
    assert stranger("GET", "/news?limit=0").json["field"] == "limit"


def test_portal_says_so_when_there_is_no_news(town: Town, browse: Browse) -> None:
    """With what to do next, on the page and on the first one."""
    other = replace(town, member_id=town.new_member())
    for path in ("/nouvelles", "/"):
        page = browse("GET", path, other.person())
        assert (page.status_code, "Rien de nouveau." in page.text) == (200, True)


def test_form_of_another_site_chooses_nothing(town: Town, browse: Browse) -> None:
    """Without what this browser's forms bring."""
    person = town.person()
    fields = {**NEVER, "tasks": "immediate"}
    assert browse("POST", "/compte/courriels", person, fields).status_code == 403
    assert chosen(browse("GET", "/compte", person).text) == NEVER


def test_person_who_came_by_a_link_is_told_why_there_is_no_choice(
    town: Town, browse: Browse
) -> None:
    """It has no address here; where it finds the same is said."""
    page = browse("GET", "/compte", town.person(), by_link=True)
    assert page.status_code == 200
    assert "entré par un lien, sans compte" in html.unescape(page.text)
    assert chosen(page.text) == {}


def test_mail_program_ends_mails_in_one_click(town: Town, browse: Browse) -> None:
    """RFC 8058: a POST without a cookie or a form's secret, answered without a redirect."""
    person = town.person(tasks="immediate", projects="immediate")
    path = link_of(person, "projects")
    for _ in range(2):
        ended = browse("POST", path, form={"List-Unsubscribe": "One-Click"})
        assert ended.status_code == 200
        assert "Vous ne recevrez plus de courriel sur vos projets." in ended.text
    kept = person("GET", "/mail-preferences").json
    assert (kept["tasks"], kept["projects"]) == ("immediate", "never")


def test_program_that_looks_at_links_ends_nothing(town: Town, browse: Browse) -> None:
    """A GET shows a button, whoever is signed in."""
    person = town.person(projects="daily")
    path = link_of(person, "daily")
    for reader in (None, person):
        page = browse("GET", path, reader)
        assert (page.status_code, "<button>Ne plus recevoir" in page.text) == (200, True)
    assert person("GET", "/mail-preferences").json["projects"] == "daily"


def test_letter_s_link_opens_the_registration(
    town: Town, browse: Browse, server: MailServer
) -> None:
    """Without signing in; following it gives nothing up, the button on the page does."""
    registration, mail = town.register(town.announce("Lire une carte"))
    eventually(lambda: server.sent_to(mail))
    link = server.sent_to(mail)[0]["List-Unsubscribe"].strip("<>")
    page = browse("GET", link.removeprefix("https://portail.datalab.example"))
    assert (page.status_code, "Lire une carte" in page.text) == (200, True)
    assert "Retirer mon inscription" in page.text
    registration_view = Client(town.intake.url, registration["text"])("GET", "/registrations/shown")
    assert registration_view.json["state"] == "taken"


@pytest.mark.parametrize(
    "text", ["x", "acc_1.tasks.x", "%0d%0aX-A:%20b", "é.tasks.x", "%3Cscript%3E", "a" * 5000]
)
def test_link_that_is_none_is_told_as_text(town: Town, browse: Browse, text: str) -> None:
    """With what to do next, and nothing of what was sent."""
    assert town.member_id
    page = browse("POST", f"/desabonnement/{text}", form={"List-Unsubscribe": "One-Click"})
    assert page.status_code == 404
    assert "lien n'est pas valable" in html.unescape(page.text)
    assert 'href="/compte"' in page.text
    assert "<script>" not in page.text
