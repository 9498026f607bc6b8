"""A member of the lab whose persons are written to, with intake beside notify."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import urllib3

from deploy.local.signing_keys import KeyPair
from shared.auth import issue_token
from tests.integration.intake.lab import PROJECT
from tests.integration.notify.lab import Answered, Client, Lab
from tests.servers import RunningService

NEVER = {"tasks": "never", "projects": "never", "data": "never", "workshops": "never"}
SIGN_IN_KEY = "what intake and the portal alone know"


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

    def new_member(self) -> str:
        """Register a member; its id."""
        body = {"name": "Ville", "kind": "local_authority", "skills": [], "territory": ["76"]}
        return str(self.operate("POST", "/members", body).json["id"])

    def submit(self, holder_id: str) -> str:
        """Submit a project of a member; its id."""
        holder = Client(self.intake.url, self.lab.token(holder_id, "holder"))
        return str(holder("POST", "/projects", PROJECT).json["id"])

    def announce(self, title: str, **changes: object) -> str:
        """Announce a workshop of one seat, in a week; its id."""
        starts_at = datetime.now(UTC) + timedelta(days=7)
        body = {
            "title": title,
            "theme": "culture des données",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=2)).isoformat(),
            "place": "Caen",
            "link": "https://visio.example/salle",
            "seats": 1,
            "waiting_seats": 2,
            **changes,
        }
        announced = self.operate("POST", "/workshops", body)
        assert announced.status == 201, announced
        return str(announced.json["id"])

    def register(self, workshop_id: str, token: str = "") -> tuple[Any, str]:
        """Register a stranger, or whose token it is; what is answered, and its address."""
        mail = f"{uuid4().hex}@ailleurs.example"
        answered = urllib3.request(
            "POST",
            f"{self.intake.url}/workshops/{workshop_id}/registrations",
            json={"name": "Zénobie", "mail": mail},
            headers={"Authorization": f"Bearer {token}"} if token else {},
            retries=False,
        )
        assert answered.status == 201, answered.data
        return answered.json(), mail

    def person(self, *roles: str, **choices: str) -> "Person":
        """A person with an account, and what it wants, if anything."""
        mail = f"{uuid4().hex}@ville.example"
        body = {"member_id": self.member_id, "name": "Une agente", "mail": mail}
        opened = self.operate("POST", "/accounts", {**body, "roles": roles or ("holder",)})
        assert opened.status == 201, opened
        person = Person(self, opened.json["id"], mail)
        if choices:
            assert person("PUT", "/mail-preferences", {**NEVER, **choices}).status == 200
        return person


@dataclass
class Person:
    """Somebody with an account."""

    town: Town
    account_id: str
    mail: str

    @property
    def token(self) -> str:
        """What it shows to the lab."""
        private, member_id = self.town.keys.private, self.town.member_id
        return issue_token(private, member_id, ["holder"], timedelta(hours=1), self.account_id)

    def __call__(self, method: str, path: str, body: object = None) -> Answered:
        """Ask notify as this person."""
        return Client(self.town.lab.service.url, self.token)(method, path, body)
