"""The mailing loop in this process, persons that it writes to, and mails for them."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.notify.mail.mailer import Mailer
from services.notify.mail.model import Cadence, Mail, MailPreference, News, mail_id
from services.notify.mail.seats import IntakeQuestions
from services.notify.mail.smtp import Give, Smtp, SmtpServer
from services.notify.summaries import summarise
from services.notify.timeline import TimelineEntry
from shared.aggregate import new_id, now
from shared.errors import NotFound, Unavailable
from shared.events import Event, ProjectSubmitted
from shared.outbound import Names
from shared.settings import Settings
from shared.store import Repository, Store
from tests.integration.notify.mail.mail_server import MailServer
from tests.servers import eventually
from tests.unit.notify.samples import HOLDER, envelope, example

STRANGER = "Gagnez sur https://evil.example"
CALENDAR = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def prefer(
    store: Store,
    member_id: str = HOLDER,
    *,
    tasks: Cadence = "never",
    projects: Cadence = "never",
    data: Cadence = "never",
    workshops: Cadence = "never",
) -> MailPreference:
    """Save what a new person of a member wants."""
    return store.of(MailPreference).save(
        MailPreference(
            id=new_id("acc"),
            member_id=member_id,
            tasks=tasks,
            projects=projects,
            data=data,
            workshops=workshops,
        )
    )


@dataclass
class Persons:
    """Intake's answers: who has an account or a seat; it `is_away` when nobody answers.

    `links` are the texts that were made for mails. Members that are `partial` decide on no project,
    accounts that `approved` do not review it again.
    """

    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    partial: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)
    is_away: bool = False
    asked: int = 0

    def add(self, account_id: str, *roles: str) -> str:
        """Open an account with these roles, holder by default; its address."""
        mail = f"{account_id.lower()}@ville.example"
        self.accounts[account_id] = {
            "name": "Une agente",
            "mail": mail,
            "member_id": HOLDER,
            "roles": roles or ("holder",),
        }
        return mail

    def seat(self, state: str = "taken", **workshop: object) -> tuple[str, str]:
        """Register a stranger for a workshop that is to come; its registration and address."""
        registration_id = new_id("reg")
        mail = f"{registration_id.lower()}@ailleurs.example"
        fields = {
            "title": "Lire une carte",
            "starts_at": "2027-01-12T13:00:00Z",
            "ends_at": "2027-01-12T15:00:00Z",
            "place": "Caen",
            "is_coming": True,
            **workshop,
        }
        named = {"name": STRANGER, "mail": mail, "state": state}
        self.accounts[registration_id] = {**named, "workshop": fields}
        return registration_id, mail

    def get_recipient(self, identifier: str) -> Mapping[str, Any]:
        """Who somebody is."""
        self.asked += 1
        if self.is_away:
            raise Unavailable("intake does not answer")
        if identifier not in self.accounts:
            raise NotFound.of(identifier)
        return self.accounts[identifier]

    def make_link(self, registration_id: str) -> str:
        """A new text that opens a registration."""
        self.links.append(f"{registration_id}.secret{len(self.links)}")
        return self.links[-1]

    def get_invitation(self, registration_id: str) -> str:
        """The workshop of a registration."""
        return CALENDAR.format(self.get_recipient(registration_id)["workshop"]["title"])

    def get_impediment(self, _project_id: str, member_id: str, account_id: str) -> str:
        """Why somebody does not decide on the case of a project; empty if it may."""
        is_barred = member_id in self.partial or account_id in self.approved
        return "un autre relecteur décide" if is_barred else ""

    @property
    def intake(self) -> IntakeQuestions:
        """How mailers ask."""
        return IntakeQuestions(
            recipient=self.get_recipient,
            registrant=self.get_recipient,
            link=self.make_link,
            invitation=self.get_invitation,
            impediment=self.get_impediment,
        )


@dataclass
class Outgoing:
    """A store with mails for persons, and mailers that give them to a server."""

    store: Store
    settings: Settings
    server: MailServer
    persons: Persons = field(default_factory=Persons)

    @property
    def mails(self) -> Repository[Mail]:
        """The mails in the store."""
        return self.store.of(Mail)

    def entry(self, event: Event | None = None) -> TimelineEntry:
        """Save an entry of a timeline; by default of a project that was submitted."""
        told_event = event or example(ProjectSubmitted)
        entry = TimelineEntry.of(
            envelope(told_event, subject=new_id("prj")), summarise(told_event), ""
        )
        return self.store.of(TimelineEntry).add(entry)

    def due(
        self, *roles: str, needs: str = "", seconds_ago: float = 1, event: Event | None = None
    ) -> tuple[Mail, str]:
        """Save a mail that is due to a new person, and whom its role `needs`; its address."""
        person = prefer(self.store, tasks="immediate", projects="immediate")
        news = News(
            entry_id=self.entry(event).id,
            kind="tasks" if needs else "projects",
            roles=(needs,) if needs else (),
            page="/projets/prj_1",
        )
        mail = Mail(
            id=mail_id(person.id, "e1", now()),
            account_id=person.id,
            member_id=person.member_id,
            news=(news,),
            due_since=now() - timedelta(seconds=seconds_ago),
        )
        return self.mails.save(mail), self.persons.add(person.id, *roles)

    def give(self) -> Give:
        """Gives to the server, without encryption."""
        server = SmtpServer.of(f"smtp://127.0.0.1:{self.server.port}")
        return Smtp(server, Names(), self.settings.mail_timeout_seconds).give

    @contextlib.contextmanager
    def mailing(self, *, workers: int = 1, give: Give | None = None) -> Iterator[None]:
        """Run mailers until the block ends."""
        mail_giver = give or self.give()
        mailers = [
            Mailer(self.store, self.settings, self.persons.intake, mail_giver)
            for _ in range(workers)
        ]
        threads = [threading.Thread(target=mailer.run) for mailer in mailers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for mailer in mailers:
                mailer.stop()
            for thread in threads:
                thread.join()

    def mail_until(self, state: str, *mails: Mail) -> list[Mail]:
        """Run a mailer until these mails are in one state; the mails then."""
        with self.mailing():
            eventually(lambda: {self.mails.get(mail.id).state for mail in mails} == {state})
        return [self.mails.get(mail.id) for mail in mails]

    def mail_until_gone(self, mail: Mail) -> None:
        """Run a mailer until a mail is forgotten."""
        with self.mailing():
            eventually(lambda: self.mails.find_one(mail.id) is None)
