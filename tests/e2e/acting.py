"""What stories of one project do again and again: members, data, the project on its way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.cli.api_client import Client
from deploy.demo import content
from deploy.demo.story import wait
from tests.chaos.lab import Lab


def members_of(staff: Client) -> dict[str, str]:
    """New members of the demonstration's names, by their roles in it."""
    return {
        role: str(staff.post("intake", "/members", content.member(role))["id"])
        for role in content.MEMBERS
    }


def offered(client: Client, about: dict[str, Any], file: Path) -> str:
    """Upload a table; its id, once it is published."""
    new_id = client.upload("catalog", "/datasets", about, file)["id"]
    path = f"/datasets/{new_id}"
    wait(f"{file.name} is read", lambda: client.get("catalog", path)["state"] == "published")
    return str(new_id)


@dataclass
class OnProject:
    """A town's project on a carrier's data; what everybody saw on the way."""

    lab: Lab
    folder: Path
    project_id: str = ""
    seen: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.staff = self.lab.client("lab", "operator", "reviewer")
        self.members = members_of(self.staff)
        self.holder = self.lab.client(self.members["city"], "holder", "owner")
        self.owner = self.lab.client(self.members["agency"], "owner")

    def project(self) -> dict[str, Any]:
        """The project as its holder sees it."""
        project: dict[str, Any] = self.holder.get("intake", f"/projects/{self.project_id}")
        return project

    def act(self, what: str, body: dict[str, Any], client: Client | None = None) -> None:
        """Decide something on the project."""
        (client or self.staff).post("intake", f"/projects/{self.project_id}/{what}", body)

    def reach(self, stage: str) -> None:
        """Wait until the project is at that stage."""
        wait(f"the project is {stage}", lambda: self.project()["stage"] == stage)

    def released(self, kind: str) -> dict[str, Any]:
        """Let the project's held job of that kind leave, as a reviewer; what was read before."""

        def request() -> dict[str, Any] | None:
            page = self.staff.get("compute", "/release-requests", limit=100)
            return next(
                (
                    job
                    for job in page["items"]
                    if (job["project_id"], job["kind"]) == (self.project_id, kind)
                ),
                None,
            )

        held = wait(f"the {kind} job waits for a reviewer", request)
        seen: dict[str, Any] = self.staff.get("compute", f"/release-requests/{held['id']}")
        body = {"decision": "release", "reason": "Relu.", "version": seen["version"]}
        self.staff.post("compute", f"/jobs/{held['id']}/release", body)
        return seen

    def find(self) -> str | None:
        """The result, by a search of its holder's."""
        page = self.holder.get("catalog", "/datasets", q="vacance EPCI", limit=100)
        request_ids = (
            request["id"] for request in page["items"] if request["project_id"] == self.project_id
        )
        return next(request_ids, None)


def places_of(lab: Lab, folder: Path, *words: str) -> Iterator[str]:
    """Where in documents, and files below a folder, any of these words is, in any case.

    But for the document server's own files, in which it leaves old states until it writes over
    them.
    """
    lowered_words = [word.lower() for word in words]
    for name, collection in lab.collections():
        for document in collection.find():
            text = repr(document).lower()
            if any(word in text for word in lowered_words):
                yield f"{name} {document['_id']}"
    own = lab.stack.plan.documents.home
    for path in folder.rglob("*"):
        content = b"" if own in path.parents else _bytes(path).lower()
        if any(word.encode() in content for word in lowered_words):
            yield str(path)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
