"""Deleted data is gone from the whole lab: looked for by a text that was in it."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.api_client import CallError, Client
from deploy.demo import content
from deploy.demo.story import review, wait
from shared.aggregate import new_id
from tests.chaos.lab import Lab
from tests.e2e.acting import offered, places_of

REASON = "les personnes ont retiré leur accord"


def marked(client: Client, folder: Path, marker: str) -> str:
    """The id of a published dataset, in whose table, keys and profile a text is."""
    lines = (content.DATA / "epci_2026.csv").read_text(encoding="utf-8").splitlines()
    first = lines[1].split(";")
    column = lines[0].split(";").index("code")
    wrong = [marker if at == column else value for at, value in enumerate(first)]
    file = folder / "epci.csv"
    file.write_text("\n".join([*lines, ";".join(wrong)]), encoding="utf-8")
    return offered(client, content.open_dataset("epci_2026.csv"), file)


def tried(lab: Lab, dataset_id: str) -> tuple[str, str]:
    """A project whose trial lists every code of the dataset, and that trial's job."""
    holder, staff = lab.client("mbr_tries", "holder"), lab.client("lab", "operator", "reviewer")
    step = {
        "application": "aggregate",
        "inputs": {"table": "epci"},
        "output": "codes",
        "parameters": {"by": ["code"], "counts": ["code"]},
    }
    body: dict[str, Any] = {
        "title": "Codes",
        "problem": "Compter les codes.",
        "theme": "territoire",
        "territory": ["14"],
        "treatment": {"inputs": {"epci": dataset_id}, "steps": [step]},
    }
    project = holder.post("intake", "/projects", body)["id"]
    path = f"/projects/{project}"
    wait("it is advised", lambda: holder.get("intake", path)["stage"] == "advised")
    review(staff, project, "Données ouvertes.")
    wait("it is tried out", lambda: holder.get("intake", path)["stage"] == "trialled")
    jobs = holder.get("compute", "/jobs", project_id=project)["items"]
    return project, str(jobs[0]["id"])


def test_deleted_data_is_nowhere_in_the_lab(lab: Lab, tmp_path: Path) -> None:
    """Neither what was uploaded, nor what was read of it, nor what a trial made of it."""
    marker, owner = new_id("marqueur"), lab.client("mbr_deletes", "owner")
    dataset_id = marked(owner, tmp_path, marker)
    project, job = tried(lab, dataset_id)
    holder = lab.client("mbr_tries", "holder")
    assert holder.get("compute", f"/jobs/{job}/result", name="manifest.json")
    held = list(places_of(lab, lab.files, marker))
    assert f"catalog.datasets {dataset_id}" in held
    assert len(held) > 3
    path = f"/datasets/{dataset_id}"
    owner.delete("catalog", path, {"reason": REASON})
    wait("all is erased", lambda: owner.get("catalog", f"{path}/deletion")["erased_at"])
    wait("nothing is left", lambda: not list(places_of(lab, lab.files, marker)))
    with pytest.raises(CallError, match=REASON):
        holder.get("compute", f"/jobs/{job}/result", name="manifest.json")
    ask_project = partial(holder.get, "intake", f"/projects/{project}")
    wait("the project knows", lambda: REASON in str(ask_project()["history"]))
