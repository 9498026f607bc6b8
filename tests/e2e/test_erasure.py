"""A member is erased from a whole lab: its words are nowhere, but where the receipt says so."""

from pathlib import Path
from typing import Any

import pytest

from deploy.cli.api_client import Client
from deploy.demo.partner import Partner
from deploy.demo.story import review, wait
from tests.chaos.lab import Lab
from tests.e2e.acting import offered, places_of

MARK = "Zenobie"
"""Stands in every text that the member gives."""

DECISION = "Cordelia"
"""Stands in the reason of a decision on somebody else's project, which the receipt says is kept."""


def table(folder: Path) -> Path:
    """A small table that names somebody in a column's name and in its rows."""
    rows = [f"14{number:03};{MARK} {number};{number}" for number in range(1, 60)]
    path = folder / f"{MARK}.csv"
    path.write_text("\n".join([f"code_commune;{MARK};valeur", *rows]), encoding="utf-8")
    return path


def about(**changes: Any) -> dict[str, Any]:
    """What the member says of its data."""
    return {
        "title": f"Abonnés de {MARK}",
        "description": MARK,
        "theme": MARK,
        "keywords": [MARK],
        "producer": MARK,
        "source_url": f"https://{MARK}.example/",
        "contact": {"name": MARK, "email": f"{MARK}@exemple.fr"},
        "licence": "Licence Ouverte 2.0",
        "access": "open",
        **changes,
    }


def project(dataset_id: str) -> dict[str, Any]:
    """What the member says of its project."""
    name = MARK.lower()
    step = {
        "application": "aggregate",
        "inputs": {"table": name},
        "parameters": {"by": ["code_commune"], "sums": ["valeur"]},
        "output": f"somme_{name}",
    }
    return {
        "title": MARK,
        "problem": f"{MARK} demande combien",
        "theme": MARK,
        "territory": ["14"],
        "keywords": [MARK],
        "skills": [MARK],
        "dataset_ids": [dataset_id],
        "treatment": {"inputs": {name: dataset_id}, "steps": [step]},
    }


@pytest.fixture
def staff(lab: Lab) -> Client:
    """Who reviews and erases."""
    return lab.client("lab", "operator", "reviewer")


def taken_to_trial(staff: Client, member: Client, folder: Path) -> str:
    """The id of the member's project, whose trial ran on the member's own data."""
    dataset = offered(member, about(), table(folder))
    project_id = str(member.post("intake", "/projects", project(dataset))["id"])
    path = f"/projects/{project_id}"
    wait("it is advised", lambda: member.get("intake", path)["stage"] == "advised")
    review(staff, project_id, "Données agrégées.")
    wait("it is trialled", lambda: member.get("intake", path)["stage"] == "trialled")
    return project_id


def refused_for(lab: Lab, staff: Client, member_id: str) -> None:
    """Another holder's project, of which the member, as a reviewer, decides with its reason."""
    other = lab.client("mbr_other_holder", "holder", "owner")
    body = {"title": "Gares", "problem": "Où ?", "theme": "transport", "territory": ["14"]}
    project_id = other.post("intake", "/projects", body)["id"]
    path = f"/projects/{project_id}"
    wait("it is advised", lambda: staff.get("intake", path)["stage"] == "advised")
    reviewer = lab.client(member_id, "reviewer")
    version = staff.get("intake", path)["version"]
    body = {"decision": "reject", "reason": DECISION, "version": version}
    reviewer.post("intake", f"{path}/review", body)


def test_no_word_of_an_erased_member_is_left_in_the_lab(
    lab: Lab, staff: Client, receiver: Partner, tmp_path: Path
) -> None:
    """Documents of four services and the file store are searched before and after."""
    body = {"name": f"{MARK} & Cie", "kind": "company", "skills": [MARK], "territory": ["14"]}
    member_id = staff.post("intake", "/members", body)["id"]
    member = lab.client(member_id, "holder", "owner")
    url = f"http://127.0.0.1:{receiver.port}/{MARK}"
    endpoint = {"url": url, "event_types": ["*"], "description": MARK}
    receiver.trust(member.post("notify", "/endpoints", endpoint)["secret"])
    project_id = taken_to_trial(staff, member, tmp_path)
    refused_for(lab, staff, member_id)
    root = Path(lab.stack.environment()["DATALAB_STORAGE_URL"].removeprefix("file://"))
    before = list(places_of(lab, root, MARK))
    assert {place.split(".")[0] for place in before} >= {"intake", "catalog", "compute", "notify"}
    assert [place for place in before if place.startswith("/")]

    staff.post("intake", f"/members/{member_id}/departure", {"reason": f"Départ de {MARK}"})
    erasure = {"member_id": member_id, "reason": "Demande du 3 mars."}
    erasure_id = staff.post("intake", "/erasures", erasure)["id"]
    path = f"/erasures/{erasure_id}"
    wait("the receipt is complete", lambda: staff.get("intake", path)["is_complete"])
    wait("nothing is left", lambda: not list(places_of(lab, root, MARK)), 60)

    receipt = staff.get("intake", path)
    assert {part["service"] for part in receipt["parts"]} == {
        "catalog",
        "compute",
        "intake",
        "notify",
    }
    left = list(places_of(lab, root, DECISION))
    assert left
    assert {place.split()[0] for place in left} <= {"intake.projects"}
    assert any("motifs" in text for part in receipt["parts"] for text in part["kept"])
    stages = [entry["stage"] for entry in staff.get("intake", f"/projects/{project_id}")["history"]]
    assert stages[-1] == "withdrawn"
