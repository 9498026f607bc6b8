"""Jobs of others' restricted data: what left before them counts, and what they tell is kept."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.events import JobSucceeded
from tests.integration.compute.lab import HOLDER, HOMES, Lab, treating
from tests.integration.compute.releases.test_releasing import asked, decide
from tests.integration.compute.samples import Shelf
from tests.servers import RunningService, eventually


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, with the sample catalogue and intake."""
    with lab.catalog(), lab.intake(), lab.compute(retry_seconds="2") as service:
        yield service


GOOD = "def run(tables, parameters):\n    return tables['homes'].head(30)\n"
BAD = "def run(tables, parameters):\n    raise KeyError(tables['homes']['com'].iloc[0])\n"
FAILED = "Python dit : KeyError: '14118'"
OF_THE_JOB = ("id", "project_id", "queued_at", "started_at", "ended_at", "seconds", "job_id")


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


def treated(lab: Lab, dataset: str, code: str) -> tuple[str, dict[str, Any]]:
    """The project of a trial that ran that code, and what its end tells partners."""
    project = new_id("prj")
    lab.start(project, dataset, treating(dataset, "python", "homes", output="rendu", code=code))
    done = lab.wait_for("job_succeeded", project_id=project)
    return project, JobSucceeded.model_validate(done).public.model_dump(mode="json")


def plain(job_view: dict[str, Any]) -> dict[str, Any]:
    """The same without what names the job, or tells its time."""
    return {name: override for name, override in job_view.items() if name not in OF_THE_JOB}


def test_result_takes_its_place_in_the_ledger_before_it_leaves(
    lab: Lab, compute: RunningService
) -> None:
    """Its holder reads that it was checked; the ledger's file is not among its outputs.

    Another that another left meanwhile is made again: it says so while it waits.
    """
    dataset, project, second = protected(lab, many(40)), new_id("prj"), new_id("prj")
    lab.start(project, dataset)
    done = lab.wait_for("job_succeeded", project_id=project)
    assert done["is_held"] is False
    [claim] = claims(lab, dataset)
    assert (claim["place"], claim["entry"]["dataset_id"]) == (0, dataset)
    seen = job(lab, compute, project)
    assert seen["release"]["verdict"] in {"released", "suppressed"}
    assert seen["release"]["entries"] == []
    assert not [
        output for output in seen["outputs"] if "ledger" in output["name"] or output["is_internal"]
    ]
    manifest = lab.manifest(done)
    assert not [output for output in manifest.outputs if output.is_internal]
    lab.start(second, dataset)
    lab.wait_for("job_queued", project_id=second)
    eventually(lambda: "refait pour être vérifié" in job(lab, compute, second)["message"])
    earlier = [{"entry": claim["entry"], "file": claim["file"]}]
    change(lab, dataset, ledger_length=1, releases=earlier)
    lab.wait_for("job_succeeded", project_id=second)
    assert [claim["place"] for claim in claims(lab, dataset)] == [0, 1]


def test_own_data_has_no_ledger(lab: Lab, compute: RunningService) -> None:
    """Nothing is checked of it, and nobody is asked for a place."""
    dataset, project = lab.ingest(many(42)), new_id("prj")
    lab.start(project, dataset)
    lab.wait_for("job_succeeded", project_id=project)
    assert claims(lab, dataset) == []
    assert job(lab, compute, project)["release"] is None


def test_figures_of_single_rows_are_not_told(lab: Lab, compute: RunningService) -> None:
    """Each commune has one row: none of its figures leaves, by whatever way."""
    dataset, project = protected(lab, HOMES), new_id("prj")
    lab.start(project, dataset)
    done = lab.wait_for("job_succeeded", project_id=project)
    path = f"/jobs/{done['job_id']}/result?name=result.csv"
    answer = lab.call(compute, "GET", path, HOLDER)
    assert answer.status in {200, 409}
    assert b";3500;350" not in answer.data


def test_failure_is_the_reviewer_s_until_a_decision(lab: Lab, compute: RunningService) -> None:
    """Views and events are those of code that ended well; who gets the result reads why then."""
    dataset = protected(lab, many(40))
    good, told_of_good = treated(lab, dataset, GOOD)
    bad, told_of_bad = treated(lab, dataset, BAD)
    assert plain(told_of_bad) == plain(told_of_good)
    assert plain(job(lab, compute, bad)) == plain(job(lab, compute, good))
    failed, ended = (job(lab, compute, job_id)["id"] for job_id in (bad, good))
    assert FAILED in asked(lab, compute, f"/release-requests/{failed}")["release"]["failure"]
    assert asked(lab, compute, f"/release-requests/{ended}")["release"]["failure"] == ""
    path = f"/jobs/{failed}/result?name=journal.txt"
    assert lab.call(compute, "GET", path, HOLDER).status == 409
    version = asked(lab, compute, f"/release-requests/{failed}")["version"]
    assert decide(lab, compute, failed, version=version)[0] == 200
    assert FAILED in lab.call(compute, "GET", path, HOLDER).data.decode()
