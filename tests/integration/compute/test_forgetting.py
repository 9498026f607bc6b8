"""Deleted data: what jobs left of it is taken away, and its result is gone."""

from collections.abc import Iterator

import pytest

from shared.aggregate import new_id
from shared.events import ResultsRecalled
from tests.integration.compute.lab import HOLDER, HOMES, OWNER, Lab, freeze
from tests.servers import RunningService, eventually

REASON = "accord retiré"


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, and the sample catalogue."""
    with lab.catalog(), lab.bare_compute() as service:
        yield service


def recall(
    lab: Lab, dataset_id: str, *job_ids: str, project_id: str | None = None, times: int = 1
) -> None:
    """Tell that a dataset was deleted that these jobs read."""
    event = ResultsRecalled(
        dataset_id=dataset_id,
        owner_id=OWNER,
        title="Logements",
        reason=REASON,
        job_ids=job_ids,
        project_id=project_id,
    )
    lab.publish(event, dataset_id, times=times)


def test_jobs_that_read_or_took_in_deleted_data_keep_nothing(
    lab: Lab, compute: RunningService
) -> None:
    """Result, outputs and log; the files that they left are told once, to be erased."""
    dataset = lab.ingest(HOMES)
    project = new_id("prj")
    lab.start(project, dataset)
    trial = lab.wait_for("job_succeeded", project_id=project, kind="trial")["job_id"]
    taken_in = lab.wait_for("job_succeeded", dataset_id=dataset, kind="ingest")["job_id"]
    recall(lab, dataset, trial, times=2)
    for job, count in ((trial, 2), (taken_in, 2)):
        event = lab.wait_for("job_forgotten", job_id=job, dataset_id=dataset)
        assert len(event["files"]) >= count
        assert REASON in event["reason"]
        answer = lab.call(compute, "GET", f"/jobs/{job}/result", "mbr_r", "reviewer")
        assert (answer.status, REASON in answer.json()["detail"]) == (410, True)
        view = lab.call(compute, "GET", f"/jobs/{job}", "mbr_r", "reviewer").json()
        assert (view["outputs"], view["result"], view["log_tail"]) == ([], None, "")
    eventually(lambda: not lab.queues()["compute.on.results_recalled"])
    assert len(lab.events("job_forgotten", dataset_id=dataset)) == 2


def test_job_that_runs_is_cancelled_and_leaves_nothing(lab: Lab, compute: RunningService) -> None:
    """Its holder is told why."""
    dataset, project = lab.ingest(HOMES + b"14998;1;1\n"), new_id("prj")
    lab.start(project, dataset)
    child = freeze(compute)
    job = lab.wait_for("job_started", project_id=project)["job_id"]
    recall(lab, dataset, job)
    ended = lab.wait_for("job_cancelled", job_id=job)
    assert REASON in ended["reason"]
    assert not child.is_running()
    view = lab.call(compute, "GET", f"/jobs/{job}", "mbr_r", "reviewer").json()
    assert (view["log_tail"], REASON in view["message"]) == ("", True)


def test_job_that_a_partner_named_falsely_is_left_alone(lab: Lab, compute: RunningService) -> None:
    """Whoever opens data by RPC names the job itself, and may name another project's."""
    dataset, other = lab.ingest(HOMES + b"14997;1;1\n"), lab.ingest(HOMES + b"14996;1;1\n")
    project = new_id("prj")
    lab.start(project, dataset)
    trial = lab.wait_for("job_succeeded", project_id=project, kind="trial")["job_id"]
    recall(lab, other, trial)
    lab.wait_for("job_forgotten", dataset_id=other)
    path = f"/jobs/{trial}/result?name=manifest.json"
    assert lab.call(compute, "GET", path, HOLDER).status == 200
    # Its project's result was deleted: all of the project's jobs are meant.
    recall(lab, new_id("dts"), project_id=project)
    lab.wait_for("job_forgotten", job_id=trial)
    assert lab.call(compute, "GET", path, HOLDER).status == 410
