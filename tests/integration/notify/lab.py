"""The notify service as a real process, and what a test needs to talk to it."""

import json
from dataclasses import dataclass, replace
from typing import Any

import urllib3

from shared.events import ProjectSubmitted
from tests.lab import ServiceLab
from tests.servers import PATIENCE_SECONDS, RunningService

SPEC = "services.notify.service:Notify"


@dataclass(frozen=True)
class Answered:
    """The status and the decoded body of an HTTP answer."""

    status: int
    json: Any


@dataclass(frozen=True)
class Client:
    """Calls the service as one member."""

    url: str
    token: str

    def __call__(self, method: str, path: str, body: object = None) -> Answered:
        """Send a request with a JSON body."""
        answer = urllib3.request(
            method,
            self.url + path,
            body=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            retries=False,
            timeout=PATIENCE_SECONDS,
        )
        return Answered(answer.status, json.loads(answer.data) if answer.data else None)

    def text(self, path: str) -> str:
        """The text at a path."""
        return urllib3.request(
            "GET", self.url + path, retries=False, timeout=PATIENCE_SECONDS
        ).data.decode()

    def add_endpoint(self, url: str, *event_types: str) -> dict[str, Any]:
        """Register an endpoint; the answer, secret included."""
        answered = self("POST", "/endpoints", {"url": url, "event_types": event_types or ["*"]})
        assert answered.status == 201, answered
        body: dict[str, Any] = answered.json
        return body

    def deliveries(self, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
        """The latest deliveries to an endpoint."""
        items: list[dict[str, Any]] = self("GET", f"/endpoints/{endpoint['id']}/deliveries").json[
            "items"
        ]
        return items


@dataclass
class Lab(ServiceLab):
    """The running service with the broker behind it."""

    tested = "notify"

    service: RunningService

    def client(self, member_id: str, *roles: str) -> Client:
        """A client of a member with these roles, holder by default."""
        return Client(self.service.url, self.token(member_id, *(roles or ("holder",))))

    def at(self, service: RunningService) -> "Lab":
        """The same lab around another process."""
        return replace(self, service=service)

    def is_quiet(self) -> bool:
        """Whether no queue holds a message."""
        return not any(self.queues().values())


def submitted(project_id: str, holder_id: str) -> ProjectSubmitted:
    """A holder's new project."""
    return ProjectSubmitted(
        project_id=project_id,
        holder_id=holder_id,
        title="Logements vacants",
        problem="Où sont-ils ?",
        theme="habitat",
        territory=("76",),
    )
