"""A service whose jobs take over the steps of those before, until access to the data ends."""

import pytest

from services.compute.execution.step_cache.model import KeptStep
from shared.events import AccessRevoked
from tests.integration.compute.lab import OWNER, Lab
from tests.servers import eventually


def kept(lab: Lab, project: str) -> list[KeptStep]:
    """What is kept of a project's steps."""
    with lab.store() as store:
        return list(store.of(KeptStep).every({"project_id": project}))


@pytest.mark.usefixtures("catalog")
def test_job_that_runs_again_takes_its_steps_over_until_access_ends(lab: Lab) -> None:
    """Its log and its manifest say so; then documents and files are gone."""
    with lab.compute(step_cache_seconds="0") as compute:
        project = lab.started()
        lab.wait_for("job_succeeded", project_id=project, kind="trial")
        lab.staff(project)
        first = lab.wait_for("job_succeeded", project_id=project, kind="full")
        assert lab.manifest(first).provenance.reused == ()
        answer = lab.call(compute, "POST", "/jobs", json={"project_id": project}).json()
        again = lab.wait_for("job_succeeded", job_id=answer["id"])
        (reused,) = lab.manifest(again).provenance.reused
        assert (reused.step, reused.job_id) == ("result", first["job_id"])
        log = lab.call(compute, "GET", f"/jobs/{answer['id']}").json()["log_tail"]
        assert "(calcul identique)" in log
        tables = [lab.manifest(event).output("result.parquet") for event in (first, again)]
        assert tables[0] == tables[1]
        left = kept(lab, project)
        assert left
        (dataset,) = {dataset_id for kept_step in left for dataset_id in kept_step.dataset_ids}
        about = {"project_id": project, "dataset_id": dataset, "owner_id": OWNER}
        lab.publish(AccessRevoked(**about, reason="étude finie"), project, sequence=9)
        eventually(lambda: not kept(lab, project))
