"""A town's own code is tried before its project is saved, by the whole lab."""

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.api_client import CallError, Client
from tests.chaos.lab import Lab
from tests.e2e.acting import members_of, offered

pytest.importorskip("nbclient", reason="make code was not run")

LINES = "\n".join(f"14{number:03d};{number};{number % 7}" for number in range(1, 801))
WORKS = """
def run(tables, parameters):
    homes = tables["parc"]
    return homes.assign(taux=homes["vides"] / homes["logements"])
"""
RAISES = WORKS.replace('"vides"]', '"vacants"]')
TOO_SLOW = re.compile("secondes|ne répond pas")
"""What is said where a machine is too slow to try code: it is saved then."""

REFUSED = re.compile(r"treatment\.steps\.0\.parameters\.code.*ligne 4.*« vacants »", re.DOTALL)
TITLE = "Logements vides, calculés par nous"


@pytest.fixture(scope="module")
def members(lab: Lab) -> dict[str, str]:
    """The ids of members, by their roles in the tests."""
    return members_of(lab.client("lab", "operator", "reviewer"))


@pytest.fixture(scope="module")
def holder(lab: Lab, members: dict[str, str]) -> Client:
    """A town."""
    return lab.client(members["city"], "holder", "owner")


@pytest.fixture(scope="module")
def homes(
    lab: Lab, members: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A table of another member, by how it may be read."""
    file = Path(tmp_path_factory.mktemp("homes") / "parc.csv")
    file.write_text(f"com;logements;vides\n{LINES}\n")
    owner = lab.client(members["agency"], "owner")
    about = {"title": "Parc", "theme": "logement", "licence": "lov2"}
    kinds = ("open", "restricted")
    return {access: offered(owner, {**about, "access": access}, file) for access in kinds}


def treatment(dataset_id: str, code: str) -> dict[str, Any]:
    """One that runs this code on it."""
    step = {"application": "python", "inputs": {"parc": "parc"}, "output": "resultat"}
    return {"inputs": {"parc": dataset_id}, "steps": [step | {"parameters": {"code": code}}]}


def project(**more: Any) -> dict[str, Any]:
    """What a town asks."""
    asked = {"title": TITLE, "problem": "Où ?", "theme": "logement", "territory": ["14"]}
    return {**asked, **more}


def refused(client: Client, path: str, body: dict[str, Any]) -> str:
    """What is said of code that raises; or that this machine was too slow to try it."""
    try:
        [untried] = client.post("intake", path, body)["code_untried"]
    except CallError as error:
        return str(error)
    assert TOO_SLOW.search(untried)
    return ""


def test_code_that_raises_is_refused_with_its_line_and_nothing_is_saved(
    holder: Client, homes: dict[str, str]
) -> None:
    """Where a project is submitted, and where its treatment is changed."""
    wrong, right = (treatment(homes["open"], code) for code in (RAISES, WORKS))
    refusal = refused(holder, "/projects", project(treatment=wrong, title="Faute"))
    saved = holder.get("intake", "/projects")["items"]
    assert bool(refusal) == all(output["title"] != "Faute" for output in saved)
    assert not refusal or REFUSED.search(refusal)
    sent = holder.post("intake", "/projects", project(treatment=right))
    assert all(map(TOO_SLOW.search, sent["code_untried"]))
    path = f"/projects/{sent['id']}"
    refusal = refused(holder, f"{path}/treatment", wrong)
    kept = holder.get("intake", path)["treatment"]["steps"][0]["parameters"]["code"]
    assert kept == (WORKS if refusal else RAISES)


def test_code_on_restricted_data_is_saved_once_it_is_parsed(
    lab: Lab, holder: Client, members: dict[str, str], homes: dict[str, str]
) -> None:
    """The answer says so; its owner's own project tries it."""
    closed = treatment(homes["restricted"], RAISES)
    sent = holder.post("intake", "/projects", project(treatment=closed))
    [warning] = sent["code_untried"]
    assert "seulement été relu, pas essayé" in warning
    owner = lab.client(members["agency"], "holder", "owner")
    refusal = refused(owner, "/projects", project(treatment=closed))
    assert not refusal or "ligne 4" in refusal
    unread = treatment(homes["restricted"], "def run(tables, parameters): return (")
    with pytest.raises(CallError, match="ligne 1 : ce n'est pas du Python valide"):
        holder.post("intake", "/projects", project(treatment=unread))
    for dataset_id in (homes["open"], homes["restricted"]):
        for code in ("", "x=1"):
            refusal = refused(holder, "/projects", project(treatment=treatment(dataset_id, code)))
            assert "treatment.steps.0.parameters.code" in refusal
