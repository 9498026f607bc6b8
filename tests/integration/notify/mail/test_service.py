"""Mails as persons get them: chosen over HTTP, addressed by intake, given by STARTTLS."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
import urllib3

from deploy.local.signing_keys import KeyPair
from services.intake.service import Intake
from services.notify.mail.model import Mail, MailPreference
from services.notify.service import Notify
from shared.auth import issue_token
from shared.events import ErasureRequested, MemberLeft, ProjectAdvised
from shared.messaging import topology
from shared.store import Store
from tests.integration.notify.lab import SPEC, Answered, Client, Lab, submitted
from tests.integration.notify.mail.mail_server import LOGIN, PASSWORD, MailServer, mailing
from tests.integration.notify.test_endpoints import certificate
from tests.servers import RunningService, eventually, running

NEVER = {"tasks": "never", "projects": "never", "data": "never", "workshops": "never"}


@dataclass
class Town:
    """A member of the lab, and what is needed to open accounts for its persons."""

    lab: Lab
    intake: RunningService
    keys: KeyPair
    member_id: str

    def operate(self, method: str, path: str, body: object = None) -> Answered:
        """Ask intake as an operator."""
        return Client(self.intake.url, self.lab.token("mem_op", "operator"))(method, path, body)

    def person(self, *roles: str, **wanted: str) -> "Person":
        """A person with an account, and what it wants, if anything."""
        mail = f"{uuid4().hex}@ville.example"
        body = {"member_id": self.member_id, "name": "Une agente", "mail": mail}
        opened = self.operate("POST", "/accounts", {**body, "roles": roles or ("holder",)})
        assert opened.status == 201, opened
        person = Person(self, opened.json["id"], mail)
        if wanted:
            assert person("PUT", "/mail-preferences", {**NEVER, **wanted}).status == 200
        return person


@dataclass
class Person:
    """Somebody with an account."""

    town: Town
    account_id: str
    mail: str

    def __call__(self, method: str, path: str, body: object = None) -> Answered:
        """Ask notify as this person."""
        private, member_id = self.town.keys.private, self.town.member_id
        hour = timedelta(hours=1)
        token = issue_token(private, member_id, ["holder"], hour, self.account_id)
        return Client(self.town.lab.service.url, token)(method, path, body)


@pytest.fixture(scope="module")
def server(notify_environ: dict[str, str]) -> Iterator[MailServer]:
    """A mail server whose certificate the service trusts, and that asks for a password."""
    file = Path(notify_environ["SSL_CERT_FILE"])
    file.write_bytes(certificate("localhost"))
    with mailing(certificate=file, starttls=True) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def mail_environ(notify_environ: dict[str, str], server: MailServer) -> dict[str, str]:
    """The settings with that server."""
    user = f"{quote(LOGIN)}:{quote(PASSWORD, safe='')}"
    return {
        **notify_environ,
        "DATALAB_SMTP_URL": f"smtp+starttls://{user}@localhost:{server.port}",
        "DATALAB_MAIL_FROM": "ne-pas-repondre@datalab.example",
        "DATALAB_PORTAL_URL": "https://portail.datalab.example",
        "DATALAB_MAIL_SECONDS": "0.2,0.2",
        "DATALAB_MAIL_TIMEOUT_SECONDS": "2",
        "DATALAB_RPC_SECONDS": "2",
    }


@pytest.fixture(scope="module")
def town(lab: Lab, mail_environ: dict[str, str], token_keys: KeyPair) -> Iterator[Town]:
    """Notify with that server, beside intake, and a member."""
    topology.declare(mail_environ["DATALAB_AMQP_URI"], [Intake, Notify], (0.2, 0.5))
    lab.service.stop()
    intake_spec = "services.intake.service:Intake"
    with running(intake_spec, mail_environ) as intake, running(SPEC, mail_environ) as notify:
        found = Town(lab.at(notify), intake, token_keys, "")
        body = {"name": "Ville", "kind": "local_authority", "skills": [], "territory": ["76"]}
        found.member_id = found.operate("POST", "/members", body).json["id"]
        yield found


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
    assert other("GET", "/mail-preferences").json == {**NEVER, "is_sent": True}
    town.lab.publish(submitted(project, town.member_id), times=3)
    eventually(lambda: server.sent_to(person.mail) and town.lab.is_quiet())
    (message,) = server.sent_to(person.mail)
    assert "« Logements vacants »" in message["Subject"]
    assert (server.sent_to(other.mail), set(server.logins)) == ([], {LOGIN})
    link = message["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    stop = Client(town.lab.service.url, link)
    for _ in range(2):
        assert stop("POST", "/mail-preferences/stop").json == {"scope": "projects"}
    assert person("GET", "/mail-preferences").json == {**NEVER, "is_sent": True}


def test_reviewer_who_is_one_no_more_is_told_nothing_of_reviews(
    town: Town, server: MailServer, documents: Store
) -> None:
    """Its roles are those of the moment when a mail is sent."""
    person, former = (town.person("reviewer", tasks="immediate") for _ in range(2))
    changed = town.operate("PATCH", f"/accounts/{former.account_id}", {"roles": ["holder"]})
    assert changed.status == 200
    event = ProjectAdvised(
        project_id="prj_x", holder_id="mem_x", datasets=0, applications=0, experts=0, pilot_sites=0
    )
    town.lab.publish(event)
    eventually(lambda: server.sent_to(person.mail))
    gone = {"account_id": former.account_id}
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


def test_members_mails_and_choices_end_with_it(town: Town, documents: Store) -> None:
    """Left or erased: what its persons wanted is forgotten, and no token brings it back."""
    left = town.operate(
        "POST",
        "/members",
        {"name": "Autre", "kind": "local_authority", "skills": [], "territory": ["76"]},
    ).json["id"]
    other = Town(town.lab, town.intake, town.keys, left)
    person = other.person(projects="daily")
    town.lab.publish(submitted(f"prj_{uuid4().hex}", left))
    eventually(lambda: documents.of(Mail).find({"member_id": left}))
    town.lab.publish(MemberLeft(member_id=left, reason="Fin."), times=2)
    eventually(lambda: not documents.of(Mail).find({"member_id": left}))
    assert documents.of(MailPreference).find_one(person.account_id) is None
    assert person("PUT", "/mail-preferences", NEVER).status == 403
    town.lab.publish(ErasureRequested(erasure_id="ers_1", member_id=left))
    told = town.lab.wait_for("notify_erased", member_id=left)
    assert {"kind": "choix et envois de courriels", "count": 0} in told["counts"]


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
    assert person("GET", "/mail-preferences").json == {**NEVER, "is_sent": True}


def test_token_without_an_account_has_no_address_to_write_to(town: Town) -> None:
    """Who came by a link, and programs of the lab; anybody without a token is not let in."""
    client = town.lab.client(town.member_id)
    for answered in (
        client("GET", "/mail-preferences"),
        client("PUT", "/mail-preferences", NEVER),
    ):
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
    answers = [Client(town.lab.service.url, one)("POST", "/mail-preferences/stop") for one in texts]
    assert {one.status for one in answers} == {404}
    assert len({one.json["detail"] for one in answers}) == 1
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
