"""An owner accepts what the profile proposes; the same file is read anew, as another version."""

from typing import Any

import pytest

from shared.engine.tables.manifest import Column, Meaning
from tests.integration.catalog.lab import Lab, problem_of

LOST = Column(
    name="com",
    kind="integer",
    filled=1,
    distinct=1,
    meaning=Meaning(type="commune", confidence=1.0, valid=0.0, repair="leading_zero"),
)
WANTED = {"column": "com", "repair": "leading_zero"}
ACCEPTED = {**WANTED, "type": "commune"}


def profiled(lab: Lab, owner_id: str) -> str:
    """The id of a published dataset whose communes lost their zeros."""
    dataset_id = lab.upload(owner_id)
    lab.ingest(dataset_id, 1, "siren", others=(LOST,))
    return dataset_id


def accept(lab: Lab, dataset_id: str, member_id: str, **changed: object) -> Any:
    """The answer to an owner who accepts the repair."""
    token = lab.token(member_id, "owner")
    body = WANTED | changed
    return lab.call("POST", f"/datasets/{dataset_id}/repairs", token, json=body)


def test_accepted_repair_makes_another_version_of_the_same_file_once(lab: Lab) -> None:
    """Compute is told what to mend, and the next upload is mended too."""
    dataset_id = profiled(lab, "mbr_r1")
    answers = [accept(lab, dataset_id, "mbr_r1") for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    first, second = answers[1].json()["versions"]
    assert second["accepted_repairs"] == [ACCEPTED]
    assert (second["file"], second["state"]) == (first["file"], "pending")
    told = lab.wait_for("dataset_registered", dataset_id=dataset_id, version=2)
    assert told["accepted_repairs"] == [ACCEPTED]
    path, token = f"/datasets/{dataset_id}/versions", lab.token("mbr_r1", "owner")
    assert len(lab.post_file(path, token, {}).json()["versions"]) == 2
    lab.post_file(path, token, {}, b"com\n1054\n")
    told = lab.wait_for("dataset_registered", dataset_id=dataset_id, version=3)
    assert told["accepted_repairs"] == [ACCEPTED]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"column": "siren"}, "repair"),
        ({"column": "nom"}, "column"),
        ({"repair": "upper_case"}, "repair"),
        ({"repair": None}, "repair"),
        ({"extra": 1}, "extra"),
    ],
)
def test_repair_that_is_not_proposed_is_refused(
    lab: Lab, changed: dict[str, object], field: str
) -> None:
    """The field is named, and there is no new version."""
    dataset_id = profiled(lab, "mbr_r2")
    assert field in problem_of(accept(lab, dataset_id, "mbr_r2", **changed), 422)
    assert len(lab.get(f"/datasets/{dataset_id}", lab.token("mbr_r2", "owner"))["versions"]) == 1


def test_only_the_owner_repairs_what_was_read(lab: Lab) -> None:
    """A stranger is told so of public data, and nothing of what is not public."""
    public, pending = profiled(lab, "mbr_r3"), lab.upload("mbr_r3")
    problem_of(accept(lab, public, "mbr_r4"), 403)
    problem_of(accept(lab, pending, "mbr_r4"), 404)
    problem_of(accept(lab, pending, "mbr_r3"), 409)
    reviewer = lab.token("mbr_r3", "reviewer")
    problem_of(lab.call("POST", f"/datasets/{public}/repairs", reviewer, json=WANTED), 403)
