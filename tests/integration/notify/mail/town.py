"""A member of the lab whose persons are written to, with intake beside notify."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from deploy.local.signing_keys import KeyPair
from shared.auth import issue_token
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
