"""Own code as a project's job: what its holder gets, and what is told to everybody."""

import json
from typing import Any

import pytest

from shared.aggregate import new_id
from tests.integration.compute.lab import Lab, treating
from tests.servers import RunningService

CODE = """
import matplotlib.pyplot as plt

def run(tables, parameters):
    homes = tables["homes"]
    print("moyenne", homes["vacants"].mean())
    figure, axes = plt.subplots()
    axes.plot(homes["logements"], homes["vacants"])
    return {"table": homes.head(parameters["n"]), "courbe": figure}
"""


def tried(lab: Lab, code: str) -> str:
    """The id of a project that tries the code on a table of its own."""
    dataset, project = lab.homes(), new_id("prj")
    lab.grant(project, dataset)
    lab.secure(project)
    fields = {"code": code, "parameters": {"n": 3}}
    lab.equip(project, treating(dataset, "python", "homes", output="rendu", **fields))
    return project


def job(lab: Lab, compute: RunningService, job_id: str, **asked: str) -> Any:
    """The job as somebody sees it, or the status of the refusal."""
    answer = lab.call(compute, "GET", f"/jobs/{job_id}", **asked)
    return json.loads(answer.data) if answer.status == 200 else answer.status


@pytest.mark.usefixtures("catalog")
def test_holder_gets_table_figure_and_log(lab: Lab, compute: RunningService) -> None:
    """With the code and the versions of libraries in the manifest; others get nothing."""
    done = lab.wait_for("job_succeeded", project_id=tried(lab, CODE))
    manifest = lab.manifest(done)
    assert manifest.steps[0].parameters["code"] == CODE
    assert manifest.software["pandas"]
    assert {output.name: output.opaque for output in manifest.outputs} == {
        "result.parquet": "",
        "result.csv": "",
        "rendu-courbe.png": "figure",
    }
    seen = job(lab, compute, done["job_id"])
    assert "moyenne " in seen["log_tail"]
    path = f"/jobs/{done['job_id']}/result"
    figure = lab.call(compute, "GET", path, fields={"name": "rendu-courbe.png"})
    assert figure.data.startswith(b"\x89PNG")
    rows = lab.call(compute, "GET", path, fields={"name": "result.csv"}).data.decode()
    assert rows.splitlines()[1] == "14002;20;2"
    assert job(lab, compute, done["job_id"], member="mbr_other") == 404


@pytest.mark.usefixtures("catalog")
def test_trace_goes_to_the_holder_and_the_line_to_all(lab: Lab, compute: RunningService) -> None:
    """What the event tells could go anywhere: nothing of the data is in it."""
    code = "def run(tables, parameters):\n    raise ValueError(str(tables['homes']['com'][0]))\n"
    failed = lab.wait_for("job_failed", project_id=tried(lab, code))
    assert failed["reason"].startswith("le code s'est arrêté ligne 2 : ValueError")
    assert "1400" not in failed["reason"]
    assert "ValueError: 1400" in job(lab, compute, failed["job_id"])["log_tail"]
