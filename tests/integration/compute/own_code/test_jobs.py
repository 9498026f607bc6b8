"""Own code as a project's job: what its holder gets, and what is told to everybody."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from matplotlib import image

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


PIXELS = """
import pandas as pd
from matplotlib import image

def run(tables, parameters):
    sizes = [(name, image.imread(path).size) for name, path in tables["photos"].items()]
    return pd.DataFrame(sizes, columns=["photo", "valeurs"])
"""


def photos() -> bytes:
    """An archive of two pictures."""
    archive, picture = BytesIO(), BytesIO()
    image.imsave(picture, np.zeros((2, 5, 3)), format="png")
    with ZipFile(archive, "w") as packed:
        for name in ("2024/arrêt.png", "gare.png"):
            packed.writestr(name, picture.getvalue())
    return archive.getvalue()


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


@pytest.mark.usefixtures("catalog")
def test_files_are_listed_when_they_come_and_read_by_code(
    lab: Lab, compute: RunningService
) -> None:
    """From the upload to pixels; the manifest names the archive by its hash and version."""
    event = lab.register(photos(), "photos.zip", read_as="files")
    read = lab.manifest(lab.wait_for("job_succeeded", dataset_id=event.dataset_id))
    listing = read.output("files.jsonl")
    assert listing
    listed = [json.loads(line) for line in lab.files.read(listing).splitlines()]
    assert [(document["name"], document["width"]) for document in listed] == [
        ("2024/arrêt.png", 5),
        ("gare.png", 5),
    ]
    lab.shelve(event.dataset_id, event.file, "photos.zip")
    project = new_id("prj")
    lab.grant(project, event.dataset_id)
    lab.secure(project)
    lab.equip(project, treating(event.dataset_id, "python", "photos", code=PIXELS))
    done = lab.wait_for("job_succeeded", project_id=project)
    path = f"/jobs/{done['job_id']}/result"
    rows = lab.call(compute, "GET", path, fields={"name": "result.csv"}).data.decode()
    assert rows.splitlines() == ["photo;valeurs", "2024/arrêt.png;40", "gare.png;40"]
    [job_input] = lab.manifest(done).inputs
    assert (job_input.version, job_input.sha256) == (1, event.file.sha256)
