"""Own code that fails on others' restricted data: the reviewer reads it, and nobody else before."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.aggregate import new_id
from tests.integration.compute.lab import HOLDER, Lab, treating
from tests.integration.compute.releases.test_protected_jobs import job, many, protected
from tests.integration.compute.releases.test_releasing import asked, decide
from tests.servers import RunningService

pytest.importorskip("nbclient", reason="make code was not run")

GOOD = "def run(tables, parameters):\n    return tables['homes'].head(30)\n"
BAD = "def run(tables, parameters):\n    raise KeyError(tables['homes']['com'].iloc[0])\n"
FAILED = "Python dit : KeyError: '14118'"
OF_THE_JOB = ("id", "project_id", "queued_at", "started_at")


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, with the sample catalogue and intake."""
    with lab.catalog(), lab.intake(), lab.compute() as service:
        yield service


def treated(lab: Lab, dataset: str, code: str) -> str:
    """The project of a trial that ran that code to its end."""
    project = new_id("prj")
    lab.start(project, dataset, treating(dataset, "python", "homes", output="rendu", code=code))
    lab.wait_for("result_held", project_id=project)
    return project


def plain(job_view: dict[str, Any]) -> dict[str, Any]:
    """The same without what names the job, or says when it began."""
    return {name: override for name, override in job_view.items() if name not in OF_THE_JOB}


def test_failure_is_the_reviewer_s_until_a_decision(lab: Lab, compute: RunningService) -> None:
    """Views are those of code that ended well; who gets the result reads why then."""
    dataset = protected(lab, many(40))
    good, bad = treated(lab, dataset, GOOD), treated(lab, dataset, BAD)
    assert plain(job(lab, compute, bad)) == plain(job(lab, compute, good))
    failed, ended = (job(lab, compute, job_id)["id"] for job_id in (bad, good))
    assert FAILED in asked(lab, compute, f"/release-requests/{failed}")["release"]["failure"]
    assert asked(lab, compute, f"/release-requests/{ended}")["release"]["failure"] == ""
    path = f"/jobs/{failed}/result?name=journal.txt"
    assert lab.call(compute, "GET", path, HOLDER).status == 409
    version = asked(lab, compute, f"/release-requests/{failed}")["version"]
    assert decide(lab, compute, failed, version=version)[0] == 200
    assert FAILED in lab.call(compute, "GET", path, HOLDER).data.decode()


def test_refused_failure_stays_untold(lab: Lab, compute: RunningService) -> None:
    """The holder reads the reviewer's words, and nothing else."""
    project = treated(lab, protected(lab, many(41)), BAD)
    failed = job(lab, compute, project)["id"]
    version = asked(lab, compute, f"/release-requests/{failed}")["version"]
    fields = {"decision": "refuse", "reason": "Relisez votre code.", "version": version}
    assert decide(lab, compute, failed, **fields)[0] == 200
    answers = [
        lab.call(compute, "GET", f"/jobs/{failed}{part}", HOLDER).data.decode()
        for part in ("", "/events", "/result", "/result?name=journal.txt")
    ]
    assert "Relisez votre code." in answers[0]
    assert not [answer for answer in answers if "KeyError" in answer or "14118" in answer]


def test_query_that_takes_all_memory_is_held_like_any(lab: Lab, compute: RunningService) -> None:
    """The sandbox ends it: its holder does not read that, and the reviewer reads why."""
    dataset, project = protected(lab, many(44)), new_id("prj")
    code = "def run(tables, parameters):\n    return [bytes(10**9) for _ in range(99)]\n"
    lab.start(project, dataset, treating(dataset, "python", "homes", output="rendu", code=code))
    held = lab.wait_for("result_held", project_id=project)
    assert job(lab, compute, project)["state"] == "held"
    assert asked(lab, compute, f"/release-requests/{held['job_id']}")["release"]["failure"]
