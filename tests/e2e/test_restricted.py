"""Restricted data in a project: granted, used, taken away, granted again, and what became of it."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import urllib3
from rdflib import Graph
from rdflib.namespace import PROV

from deploy.cli.api_client import CallError
from deploy.demo import content
from deploy.demo.story import accept, review, wait
from shared.auth import issue_token
from tests.chaos.lab import Lab
from tests.e2e.acting import OnProject, members_of, offered

PURPOSE = "étude de la vacance par intercommunalité"
LAST_DAY = "2100-01-01"
REASON = "étude suspendue par son commanditaire"


@dataclass
class Affair(OnProject):
    """An agency's homes and a city's inter-communal bodies, both restricted, and what they become.

    `waiting` is what the owner saw before the result was released, `used` what it saw before it
    took its data away, `refused` what the holder was told when it delivered nevertheless: status
    and sentence.
    """

    lab: Lab
    holder_id: str
    owner_id: str
    homes: str = ""
    bodies: str = ""
    result_id: str = ""
    waiting: list[dict[str, Any]] = field(default_factory=list)
    used: list[dict[str, Any]] = field(default_factory=list)
    refused: tuple[int, str] = (0, "")

    def __post_init__(self) -> None:
        self.staff = self.lab.client("lab", "operator", "reviewer")
        self.holder = self.lab.client(self.holder_id, "holder", "owner")
        self.owner = self.lab.client(self.owner_id, "owner")

    def upload(self) -> None:
        """Each member offers its table; what is made of the owner's has to be shared alike."""
        bodies = {
            **content.open_dataset("epci_2026.csv"),
            "title": "Intercommunalités, d'après la ville pilote",
            "access": "restricted",
            "licence": "odc-odbl",
        }
        self.homes = offered(self.holder, content.HOMES, content.DATA / content.HOMES_FILE)
        self.bodies = offered(self.owner, bodies, content.DATA / "epci_2026.csv")

    def ask(self) -> None:
        """The holder's project is found secure; the owner is asked, and binds its consent."""
        cross, aggregate, *_pictures = content.recipe()["steps"]
        del cross["inputs"]["successors"]
        cross["parameters"]["left_via"] = "commune"
        inputs = {"logements": self.homes, "epci": self.bodies}
        body = content.project(self.homes, {"inputs": inputs, "steps": [cross, aggregate]})
        self.project_id = self.holder.post("intake", "/projects", body)["id"]
        self.reach("advised")
        review(self.staff, self.project_id, "Données agrégées.")
        wait("the owner is asked", partial(self.requests, waiting="true"))
        self.decide("grant", purpose=PURPOSE, until=LAST_DAY)

    def compute(self, site_id: str, team: list[str]) -> None:
        """Trial, pilot site and team; then the full job, and what the owner sees of both jobs."""
        self.reach("trialled")
        self.act("pilot-site", {"site_id": site_id})
        accept(self.lab.client(site_id, "owner"), self.project_id)
        self.act("team", {"team": team})
        for member_id in team:
            accept(self.lab.client(member_id, "owner"), self.project_id)
        wait("the full job succeeds", lambda: self.project()["results"])
        self.waiting = wait("both uses are over", self._uses)
        self.release(self.project()["results"][-1]["job_id"])
        self.used = wait("the owner reads that it left", self._released)

    def release(self, job_id: str) -> None:
        """A reviewer lets the result go: sums of the holder's by the owner's groups are held."""
        held = self.staff.get("compute", f"/release-requests/{job_id}")
        fields = {"decision": "release", "reason": "Sommes par intercommunalité."}
        self.staff.post(
            "compute", f"/jobs/{job_id}/release", {**fields, "version": held["version"]}
        )

    def deliver(self) -> None:
        """Refused while the owner has taken its data away; done once it is granted again."""
        delivery = content.delivery(self.project()["results"][-1]["job_id"])
        self.decide("revoke", reason=REASON)
        wait("the project knows", lambda: REASON in str(self.project()["history"]))
        token = issue_token(
            self.lab.stack.plan.keys.private, self.holder_id, ("holder",), timedelta(hours=1)
        )
        answer = urllib3.request(
            "POST",
            f"{self.lab.stack.urls()['intake']}/projects/{self.project_id}/delivery",
            json=delivery,
            headers={"Authorization": f"Bearer {token}"},
        )
        self.refused = answer.status, answer.json()["detail"]
        self.decide("grant", purpose=PURPOSE, until=LAST_DAY)
        wait("it is delivered", lambda: _done(partial(self.act, "delivery", delivery, self.holder)))
        self.result_id = wait("the result is found", self.find)

    def decide(self, decision: str, **why: str) -> None:
        """The owner's decision on the project's request."""
        path = f"/access-requests/{self.project_id}.{self.bodies}"
        seen = self.owner.get("catalog", path)["fingerprint"]
        body = {"decision": decision, "fingerprint": seen, **why}
        self.owner.post("catalog", f"{path}/decision", body)

    def requests(self, **query: str) -> list[dict[str, Any]]:
        """What the owner was asked for."""
        requests: list[dict[str, Any]] = self.owner.get("catalog", "/access-requests", **query)[
            "items"
        ]
        return requests

    def _uses(self) -> list[dict[str, Any]] | None:
        uses: list[dict[str, Any]] = self.owner.get("catalog", f"/datasets/{self.bodies}/uses")[
            "items"
        ]
        return uses if [use["state"] for use in uses] == ["succeeded"] * 2 else None

    def _released(self) -> list[dict[str, Any]] | None:
        uses = self._uses()
        return uses if uses and uses[0]["release"] == "released" else None


