"""Jobs of others' restricted data: what reviewers read, and their holders do not."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.events.compute import PROTECTED_SECONDS
from tests.integration.compute.lab import HOLDER, Lab, summing
from tests.integration.compute.releases.test_releasing import asked, decide
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService, eventually


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, with the sample catalogue and intake."""
    with lab.catalog(), lab.intake(), lab.compute(retry_seconds="2") as service:
        yield service


def change(lab: Lab, dataset: str, **changes: Any) -> None:
    """Let the catalogue tell this of a dataset from now on."""
    with lab.store("catalog") as store:
        store.of(Shelf).change(dataset, lambda shelf: shelf.answer.update(changes))


def claims(lab: Lab, dataset: str) -> list[dict[str, Any]]:
    """The places in the dataset's ledger that jobs took."""
    with lab.store("catalog") as store:
        return store.of(Shelf).get(dataset).claims


def protected(lab: Lab, content: bytes) -> str:
    """A dataset that is others' and restricted."""
    dataset = lab.ingest(content)
    change(lab, dataset, is_protected=True, personal="none", table_columns=[])
    return dataset


def job(lab: Lab, compute: RunningService, project: str) -> dict[str, Any]:
    """The project's only job, as its holder sees it."""
    [only_job] = lab.call(compute, "GET", f"/jobs?project_id={project}").json()["items"]
    return dict(only_job)


def many(rows: int) -> bytes:
    """A table of so many dwellings in each of two communes."""
    lines = [f"{com};{number};{number % 7}" for com in ("14118", "76540") for number in range(rows)]
    return "\n".join(["com;logements;vacants", *lines]).encode()


def test_result_takes_its_place_in_the_ledger_before_it_may_leave(
    lab: Lab, compute: RunningService
) -> None:
    """The ledger's file is not among its outputs; another that came meanwhile is made again."""
    dataset, project, second = protected(lab, many(40)), new_id("prj"), new_id("prj")
    lab.start(project, dataset)
    first = lab.wait_for("result_held", project_id=project)["job_id"]
    assert asked(lab, compute, f"/release-requests/{first}")["release"]["failure"] == ""
    [claim] = claims(lab, dataset)
    assert (claim["place"], claim["entry"]["dataset_id"]) == (0, dataset)
    lab.start(second, dataset)
    lab.wait_for("job_queued", project_id=second)
    eventually(lambda: job(lab, compute, second)["state"] == "held")
    earlier = [{"entry": claim["entry"], "file": claim["file"]}]
    change(lab, dataset, ledger_length=1, releases=earlier)
    held = lab.wait_for("result_held", project_id=second)
    assert [claim["place"] for claim in claims(lab, dataset)] == [0, 1]
    seen = asked(lab, compute, f"/release-requests/{held['job_id']}")
    assert not [output for output in seen["outputs"] if output["is_internal"]]
    (difference,) = seen["release"]["differences"]
    assert (difference["only_here"], difference["only_there"]) == (0, 0)


def test_own_data_has_no_ledger(lab: Lab, compute: RunningService) -> None:
    """Nobody decides on its result, or is asked for a place."""
    dataset, project = lab.ingest(many(42)), new_id("prj")
    lab.start(project, dataset)
    done = lab.wait_for("job_succeeded", project_id=project)
    assert claims(lab, dataset) == []
    assert done["is_held"] is False
    assert job(lab, compute, project)["state"] == "succeeded"


def test_reviewer_reads_every_figure_and_masks_those_of_few(
    lab: Lab, compute: RunningService
) -> None:
    """One commune has two dwellings: the holder gets the table without it, and reads that."""
    content = many(40) + b"\n14001;900;1\n14001;901;1"
    dataset, project = protected(lab, content), new_id("prj")
    lab.start(project, dataset, summing(dataset))
    job_id = lab.wait_for("result_held", project_id=project)["job_id"]
    table = asked(lab, compute, f"/release-requests/{job_id}/table")
    assert (table["all_rows"], table["marked_rows"]) == (3, 1)
    assert table["rows"][0]["units"] == {"logements": 2, "vacants": 2}
    seen = asked(lab, compute, f"/release-requests/{job_id}")
    assert seen["may_mask"] is True
    assert decide(lab, compute, job_id, decision="mask", version=seen["version"])[0] == 200
    end = lab.wait_for("job_succeeded", job_id=job_id)
    answer = lab.call(compute, "GET", f"/jobs/{job_id}/result?name=result.csv", HOLDER)
    assert (answer.status, b"14001" in answer.data) == (200, False)
    assert b"14118" in answer.data
    assert lab.manifest(end).reports[-1]["rows"] == {"out": 2}


def test_holder_sees_the_same_of_a_job_that_runs_and_one_that_ended(
    lab: Lab, compute: RunningService
) -> None:
    """Neither state, time, quota nor list tells which; who cancels it does not learn it, either."""
    dataset, project = protected(lab, many(43)), new_id("prj")
    lab.start(project, dataset)
    held = lab.wait_for("result_held", project_id=project)
    seen = job(lab, compute, project)
    assert (seen["state"], seen["seconds"], seen["ended_at"]) == ("held", 0.0, None)
    assert "un relecteur du Datalab décide" in seen["message"]
    listed = {
        state: lab.call(compute, "GET", f"/jobs?project_id={project}&state={state}").json()["items"]
        for state in ("succeeded", "running", "held")
    }
    assert [bool(items) for items in listed.values()] == [False, False, True]
    workspace = lab.call(compute, "GET", f"/workspaces/{project}").json()
    assert workspace["used_seconds"] == PROTECTED_SECONDS
    path = f"/jobs/{held['job_id']}"
    for heard in ("", "1.0.99"):
        answer = lab.call(compute, "GET", f"{path}/events", headers={"Last-Event-ID": heard})
        stream = answer.data.decode()
        assert "event: end" in stream
        assert '"state":"held"' in stream
        assert "id: 0.0.0" in stream
    assert lab.call(compute, "POST", f"{path}/cancel").status == 200
    assert job(lab, compute, project)["state"] == "cancelled"
    assert (job(lab, compute, project)["seconds"], job(lab, compute, project)["ended_at"]) == (
        0.0,
        None,
    )
