"""A compute service that tells a server of lineage what its jobs read and made."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from services.compute.jobs.model import Job
from shared.aggregate import new_id
from tests.conftest import RETRIES
from tests.integration.compute.lab import HOLDER, HOMES, OWNER, Lab, endless
from tests.integration.compute.releases.test_protected_jobs import many, protected
from tests.integration.compute.releases.test_releasing import decide
from tests.openlineage import faults
from tests.servers import RunningService, eventually
from tests.web_server import WebServer, answer, serving

PATH, TOKEN = "/api/v1/lineage", "word-of-the-server"


@pytest.fixture(scope="module")
def receiver() -> Iterator[WebServer]:
    """A server of lineage that takes every event."""
    with serving(201) as server:
        yield server


@pytest.fixture(scope="module")
def compute(lab: Lab, receiver: WebServer) -> Iterator[RunningService]:
    """The service under test, with the sample catalogue and intake."""
    settings = {"openlineage_url": receiver.url(PATH), "openlineage_token": TOKEN}
    with lab.catalog(), lab.intake(), lab.bare_compute(**settings) as service:
        yield service
        assert TOKEN not in service.log()


def received(receiver: WebServer, of: str) -> list[dict[str, Any]]:
    """The events that came of a dataset's or a project's jobs."""
    events = [json.loads(call.body) for call in receiver.received]
    return [event for event in events if event["job"]["name"].startswith(of)]


def types(receiver: WebServer, of: str) -> list[str]:
    """Their types, in the order that they came in."""
    return [event["eventType"] for event in received(receiver, of)]


def test_uploads_and_trials_are_told_when_they_end(
    lab: Lab, compute: RunningService, receiver: WebServer
) -> None:
    """Start and end, as OpenLineage writes them; what failed or was cancelled as well."""
    assert compute.alive
    dataset, project = lab.ingest(HOMES), new_id("prj")
    lab.start(project, dataset)
    eventually(lambda: types(receiver, project) == ["START", "COMPLETE"], "a trial")
    eventually(lambda: types(receiver, dataset) == ["START", "COMPLETE"], "an upload")
    broken = lab.register(b"\x00\x01\x02").dataset_id
    eventually(lambda: types(receiver, broken) == ["START", "FAIL"], "an upload that failed")
    cancelled = new_id("prj")
    lab.start(cancelled, dataset, endless(dataset))
    job_id = lab.wait_for("job_started", project_id=cancelled)["job_id"]
    assert lab.call(compute, "POST", f"/jobs/{job_id}/cancel").status == 200
    eventually(lambda: types(receiver, cancelled) == ["START", "ABORT"], "a cancelled trial")
    events = [json.loads(call.body) for call in receiver.calls(PATH)]
    assert [fault for event in events for fault in faults(event)] == []
    assert {call.headers["content-type"] for call in receiver.calls(PATH)} == {"application/json"}
    assert {call.headers["authorization"] for call in receiver.calls(PATH)} == {f"Bearer {TOKEN}"}
    sent = json.dumps(events)
    assert not [word for word in (HOLDER, OWNER, "table.csv", "Logements") if word in sent]
    [read] = received(receiver, project)[0]["inputs"]
    assert (read["name"], read["facets"]["version"]["datasetVersion"]) == (dataset, "1")


def decided(lab: Lab, compute: RunningService, job_id: str, decision: str) -> None:
    """Decide on a held job as it is now."""
    with lab.store() as store:
        version = store.of(Job).get(job_id).version
    assert decide(lab, compute, job_id, decision=decision, version=version)[0] == 200


def test_nothing_is_told_of_others_restricted_data_before_it_is_released(
    lab: Lab, compute: RunningService, receiver: WebServer
) -> None:
    """Not that there is a job: neither of one that waits, nor of those refused or cancelled.

    Of one that is released nobody reads when it ran, but the day.
    """
    released, refused, cancelled = projects = [new_id("prj") for _ in range(3)]
    for project in projects:
        lab.start(project, protected(lab, many(40)))
    held = {
        project: lab.wait_for("result_held", project_id=project)["job_id"] for project in projects
    }
    decided(lab, compute, held[refused], "refuse")
    assert lab.call(compute, "POST", f"/jobs/{held[cancelled]}/cancel").status == 200
    lab.wait_for("job_cancelled", job_id=held[cancelled])
    other = lab.ingest(HOMES)
    eventually(lambda: types(receiver, other) == ["START", "COMPLETE"], "another job")
    eventually(lambda: not lab.queues()["compute.on.job_cancelled"], "no event that waits")
    assert [types(receiver, project) for project in projects] == [[], [], []]
    decided(lab, compute, held[released], "release")
    eventually(lambda: types(receiver, released) == ["START", "COMPLETE"], "the released one")
    start, end = received(receiver, released)
    assert start["eventTime"] == end["eventTime"]
    assert "T00:00:00" in end["eventTime"]
    assert "sha256" not in json.dumps([start["inputs"], end["outputs"]])
    assert [types(receiver, project) for project in (refused, cancelled)] == [[], []]


def completed(receiver: WebServer, since: int) -> set[str]:
    """The names of jobs that are told to have completed, after so many calls."""
    events = [json.loads(call.body) for call in receiver.received[since:]]
    return {event["job"]["name"] for event in events if event["eventType"] == "COMPLETE"}


def retried(compute: RunningService) -> float:
    """How often an event of a job that succeeded was tried again."""
    metrics = urllib3.request("GET", f"{compute.url}/metrics").data.decode()
    labels = 'event="job_succeeded",outcome="retried",service="compute"'
    pattern = rf"^datalab_events_handled_total{{{labels}}} (\S+)$"
    return sum(map(float, re.findall(pattern, metrics, re.MULTILINE)))


def test_server_that_is_away_delays_nothing_and_hears_all_later(
    lab: Lab, compute: RunningService, receiver: WebServer
) -> None:
    """However often it failed: no event is parked, and jobs go on."""
    assert compute.alive
    receiver.answers[PATH] = answer(503)
    datasets = [lab.ingest(HOMES + b"14999;1;%d\n" % number) for number in range(3)]
    tries = len(datasets) * (len(RETRIES) + 1)
    eventually(lambda: retried(compute) > tries, "more attempts than events have")
    assert lab.parked() == 0
    before = len(receiver.received)
    del receiver.answers[PATH]
    waiting = {f"{dataset}.ingest" for dataset in datasets}
    eventually(lambda: waiting <= completed(receiver, before), "what waited")
