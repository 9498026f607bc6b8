"""Own code is tried by compute before anything is saved with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.intake.service import Intake
from tests.integration.intake.lab import HOLDER, OWNER, PROJECT, REVIEWER, Lab
from tests.integration.intake.samples import UNREAD, Compute
from tests.servers import running
from tests.vhosts import Needs

RAISES = "def run(tables, parameters):\n    raise ValueError"
WORKS = "def run(tables, parameters):\n    return tables['logements']"


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What intake and the sample beside it listen to."""
    return Needs((Intake, Compute), (0.2, 0.4))


@pytest.fixture(scope="module", autouse=True)
def compute(lab: Lab) -> Iterator[None]:
    """The sample compute service."""
    with running("tests.integration.intake.samples:Compute", lab.environ):
        yield


def treatment(code: str) -> dict[str, Any]:
    """One that runs this code."""
    step = {"application": "python", "inputs": {"logements": "logements"}, "output": "r"}
    steps = [step | {"parameters": {"code": code}}]
    return {"inputs": {"logements": "dts_logements"}, "steps": steps}


def test_code_that_fails_is_refused_with_its_line_and_nothing_is_saved(lab: Lab) -> None:
    """Where a project is submitted, and where its treatment is said anew."""
    who = ("mbr_code", "holder")
    body = {**PROJECT, "treatment": treatment(RAISES)}
    problem = lab.refused(422, "POST", "/projects", body, who=who)
    assert problem["field"] == "treatment.steps.0.parameters.code"
    assert "ligne 2" in problem["detail"]
    assert lab.documents("projects", holder_id=who[0]) == []
    path = f"/projects/{lab.submit()}"
    problem = lab.refused(422, "POST", f"{path}/treatment", treatment(RAISES))
    assert problem["field"] == "steps.0.parameters.code"
    assert lab.read(path.rpartition("/")[2])["treatment"]["steps"][0]["application"] == "cross"


def test_code_that_was_not_tried_is_saved_and_the_answer_says_so(lab: Lab) -> None:
    """For its holder, whoever of the lab changes it; and only to who just sent it."""
    texts = [f"{UNREAD} Pour {HOLDER[0]}."]
    sent = lab.done("POST", "/projects", {**PROJECT, "treatment": treatment(WORKS)})
    assert sent["code_untried"] == texts
    path = f"/projects/{sent['id']}"
    assert lab.done("GET", path)["code_untried"] == []
    changed = lab.done("POST", f"{path}/treatment", treatment(WORKS), who=REVIEWER)
    assert changed["code_untried"] == texts


def test_nobody_tries_code_in_the_name_of_a_project_s_holder(lab: Lab) -> None:
    """What it says of a holder's own data is for who may change the project."""
    path = f"/projects/{lab.submit()}/treatment"
    stranger = ("mbr_stranger", "holder")
    lab.refused(404, "POST", path, treatment(RAISES), who=stranger)
    lab.refused(403, "POST", path, treatment(RAISES), who=OWNER)