def _done(act: partial[None]) -> bool:
    """Whether the project let itself be delivered, knowing by now that it may."""
    try:
        act()
    except CallError:
        return False
    return True


@pytest.fixture(scope="module")
def affair(lab: Lab) -> Affair:
    """The whole affair, to its delivery."""
    staff = lab.client("lab", "operator", "reviewer")
    holder, owner, *others = members_of(staff).values()
    affair = Affair(lab, holder, owner)
    affair.upload()
    affair.ask()
    affair.compute(owner, others)
    affair.deliver()
    return affair


@pytest.mark.timeout(300)
def test_owner_sees_what_its_data_was_used_for(affair: Affair) -> None:
    """By the full job and the trial before it: project, purpose, last day, and the table made.

    That is told once a reviewer let it go: the owner of another input may hold the project.
    """
    assert [use["kind"] for use in affair.used] == ["full", "trial"]
    for use in affair.used:
        assert (use["project_id"], use["purpose"]) == (affair.project_id, PURPOSE)
        assert (use["until"], use["dataset_version"]) == (LAST_DAY, 1)
    assert [(use["release"], use["rows"]) for use in affair.waiting] == [("held", None)] * 2
    assert affair.used[0]["rows"] == 71


def test_nothing_is_delivered_while_data_is_taken_away(affair: Affair) -> None:
    """The holder is told why in French; the owner's decisions are all on record."""
    text = f"l'accès à des données du projet a été retiré : {REASON}"
    assert affair.refused == (409, text)
    [request] = affair.requests()
    assert (request["until"], request["purpose"]) == (LAST_DAY, PURPOSE)
    wait("delivery ends the access", lambda: affair.requests()[0]["state"] == "revoked")


def test_result_is_restricted_under_the_licence_of_its_sources(affair: Affair) -> None:
    """Made of somebody's restricted data, and of a table that is to be shared alike."""
    path = f"/datasets/{affair.result_id}"
    result = affair.holder.get("catalog", path)
    assert (result["access"], result["licence"]) == ("restricted", "odc-odbl")
    made_of = {
        job_input["dataset_id"] for job_input in result["versions"][-1]["provenance"]["inputs"]
    }
    assert made_of == {affair.homes, affair.bodies}
    uses = affair.owner.get("catalog", f"/datasets/{affair.bodies}/uses")["items"]
    assert uses[0]["delivered_as"] == affair.result_id


def test_strangers_do_not_read_in_the_export_what_a_result_was_made_of(
    affair: Affair, lab: Lab
) -> None:
    """Its holder does, and the owner of what went into it."""
    path = f"/datasets/{affair.result_id}"
    texts = [
        client.text("catalog", path, format="turtle")
        for client in (affair.holder, affair.owner, lab.client("mbr_stranger", "holder"))
    ]
    graphs = [Graph().parse(data=text, format="turtle") for text in texts]
    assert [(None, PROV.wasDerivedFrom, None) in graph for graph in graphs] == [True, True, False]
    assert affair.bodies not in texts[2]
    anonymous = urllib3.request("GET", f"{lab.stack.urls()['catalog']}{path}/table")
    assert anonymous.status in (401, 403)


def test_team_downloads_the_result_and_a_stranger_does_not(affair: Affair, lab: Lab) -> None:
    """The members who took part read what they made; the owner reads who took it away."""
    path = f"/datasets/{affair.result_id}"
    [team] = affair.holder.get("intake", f"/projects/{affair.project_id}")["team"][:1]
    assert lab.client(team, "holder").text("catalog", f"{path}/files/result.csv")
    with pytest.raises(CallError, match="restreint"):
        lab.client("mbr_stranger", "holder").text("catalog", f"{path}/files/result.csv")
    uses = affair.owner.get("catalog", f"{path}/uses")["items"]
    assert [use["holder_id"] for use in uses] == [team]


def test_result_is_open_once_all_whose_data_went_in_agree(affair: Affair, lab: Lab) -> None:
    """They read what of theirs comes out; the holder asks, and says yes for its own data, too."""
    path = f"/datasets/{affair.result_id}"
    stranger = lab.client("mbr_stranger", "holder")
    with pytest.raises(CallError, match="opening"):
        affair.holder.patch("catalog", path, {"access": "open"})
    asked = affair.holder.post("catalog", f"{path}/opening", {"reason": "utile à tous"})
    assert set(asked["members"]) == {affair.holder_id, affair.owner_id}
    contents_by_dataset = {
        contribution["dataset_id"]: contribution["shown"] for contribution in asked["contributions"]
    }
    assert any(
        "logements vacants" in sentence or "somme" in sentence
        for sentence in contents_by_dataset[affair.homes]
    )
    for client in (affair.owner, affair.holder):
        with pytest.raises(CallError, match="restreint"):
            stranger.text("catalog", f"{path}/files/result.csv")
        seen = {"version": asked["version"], "fingerprint": asked["fingerprint"]}
        word = {"decision": "open", **seen}
        last = client.post("catalog", f"{path}/opening/decision", word)
    assert last["state"] == "open"
    assert stranger.text("catalog", f"{path}/files/result.csv")
