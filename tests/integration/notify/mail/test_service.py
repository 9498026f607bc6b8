"""Mails as persons get them: chosen over HTTP, addressed by intake, given by STARTTLS."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
import urllib3

from services.notify.mail.model import Mail, MailPreference
from shared.events import ErasureRequested, MemberLeft
from shared.store import Store
from tests.integration.intake.lab import matched
from tests.integration.notify.lab import Client, submitted
from tests.integration.notify.mail.mail_server import LOGIN, MailServer
from tests.integration.notify.mail.town import NEVER, Town
from tests.servers import eventually

PENDING = {"is_pending": True}


@pytest.fixture
def documents(town: Town) -> Iterator[Store]:
    """What notify keeps."""
    with town.lab.store() as store:
        yield store


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
    """Its roles are those of the moment when a mail is sent."""
    person, former = (town.person("reviewer", tasks="immediate") for _ in range(2))
    changed = town.operate("PATCH", f"/accounts/{former.account_id}", {"roles": ["holder"]})
    assert changed.status == 200
    town.lab.publish(matched(town.submit(town.new_member())))
    eventually(lambda: server.sent_to(person.mail))
    gone = {"account_id": former.account_id, "is_pending": True}
    eventually(lambda: town.lab.is_quiet() and not documents.of(Mail).find(gone))
    assert server.sent_to(former.mail) == []


def test_erased_person_gets_nothing_and_is_forgotten(
    town: Town, server: MailServer, documents: Store, project: str
) -> None:
    """Intake knows it no more, and notify finds that out before it sends."""
    person = town.person(projects="immediate")
    erased = town.operate("DELETE", f"/accounts/{person.account_id}")
    assert erased.status == 204
    town.lab.publish(submitted(project, town.member_id))
    eventually(lambda: documents.of(MailPreference).find_one(person.account_id) is None)
    assert server.sent_to(person.mail) == []


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


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**NEVER, "tasks": "hourly"}, "tasks"),
        ({**NEVER, "secret": "x"}, "secret"),
        ({"tasks": "never"}, "projects"),
        ({**NEVER, "data": None}, "data"),
    ],
)
def test_wrong_choice_is_refused_by_name(town: Town, body: object, field: str) -> None:
    """In French, and nothing is kept."""
    person = town.person()
    refused = person("PUT", "/mail-preferences", body)
    assert (refused.status, refused.json["field"]) == (422, field)
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


def test_metrics_tell_how_mails_fare(town: Town, server: MailServer, project: str) -> None:
    """An operator sees what is sent, and what waits."""
    person = town.person(projects="immediate")
    town.lab.publish(submitted(project, town.member_id))
    eventually(lambda: server.sent_to(person.mail))
    client = town.lab.client(town.member_id)
    sent = 'datalab_mail_attempts_total{outcome="sent",service="notify"}'
    eventually(lambda: sent in client.text("/metrics"))
    for family in ("datalab_mail_oldest_due_seconds", "datalab_mails_waiting"):
        assert f'{family}{{service="notify"}}' in client.text("/metrics")
