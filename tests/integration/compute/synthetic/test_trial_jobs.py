"""A project's trial on invented rows, from its event to what people and programs are told."""

from collections.abc import Iterator

import pytest

from shared.aggregate import new_id
from shared.engine.tables.manifest import INVENTED
from shared.events import Step, Treatment
from tests.integration.compute.lab import HOMES, Lab
from tests.servers import RunningService


@pytest.fixture(scope="module", autouse=True)
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, and the sample catalogue."""
    with lab.catalog(), lab.compute(trial_rows="50") as service:
        yield service


def only_large(dataset_id: str, minimum: str) -> Treatment:
    """The treatment that keeps the aids of a number or more."""
    step = Step(
        application="filter",
        inputs={"table": "aides"},
        parameters={"column": "aide", "comparison": ">=", "value": minimum},
        output="grandes",
    )
    return Treatment(inputs={"aides": dataset_id}, steps=(step,))


def test_result_is_marked_as_invented(lab: Lab, compute: RunningService) -> None:
    """In the event, on its page, in its log, its manifest and the names of its files."""
    project, dataset_id = new_id("prj"), lab.shelve_invented()
    lab.start(project, dataset_id, only_large(dataset_id, "0"))
    event = lab.wait_for("job_succeeded", project_id=project, kind="trial")
    assert event["warning"] == INVENTED
    job = lab.call(compute, "GET", f"/jobs/{event['job_id']}").json()
    assert job["warning"] == INVENTED
    assert INVENTED in job["log_tail"]
    assert not job["is_held"]
    manifest = lab.manifest(event)
    assert [(source.is_invented, source.sha256) for source in manifest.inputs] == [(True, "")]
    assert manifest.reports[0]["rows"]["out"] == 50
    path = f"/jobs/{event['job_id']}/result?name=result.csv"
    answer = lab.call(compute, "GET", path)
    assert "essai-invente" in answer.headers["Content-Disposition"]
    assert answer.data.count(b"\n") == 51


def test_trial_that_keeps_no_invented_row_is_a_success(lab: Lab) -> None:
    """Whether the data has such rows nobody knows; its sizes refuse no full job."""
    project, aids, homes = new_id("prj"), lab.shelve_invented(), lab.ingest(HOMES)
    lab.grant(project, homes)
    cross = Step(
        application="cross",
        inputs={"left": "grandes", "right": "homes"},
        parameters={"left_key": "siren", "right_key": "com"},
        output="crossed",
    )
    steps = (*only_large(aids, "999999").steps, cross)
    treatment = Treatment(inputs={"aides": aids, "homes": homes}, steps=steps)
    lab.start(project, aids, treatment)
    event = lab.wait_for("job_succeeded", project_id=project, kind="trial")
    assert (event["warning"], event["fault"], event["is_empty"]) == (INVENTED, "", False)
