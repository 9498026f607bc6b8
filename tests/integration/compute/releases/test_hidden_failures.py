"""Own code that fails on others' restricted data: the reviewer reads it, and nobody else before."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.aggregate import new_id
from shared.events import JobSucceeded
from tests.integration.compute.lab import HOLDER, Lab, treating
from tests.integration.compute.releases.test_protected_jobs import job, many, protected
from tests.integration.compute.releases.test_releasing import asked, decide
from tests.servers import RunningService

pytest.importorskip("nbclient", reason="make code was not run")

GOOD = "def run(tables, parameters):\n    return tables['homes'].head(30)\n"
BAD = "def run(tables, parameters):\n    raise KeyError(tables['homes']['com'].iloc[0])\n"
FAILED = "Python dit : KeyError: '14118'"
OF_THE_JOB = ("id", "project_id", "queued_at", "started_at", "ended_at", "seconds")


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, with the sample catalogue and intake."""
    with lab.catalog(), lab.intake(), lab.compute() as service:
        yield service


def treated(lab: Lab, dataset: str, code: str) -> tuple[str, dict[str, Any]]:
    """The project of a trial that ran that code, and what its end tells partners."""
    project = new_id("prj")
    lab.start(project, dataset, treating(dataset, "python", "homes", output="rendu", code=code))
    done = lab.wait_for("job_succeeded", project_id=project)
    return project, JobSucceeded.model_validate(done).public.model_dump(mode="json")


def plain(job_view: dict[str, Any]) -> dict[str, Any]:
    """The same without what names the job, or tells its time."""
    return {
        name: override for name, override in job_view.items() if name not in (*OF_THE_JOB, "job_id")
    }


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


def test_refused_failure_stays_untold(lab: Lab, compute: RunningService) -> None:
    """The holder reads the reviewer's words, and nothing else."""
    project, _ = treated(lab, protected(lab, many(41)), BAD)
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
