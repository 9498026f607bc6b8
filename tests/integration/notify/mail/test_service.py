"""Mails as persons get them: chosen over HTTP or in the portal, given by STARTTLS."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import urllib3
from anyio.from_thread import start_blocking_portal
from itsdangerous import TimestampSigner

from deploy.local.signing_keys import KeyPair
from services.notify.mail.model import Mail, MailPreference
from services.portal.app import application
from services.portal.portal_settings import PortalSettings
from shared.events import ErasureRequested, MemberLeft
from shared.store import Store
from tests.integration.intake.lab import matched
from tests.integration.notify.lab import Client, Lab, submitted
from tests.integration.notify.mail.mail_server import LOGIN, MailServer
from tests.integration.notify.mail.town import NEVER, SIGN_IN_KEY, Person, Town
from tests.servers import PATIENCE_SECONDS, eventually

PENDING = {"is_pending": True}
COOKIE_KEY = "k" * 32
Browse = Callable[..., httpx.Response]


@pytest.fixture
def documents(town: Town) -> Iterator[Store]:
    """What notify keeps."""
    with town.lab.store() as store:
        yield store


def test_lab_without_a_mail_server_says_so_and_shows_the_same(
    lab: Lab, token_keys: KeyPair, project: str, member: str
) -> None:
    """Its choices wait for a server; its news does not."""
    town = Town(lab, lab.service, token_keys, member)
    person = Person(town, f"acc_{member}", "")
    fields = {**NEVER, "projects": "immediate"}
    assert person("PUT", "/mail-preferences", fields).json == {
        **fields,
        "is_sent": False,
        "refused_at": None,
    }
    lab.publish(submitted(project, member))
    eventually(lambda: person("GET", "/news").json["items"] and lab.is_quiet())
    (news,) = person("GET", "/news").json["items"]
    assert (news["kind"], news["page"]) == ("projects", f"/projets/{project}")
    assert news["summary"] == "Le projet « Logements vacants » est déposé."
    with lab.store() as store:
        assert store.of(Mail).find({"member_id": member}) == []


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
            timeout=PATIENCE_SECONDS,
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


def test_person_is_written_what_it_asks_for_and_ends_it_by_the_mail_s_link(
    town: Town, server: MailServer, project: str
) -> None:
    """From the choice to the mailbox, encrypted, and back without signing in."""
    person, other = town.person(projects="immediate"), town.person()
    assert other("GET", "/mail-preferences").json == {**NEVER, "is_sent": True, "refused_at": None}
    town.lab.publish(submitted(project, town.member_id), times=3)
    eventually(lambda: server.sent_to(person.mail) and town.lab.is_quiet())
    (message,) = server.sent_to(person.mail)
    assert "« Logements vacants »" in message["Subject"]
    sent = 'datalab_mail_attempts_total{outcome="sent",service="notify"}'
    eventually(lambda: sent in town.lab.client("mem_op").text("/metrics"))
    for family in ("datalab_mail_oldest_due_seconds", "datalab_mails_waiting"):
        assert f'{family}{{service="notify"}}' in town.lab.client("mem_op").text("/metrics")
    assert (server.sent_to(other.mail), set(server.logins)) == ([], {LOGIN})
    link = message["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    stop = Client(town.lab.service.url, link)
    for _ in range(2):
        assert stop("POST", "/mail-preferences/stop").json == {"scope": "projects"}
    assert person("GET", "/mail-preferences").json == {**NEVER, "is_sent": True, "refused_at": None}


def test_person_with_a_new_account_is_told_for_whom_and_how_to_enter(
    town: Town, server: MailServer
) -> None:
    """Once, though it has chosen no mails."""
    person = town.person()
    eventually(lambda: server.sent_to(person.mail, welcome=True))
    eventually(town.lab.is_quiet)
    (message,) = server.sent_to(person.mail, welcome=True)
    assert message["Subject"] == "[Data lab] Un compte est ouvert pour vous"
    body = message.get_body(("plain",))
    assert body
    text = str(body.get_content())
    assert "vous y agissez pour Ville." in text
    assert f"avec l'adresse {person.mail} :" in text
    assert "/connexion\n" in text.replace("\r", "")


def test_reviewer_who_is_one_no_more_is_told_nothing_of_reviews(
    town: Town, server: MailServer, documents: Store
) -> None:
    """Its roles are those of when a mail is sent; who was erased meanwhile is forgotten."""
    person, former, erased = (town.person("reviewer", tasks="immediate") for _ in range(3))
    changed = town.operate("PATCH", f"/accounts/{former.account_id}", {"roles": ["holder"]})
    ended = town.operate("DELETE", f"/accounts/{erased.account_id}")
    assert (changed.status, ended.status) == (200, 204)
    town.lab.publish(matched(town.submit(town.new_member())))
    eventually(lambda: server.sent_to(person.mail))
    eventually(lambda: documents.of(MailPreference).find_one(erased.account_id) is None)
    gone = {"account_id": former.account_id, "is_pending": True}
    eventually(lambda: town.lab.is_quiet() and not documents.of(Mail).find(gone))
    assert server.sent_to(former.mail) == server.sent_to(erased.mail) == []


def test_operator_reads_whose_address_refuses_mails(
    town: Town, server: MailServer, project: str
) -> None:
    """Nobody else does, and of accounts that are not asked about, or were written to, nothing."""
    refusing, reached = (town.person(projects="immediate") for _ in range(2))
    eventually(lambda: server.sent_to(refusing.mail, welcome=True))
    server.to[refusing.mail] = ["550 no such person"]
    town.lab.publish(submitted(project, town.member_id))
    operator = town.lab.client("mem_op", "operator")
    path = f"/mail-refusals?account_id={reached.account_id}&account_id={refusing.account_id}"
    eventually(lambda: operator("GET", path).json["items"] and server.sent_to(reached.mail))
    (refusal,) = operator("GET", path).json["items"]
    assert refusal["account_id"] == refusing.account_id
    assert refusal["refused_at"] == refusing("GET", "/mail-preferences").json["refused_at"]
    assert operator("GET", path.rpartition("&")[0]).json == {"items": []}
    assert refusing("GET", path).status == 403
    assert operator("GET", "/mail-refusals").json["field"] == "account_id"


def test_mail_of_a_killed_service_is_sent_by_the_next(
    town: Town, server: MailServer, project: str
) -> None:
    """`kill -9` while the server takes it; the copy has the same Message-ID."""
    person = town.person(projects="immediate")
    server.to[person.mail] = ["450 later"]
    town.lab.publish(submitted(project, town.member_id))
    eventually(lambda: not server.to[person.mail])
    town.lab.service.kill()
    town.lab.service.start()
    eventually(lambda: server.sent_to(person.mail))
    assert len({message["Message-ID"] for message in server.sent_to(person.mail)}) == 1


def test_stranger_is_written_about_its_seat_and_gives_it_up_by_the_letter(
    town: Town, server: MailServer, documents: Store
) -> None:
    """From the registration to the mailbox, and back: the next who waits is told of its seat."""
    workshop_id = town.announce("Lire une carte")
    (seated, first), (_, second) = (town.register(workshop_id) for _ in range(2))
    eventually(lambda: server.sent_to(first) and server.sent_to(second))
    (confirmed,), (waits,) = server.sent_to(first), server.sent_to(second)
    assert "Vous avez une place" in confirmed["Subject"]
    assert "sur la liste d'attente" in waits["Subject"]
    (calendar,) = confirmed.iter_attachments()
    assert "URL:https://visio.example/salle" in str(calendar.get_content())
    text = confirmed["List-Unsubscribe"].strip("<>").rpartition("code=")[2]
    opened = Client(town.intake.url, text)
    assert opened("GET", "/registrations/shown").json["state"] == "taken"
    assert opened("POST", "/registrations/end").json["state"] == "given_up"
    eventually(lambda: len(server.sent_to(second)) == 2)
    assert "Une place s'est libérée" in server.sent_to(second)[1]["Subject"]
    town.operate("POST", f"/workshops/{workshop_id}/cancellation", {"reason": "Grève."})
    eventually(lambda: len(server.sent_to(second)) == 3)
    assert "est annulé : Grève." in server.sent_to(second)[2]["Subject"]
    eventually(lambda: town.lab.is_quiet() and not documents.of(Mail).find(PENDING))
    assert len(documents.of(Mail).find({"account_id": seated["id"]})) == 1
    assert len(server.sent_to(first)) == 1


def test_person_with_an_account_is_told_of_its_seat_once(
    town: Town, server: MailServer, documents: Store
) -> None:
    """At the address that it registered with; of the announcement as it chose, and nothing else."""
    person, colleague = (town.person(workshops="immediate") for _ in range(2))
    workshop_id = town.announce("Préparer un fichier")
    registration, mail = town.register(workshop_id, person.token)
    eventually(lambda: server.sent_to(mail))
    eventually(lambda: town.lab.is_quiet() and not documents.of(Mail).find(PENDING))
    assert len(documents.of(Mail).find({"account_id": registration["id"]})) == 1
    for recipient in (person, colleague):
        (announced,) = server.sent_to(recipient.mail)
        assert "« Préparer un fichier » est annoncé" in announced["Subject"]


def test_members_mails_and_choices_end_with_it(town: Town, documents: Store) -> None:
    """Left or erased: what its persons wanted is forgotten, and no token brings it back."""
    left = town.new_member()
    person = replace(town, member_id=left).person(projects="daily")
    town.lab.publish(submitted(f"prj_{uuid4().hex}", left))
    eventually(lambda: documents.of(Mail).find({"member_id": left}))
    town.lab.publish(MemberLeft(member_id=left, reason="Fin."), times=2)
    eventually(lambda: not documents.of(Mail).find({"member_id": left}))
    assert documents.of(MailPreference).find_one(person.account_id) is None
    assert person("PUT", "/mail-preferences", NEVER).status == 403
    town.lab.publish(ErasureRequested(erasure_id="ers_1", member_id=left))
    event = town.lab.wait_for("notify_erased", member_id=left)
    assert {"kind": "choix et envois de courriels", "count": 0} in event["counts"]


def test_wrong_choice_is_refused_by_name(town: Town, browse: Browse) -> None:
    """In French, and nothing is kept; the portal tells it at its field."""
    person = town.person()
    for body, field in (
        ({**NEVER, "tasks": "hourly"}, "tasks"),
        ({**NEVER, "secret": "x"}, "secret"),
        ({"tasks": "never"}, "projects"),
        ({**NEVER, "data": None}, "data"),
    ):
        refused = person("PUT", "/mail-preferences", body)
        assert (refused.status, refused.json["field"]) == (422, field)
    page = browse("POST", "/compte/courriels", person, {"csrf": "c", **NEVER, "data": "hourly"})
    assert page.status_code == 422
    assert re.search(r'<select id="data"[^>]*aria-describedby="data-fault"', page.text)
    assert 'id="data-fault"' in page.text
    assert person("GET", "/mail-preferences").json == {**NEVER, "is_sent": True, "refused_at": None}


def test_token_without_an_account_has_no_address_to_write_to(town: Town) -> None:
    """Who came by a link, and programs of the lab; anybody without a token is not let in."""
    client = town.lab.client(town.member_id)
    for answered in (client("GET", "/mail-preferences"), client("PUT", "/mail-preferences", NEVER)):
        assert (answered.status, "compte" in answered.json["detail"]) == (403, True)
    url = f"{town.lab.service.url}/mail-preferences"
    assert urllib3.request("GET", url, retries=False).status == 401


def test_link_that_is_no_link_ends_nothing(town: Town) -> None:
    """One answer to what was invented, cut, of another kind or account: it tells of no account."""
    person = town.person(tasks="immediate", data="immediate")
    with town.lab.store() as store:
        link = store.of(MailPreference).get(person.account_id).link("tasks")
    account_id, _, proof = link.split(".")
    texts = ("x", link[:-1], f"{account_id}.data.{proof}", f"acc_none.tasks.{proof}")
    answers = [
        Client(town.lab.service.url, text)("POST", "/mail-preferences/stop") for text in texts
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.json["detail"] for answer in answers}) == 1
    assert person("GET", "/mail-preferences").json["data"] == "immediate"


def test_person_chooses_on_its_account_s_page(town: Town, browse: Browse) -> None:
    """Never, until it says otherwise; what it chose stands there the next time.

    A form of another site, without what this browser's forms bring, chooses nothing.
    """
    person = town.person()
    assert chosen(browse("GET", "/compte", person).text) == NEVER
    fields = {**NEVER, "tasks": "immediate", "data": "daily"}
    assert browse("POST", "/compte/courriels", person, fields).status_code == 403
    assert chosen(browse("GET", "/compte", person).text) == NEVER
    saved = browse("POST", "/compte/courriels", person, {"csrf": "c", **fields})
    assert (saved.status_code, saved.headers["location"]) == (303, "/compte")
    assert chosen(browse("GET", "/compte", person).text) == fields
    kept = {"is_sent": True, "refused_at": None}
    assert person("GET", "/mail-preferences").json == fields | kept
    page = browse("GET", "/compte", person, by_link=True)
    assert "entré par un lien, sans compte" in html.unescape(page.text)
    assert chosen(page.text) == {}


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


def test_mails_end_by_one_click_and_by_no_look(town: Town, browse: Browse) -> None:
    """RFC 8058: a POST without a cookie or a form's secret, answered without a redirect."""
    person = town.person(tasks="immediate", projects="immediate", data="daily")
    for reader in (None, person):
        page = browse("GET", link_of(person, "daily"), reader)
        assert (page.status_code, "<button>Ne plus recevoir" in page.text) == (200, True)
    path = link_of(person, "projects")
    for _ in range(2):
        ended = browse("POST", path, form={"List-Unsubscribe": "One-Click"})
        assert ended.status_code == 200
        assert "Vous ne recevrez plus de courriel sur vos projets." in ended.text
    kept = person("GET", "/mail-preferences").json
    assert (kept["tasks"], kept["projects"], kept["data"]) == ("immediate", "never", "daily")


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


def test_link_that_is_none_is_told_as_text(browse: Browse) -> None:
    """With what to do next, and nothing of what was sent."""
    texts = ("x", "acc_1.tasks.x", "%0d%0aX-A:%20b", "é.tasks.x", "%3Cscript%3E", "a" * 5000)
    for text in texts:
        page = browse("POST", f"/desabonnement/{text}", form={"List-Unsubscribe": "One-Click"})
        assert page.status_code == 404
        assert "lien n'est pas valable" in html.unescape(page.text)
        assert 'href="/compte"' in page.text
        assert "<script>" not in page.text
