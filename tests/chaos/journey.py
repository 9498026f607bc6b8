"""One project's way to the stage it is meant to reach, driven through the HTTP API.

A call that fails is simply made again later: its effect is read from the project's stage, never
from the answer that may have been lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy.cli.api_client import CallError, Client
from deploy.demo import content
from deploy.demo.story import accept

TARGETS = ("delivered", "staffed", "delivered", "trialled", "withdrawn", "delivered", "rejected")
"""Stages in turn; `staffed` includes its full job."""

_WITHDRAW_AT = {"secured", "equipped", "trialled"}
_ASKS = {"trialled", "piloted"}
_REASON = "Décision de l'épreuve."


@dataclass
class Cast:
    """Who acts, and on which data."""

    holder: Client
    staff: Client
    client_of: Callable[[str], Client]
    owner: Client
    site_id: str
    team: list[str]
    homes: str
    epci: str
    restricted: str


@dataclass
class Journey:
    """One project, `number` of many."""

    number: int
    seed: int
    cast: Cast
    project_id: str = ""
    stage: str = ""
    error: str = ""
    ran_in_full: bool = False

    @property
    def target(self) -> str:
        """Where this project is meant to end."""
        return TARGETS[self.number % len(TARGETS)]

    @property
    def inputs(self) -> dict[str, str]:
        """What it reads: every third project asks for somebody else's restricted data."""
        right = self.cast.restricted if self.number % 3 == 0 else self.cast.epci
        return {"logements": self.cast.homes, "epci": right}

    @property
    def has_arrived(self) -> bool:
        """Whether nothing more is to be decided for it."""
        return self.stage == self.target and (self.target != "staffed" or self.ran_in_full)

    def step(self) -> bool:
        """Look where the project is and take the next decision; whether one was due."""
        try:
            if not self.project_id:
                self.project_id = self._submit()
            project = self.cast.holder.get("intake", f"/projects/{self.project_id}")
            self.stage, self.ran_in_full = project["stage"], bool(project["results"])
            self.error = ""
            return not self.has_arrived and self._decide(project)
        except CallError as error:
            self.error = str(error)
            return False

    def _submit(self) -> str:
        cross, aggregate, *_pictures = content.recipe()["steps"]
        del cross["inputs"]["successors"]
        body = content.project(
            self.cast.homes, {"inputs": self.inputs, "steps": [cross, aggregate]}
        )
        key = f"chaos-{self.seed}-{self.number}"
        return str(self.cast.holder.post("intake", "/projects", body, key)["id"])

    def _decide(self, project: dict[str, Any]) -> bool:
        if self.target == "withdrawn" and self.stage in _WITHDRAW_AT:
            return self._act(self.cast.holder, "withdraw", {"reason": _REASON})
        if self.stage == "advised":
            decision = "reject" if self.target == "rejected" else "secure"
            body = {"decision": decision, "reason": _REASON, "version": project["version"]}
            return self._act(self.cast.staff, "review", body)
        if self.stage in _ASKS:
            return self._find_people(project)
        if self.stage == "staffed" and self.ran_in_full:
            job_id = project["results"][0]["job_id"]
            return self._act(self.cast.holder, "delivery", content.delivery(job_id))
        return False

    def _find_people(self, project: dict[str, Any]) -> bool:
        """Ask the pilot site or the team, or let the next who was asked accept."""
        invited = [
            invitation for invitation in project["invitations"] if invitation["state"] == "invited"
        ]
        if invited:
            accept(self.cast.client_of(invited[0]["member_id"]), self.project_id)
            return True
        if self.stage == "trialled":
            return self._act(self.cast.staff, "pilot-site", {"site_id": self.cast.site_id})
        return self._act(self.cast.staff, "team", {"team": self.cast.team})

    def _act(self, client: Client, what: str, body: dict[str, Any]) -> bool:
        client.post("intake", f"/projects/{self.project_id}/{what}", body)
        return True
