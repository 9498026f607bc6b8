"""The release ledger of a version of restricted data: its places, its states, its end."""

from typing import Any

import pytest

from shared.aggregate import new_id
from shared.engine.tables.release import LedgerEntry
from shared.errors import Conflict, Forbidden, WrongStage
from shared.events import JobCancelled, ResultRefused, ResultReleased
from tests.integration.catalog.access.test_doors import granted
from tests.integration.catalog.lab import Lab, problem_of
from tests.servers import eventually


def opened(lab: Lab, project_id: str, dataset_id: str, job_id: str) -> dict[str, Any]:
    """What the catalogue hands out for a job."""
    with lab.rpc() as catalog:
        answer: dict[str, Any] = catalog.open_dataset(project_id, dataset_id, job_id)
    return answer


def claim(lab: Lab, dataset_id: str, place: int, content: bytes = b"cells") -> dict[str, Any]:
    """A place that a result asks for, with the file of its cells in the store."""
    entry = LedgerEntry(
        dataset_id=dataset_id,
        version=1,
        sha256="a" * 64,
        by=("com",),
        figures=("count",),
        cells=3,
        units=40,
        minimum_units=11,
        file="ledger.parquet",
    )
    file = lab.files.put([content], "application/octet-stream")
    return {
        "place": place,
        "entry": entry.model_dump(mode="json"),
        "file": file.model_dump(mode="json"),
    }


def reserve(lab: Lab, project_id: str, job_id: str, *claims: dict[str, Any]) -> None:
    """Ask for places."""
    with lab.rpc() as catalog:
        catalog.reserve_releases(project_id, job_id, list(claims))


def protected(lab: Lab) -> tuple[str, str]:
    """A project that was granted another's restricted dataset, and that dataset."""
    dataset_id = lab.published("mbr_o", "siren", access="restricted")
    return granted(lab, dataset_id, "mbr_o"), dataset_id


def released(lab: Lab, dataset_id: str) -> dict[str, str]:
    """What became of each job's result, as the lab's staff sees it."""
    releases = lab.get(f"/datasets/{dataset_id}/releases", lab.token("mbr_r", "reviewer"))
    return {release["job_id"]: release["state"] for release in releases["items"]}


def test_results_are_checked_against_those_that_left_before(lab: Lab) -> None:
    """Whosever project they were; a job that runs again is not checked against itself.

    The owner may raise the minimum of units that the rules ask for: they are told.
    """
    project_id, dataset_id = protected(lab)
    first, second = new_id("job"), new_id("job")
    answer = opened(lab, project_id, dataset_id, first)
    assert (answer["is_protected"], answer["ledger_length"], answer["releases"]) == (True, 0, [])
    assert answer["minimum_units"] is None
    reserve(lab, project_id, first, claim(lab, dataset_id, 0))
    owner, path = lab.token("mbr_o", "owner"), f"/datasets/{dataset_id}"
    changed = lab.call("PATCH", path, owner, json={"minimum_units": 20})
    assert (changed.status, changed.json()["minimum_units"]) == (200, 20)
    wrong = lab.call("PATCH", path, owner, json={"minimum_units": 0})
    assert "minimum_units" in problem_of(wrong, 422)
    wrong = lab.call("PATCH", path, owner, json={"unit_column": "foyer"})
    assert "unit_column" in problem_of(wrong, 422)
    assert lab.call("PATCH", path, owner, json={"unit_column": "siren"}).status == 200
    other = granted(lab, dataset_id, "mbr_o")
    answer = opened(lab, other, dataset_id, second)
    assert (answer["ledger_length"], answer["minimum_units"]) == (1, 20)
    assert answer["unit"] == "siren"
    (earlier,) = answer["releases"]
    assert earlier["entry"]["by"] == ["com"]
    assert (earlier["job_id"], earlier["project_id"]) == (first, project_id)
    again = opened(lab, project_id, dataset_id, first)
    assert (again["ledger_length"], again["releases"]) == (1, [])


def test_of_two_jobs_that_read_the_same_ledger_one_is_checked_again(lab: Lab) -> None:
    """The first takes the place; asked twice, it has one. All versions have one ledger."""
    project_id, dataset_id = protected(lab)
    jobs = [new_id("job") for _ in range(3)]
    for job_id in jobs:
        assert opened(lab, project_id, dataset_id, job_id)["ledger_length"] == 0
    for _ in range(2):
        reserve(lab, project_id, jobs[0], claim(lab, dataset_id, 0))
    later = claim(lab, dataset_id, 0, b"later")
    later["entry"]["version"] = 2
    for job_id, taken in ((jobs[1], claim(lab, dataset_id, 0, b"others")), (jobs[2], later)):
        with pytest.raises(Conflict, match="vérifier de nouveau"):
            reserve(lab, project_id, job_id, taken)
    assert released(lab, dataset_id) == {jobs[0]: "held"}
    answer = opened(lab, project_id, dataset_id, jobs[2])
    assert [release["entry"]["version"] for release in answer["releases"]] == [1]
    reserve(lab, project_id, jobs[2], later | {"place": answer["ledger_length"]})
    answer = opened(lab, project_id, dataset_id, jobs[1])
    reserve(lab, project_id, jobs[1], claim(lab, dataset_id, answer["ledger_length"], b"others"))
    assert released(lab, dataset_id) == dict.fromkeys(jobs, "held")
    assert opened(lab, project_id, dataset_id, new_id("job"))["ledger_length"] == 3


