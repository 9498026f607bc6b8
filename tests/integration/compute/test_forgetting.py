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
    lab: Lab,
    dataset_id: str,
    *job_ids: str,
    project_id: str | None = None,
    tables_of: str = "",
    times: int = 1,
) -> None:
    """Tell that a dataset was deleted that these jobs read."""
    event = ResultsRecalled(
        dataset_id=dataset_id,
        owner_id=OWNER,
        title="Logements",
        reason=REASON,
        job_ids=job_ids,
        project_id=project_id,
        tables_of=tables_of,
    )
    lab.publish(event, dataset_id, times=times)


def test_jobs_that_read_or_took_in_deleted_data_keep_nothing(
    lab: Lab, compute: RunningService
) -> None:
    """Result, outputs and log; the files that they left are told once, to be erased.

    What runs is cancelled, and tells its holder why.
    """
    dataset = lab.ingest(HOMES)
    project, other = new_id("prj"), new_id("prj")
    lab.start(project, dataset)
    trial = lab.wait_for("job_succeeded", project_id=project, kind="trial")["job_id"]
    taken_in = lab.wait_for("job_succeeded", dataset_id=dataset, kind="ingest")["job_id"]
    lab.start(other, dataset)
    child = freeze(compute)
    running = lab.wait_for("job_started", project_id=other)["job_id"]
    recall(lab, dataset, trial, running, times=2)
    for job, count in ((trial, 2), (taken_in, 2)):
        event = lab.wait_for("job_forgotten", job_id=job, dataset_id=dataset)
        assert len(event["files"]) >= count
        assert REASON in event["reason"]
        answer = lab.call(compute, "GET", f"/jobs/{job}/result", "mbr_r", "reviewer")
        assert (answer.status, REASON in answer.json()["detail"]) == (410, True)
        view = lab.call(compute, "GET", f"/jobs/{job}", "mbr_r", "reviewer").json()
        assert (view["outputs"], view["result"], view["log_tail"]) == ([], None, "")
    assert REASON in lab.wait_for("job_cancelled", job_id=running)["reason"]
    assert not child.is_running()
    view = lab.call(compute, "GET", f"/jobs/{running}", "mbr_r", "reviewer").json()
    assert (view["log_tail"], REASON in view["message"]) == ("", True)
    eventually(lambda: not lab.queues()["compute.on.results_recalled"])
    for job in (trial, taken_in):
        assert len(lab.events("job_forgotten", job_id=job)) == 1


def test_job_that_a_partner_named_falsely_is_left_alone(lab: Lab, compute: RunningService) -> None:
    """Whoever opens data by RPC names the job itself, and may name another project's."""
    dataset, project = lab.ingest(HOMES + b"14997;1;1\n"), new_id("prj")
    lab.start(project, dataset)
    trial = lab.wait_for("job_succeeded", project_id=project, kind="trial")["job_id"]
    recall(lab, new_id("dts"), trial)
    eventually(lambda: not lab.queues()["compute.on.results_recalled"])
    path = f"/jobs/{trial}/result?name=manifest.json"
    assert lab.call(compute, "GET", path, HOLDER).status == 200
    # Tables were read in the place of the data that it named.
    other = new_id("prj")
    lab.start(other, dataset)
    answered = lab.wait_for("job_succeeded", project_id=other, kind="trial")["job_id"]
    tables = new_id("dts")
    recall(lab, tables, answered, tables_of=dataset)
    lab.wait_for("job_forgotten", job_id=answered, dataset_id=tables)
    # Its project's result was deleted: all of the project's jobs are meant.
    recall(lab, new_id("dts"), project_id=project)
    lab.wait_for("job_forgotten", job_id=trial)
    assert lab.call(compute, "GET", path, HOLDER).status == 410
