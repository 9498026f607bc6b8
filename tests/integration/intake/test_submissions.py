"""Submissions that are repeated register one project."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from services.intake.bodies import SubmitProject
from services.intake.submission import claim
from shared.inbound import IdempotencyKey
from shared.store import Store
from tests.integration.intake.lab import PROJECT, REVIEWER, Lab
from tests.servers import eventually


def holder() -> tuple[str, str]:
    """A holder that no other test uses."""
    return (f"mbr_{uuid4().hex}", "holder")


def keyed(key: str) -> dict[str, str]:
    """The header of a submission that may be repeated."""
    return {"Idempotency-Key": key}


def test_a_repeated_submission_registers_one_project(lab: Lab) -> None:
    """The same key, caller and body: the same answer, one event."""
    who = holder()
    first = lab.call("POST", "/projects", PROJECT, who=who, headers=keyed("k"))
    again = lab.call("POST", "/projects", PROJECT, who=who, headers=keyed("k"))
    assert (first.status, again.status) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["Location"] == again.headers["Location"]
    assert len(lab.documents("projects", holder_id=who[0])) == 1
    eventually(lambda: lab.topics(first.json()["id"]) == ["project_submitted"])


def test_submissions_at_the_same_time_register_one_project(lab: Lab) -> None:
    """Sixteen requests with one key, to two processes."""
    who = holder()

    def submit(_number: int) -> str:
        sent = lab.done("POST", "/projects", PROJECT, who=who, headers=keyed("race"))
        return str(sent["id"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(submit, range(16)))) == 1
    assert len(lab.documents("projects", holder_id=who[0])) == 1


def test_a_submission_that_broke_off_half_way_is_completed(lab: Lab) -> None:
    """The key was kept but the process died before the project was: the retry makes it."""
    who, key = holder(), "broken off"
    database = f"{lab.environ['DATALAB_DATABASE_PREFIX']}_intake"
    store = Store(lab.environ["DATALAB_MONGODB_URI"], database)
    body = SubmitProject.model_validate(PROJECT)
    project_id = claim(store, "prj", who[0], IdempotencyKey(key), body)
    store.close()
    sent = lab.done("POST", "/projects", PROJECT, who=who, headers=keyed(key))
    assert sent["id"] == project_id
    assert sent["stage"] == "submitted"


def test_a_key_sent_with_another_body_is_refused(lab: Lab) -> None:
    """422 naming the header; the first project stays the only one."""
    who = holder()
    lab.done("POST", "/projects", PROJECT, who=who, headers=keyed("k"))
    other = {**PROJECT, "title": "Autre"}
    problem = lab.refused(422, "POST", "/projects", other, who=who, headers=keyed("k"))
    assert problem["field"] == "Idempotency-Key"
    assert len(lab.documents("projects", holder_id=who[0])) == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_length(lab: Lab, key: str) -> None:
    """An empty key says nothing, a long one is no key."""
    problem = lab.refused(422, "POST", "/projects", PROJECT, headers=keyed(key))
    assert problem["field"] == "Idempotency-Key"


def test_keys_are_each_holders_own(lab: Lab) -> None:
    """Two holders may choose the same key, and one holder several."""
    who = holder()
    ids = {
        lab.done("POST", "/projects", PROJECT, who=caller, headers=keyed(key))["id"]
        for caller, key in ((who, "k"), (holder(), "k"), (who, "l"))
    }
    assert len(ids) == 3


def test_a_repeated_registration_makes_one_member(lab: Lab) -> None:
    """The same rule as for projects."""
    body = {"name": f"Ville {uuid4().hex}", "kind": "local_authority"}
    ids = {
        lab.done("POST", "/members", body, who=REVIEWER, headers=keyed("k"))["id"] for _ in range(2)
    }
    assert len(ids) == 1
    assert len(lab.documents("members", name=body["name"])) == 1