def test_result_of_two_datasets_has_both_places_or_none(lab: Lab) -> None:
    """What it took before the second was refused counts no more."""
    first, second = (lab.published("mbr_o", access="restricted") for _ in range(2))
    project_id = new_id("prj")
    lab.ask_for(first, second, project_id=project_id)
    with lab.rpc() as catalog:
        for text in (first, second):
            catalog.decide_access(f"{project_id}.{text}", "mbr_o", "grant")
    jobs = [new_id("job"), new_id("job")]
    for job_id in jobs:
        for text in (first, second):
            opened(lab, project_id, text, job_id)
    reserve(lab, project_id, jobs[0], claim(lab, second, 0))
    with pytest.raises(Conflict):
        reserve(lab, project_id, jobs[1], claim(lab, first, 0), claim(lab, second, 0, b"others"))
    assert released(lab, first) == {jobs[1]: "dropped"}
    answer = opened(lab, project_id, first, new_id("job"))
    assert (answer["ledger_length"], answer["releases"]) == (1, [])


def test_state_follows_what_is_heard_of_the_job(lab: Lab) -> None:
    """A reviewer decides on it, or nothing comes of it; its owner reads of what left alone."""
    project_id, dataset_id = protected(lab)
    kinds = ("waits", "stopped", "let", "kept")
    jobs = {kind: new_id("job") for kind in kinds}
    for place, job_id in enumerate(jobs.values()):
        opened(lab, project_id, dataset_id, job_id)
        reserve(lab, project_id, job_id, claim(lab, dataset_id, place))
    about = {"kind": "trial", "project_id": project_id}
    decided = {**about, "decided_by": "mbr_r", "reason": "vu"}
    lab.publish(ResultReleased(job_id=jobs["let"], **decided))
    lab.publish(ResultRefused(job_id=jobs["kept"], **decided))
    lab.publish(JobCancelled(job_id=jobs["stopped"], reason="assez", **about))
    fields = {"waits": "held", "stopped": "dropped", "let": "released", "kept": "refused"}
    eventually(
        lambda: released(lab, dataset_id) == {jobs[kind]: field for kind, field in fields.items()}
    )
    with pytest.raises(Forbidden, match="terminé"):
        reserve(lab, project_id, jobs["stopped"], claim(lab, dataset_id, 4))
    owners = lab.get(f"/datasets/{dataset_id}/releases", lab.token("mbr_o", "owner"))["items"]
    assert [release["job_id"] for release in owners] == [jobs["let"]]
    answer = opened(lab, project_id, dataset_id, new_id("job"))
    assert (answer["ledger_length"], len(answer["releases"])) == (4, 2)


def test_ledger_is_read_by_owners_and_staff(lab: Lab) -> None:
    """Page by page, newest first; the files with its cells are for the rules alone.

    A job asks for places of what it opened alone: nobody fills the ledger of data that is not
    theirs to read.
    """
    project_id, dataset_id = protected(lab)
    jobs = [new_id("job") for _ in range(3)]
    for place, job_id in enumerate(jobs):
        opened(lab, project_id, dataset_id, job_id)
        reserve(lab, project_id, job_id, claim(lab, dataset_id, place))
    for project, job in ((project_id, new_id("job")), (new_id("prj"), jobs[0])):
        with pytest.raises(Forbidden, match="pas été ouvertes"):
            reserve(lab, project, job, claim(lab, dataset_id, 3))
    path = f"/datasets/{dataset_id}/releases"
    pages = lab.pages(f"{path}?limit=2", lab.token("mbr_r", "reviewer"))
    assert [release["job_id"] for page in pages for release in page] == jobs[::-1]
    assert not {"file", "entry"} & {*pages[0][0]}
    assert lab.get(path, lab.token("mbr_o", "owner"))["items"] == []
    problem_of(lab.call("GET", path, lab.token("mbr_h", "holder")), 403)
    with lab.rpc() as catalog:
        assert len(catalog.list_releases(dataset_id)["items"]) == 3


def test_ledger_is_erased_with_its_dataset(lab: Lab) -> None:
    """Its files are on the receipt, nothing is told of it, and no place is given any more."""
    project_id, dataset_id = protected(lab)
    job_id = new_id("job")
    opened(lab, project_id, dataset_id, job_id)
    kept = claim(lab, dataset_id, 0, dataset_id.encode())
    reserve(lab, project_id, job_id, kept)
    hashes = [kept["file"]["sha256"]]
    with lab.rpc() as catalog:
        assert catalog.files_in_use(hashes) == hashes
    owner = lab.token("mbr_o", "owner")
    body = {"reason": "les personnes ont retiré leur accord"}
    assert lab.call("DELETE", f"/datasets/{dataset_id}", owner, json=body).status == 200
    receipt = lab.get(f"/datasets/{dataset_id}/deletion", owner)
    assert hashes[0] in {file["sha256"] for file in receipt["files"]}
    with lab.rpc() as catalog:
        assert catalog.files_in_use(hashes) == []
    path = f"/datasets/{dataset_id}/releases"
    staff = lab.token("mbr_r", "reviewer")
    eventually(lambda: not lab.get(path, staff)["items"][0]["figures"], "it is forgotten")
    with pytest.raises(WrongStage, match="retiré"):
        reserve(lab, project_id, job_id, claim(lab, dataset_id, 1, b"late"))
