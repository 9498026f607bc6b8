"""Jobs that are followed and counted while they run, as real processes."""

import re
from collections.abc import Iterator

import pytest
import urllib3

from tests.integration.compute.execution.streams import events, followed
from tests.integration.compute.lab import HOMES, OWNER, Lab, freeze
from tests.servers import RunningService, eventually


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, whose jobs can be frozen."""
    with lab.bare_compute() as service:
        yield service


def sample(compute: RunningService, name: str) -> str:
    """The value of a metric, or nothing."""
    metrics = urllib3.request("GET", f"{compute.url}/metrics").data.decode()
    matches = re.findall(rf"^{re.escape(name)} (\S+)$", metrics, re.MULTILINE)
    return str(matches[0]) if matches else ""


def test_job_is_followed_to_its_end_and_again_from_where_it_broke(
    lab: Lab, compute: RunningService
) -> None:
    """States, log lines and the end come while it goes on; 204 once all was heard.

    Operators see what runs, and of what ended how much there was and how long it took; jobs that
    ended are many, and no document server is asked again and again how many.
    """
    event = lab.register(HOMES)
    child = freeze(compute)
    job = lab.wait_for("job_started", dataset_id=event.dataset_id)["job_id"]
    running = 'datalab_jobs{service="compute",state="running"}'
    eventually(lambda: sample(compute, running) == "1.0", what="the job is counted while it runs")
    with followed(lab, compute, job) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        coming = events(answer)
        kind, first, data = next(coming)
        assert (kind, data["state"]) == ("state", "running")
        child.resume()
        heard = list(coming)
    assert (heard[-1][0], heard[-1][2]["state"]) == ("end", "succeeded")
    lines = [data["line"] for kind, _, data in heard if kind == "log"]
    assert "fichier lu" in lines[0]
    assert "terminé en" in lines[-1]
    with followed(lab, compute, job, **{"Last-Event-ID": first}) as answer:
        assert [data["line"] for kind, _, data in events(answer) if kind == "log"] == lines
    with followed(lab, compute, job, **{"Last-Event-ID": heard[-1][1]}) as answer:
        assert answer.status == 204
    eventually(lambda: sample(compute, running) == "0.0", what="the job is counted no longer")
    assert sample(compute, 'datalab_jobs{service="compute",state="succeeded"}') == ""
    labels = 'kind="ingest",outcome="succeeded",service="compute"'
    eventually(lambda: sample(compute, f"datalab_job_seconds_count{{{labels}}}"))
    labels = 'event="job_succeeded",outcome="confirmed",service="compute"'
    eventually(lambda: sample(compute, f"datalab_events_published_total{{{labels}}}"))


def test_strangers_follow_nothing_and_one_member_a_few(lab: Lab, compute: RunningService) -> None:
    """404 for who may not see a job, 429 for the eleventh; health and others are answered."""
    event = lab.register(HOMES)
    child = freeze(compute)
    job = lab.wait_for("job_started", dataset_id=event.dataset_id)["job_id"]
    with followed(lab, compute, job, "mbr_other") as answer:
        assert answer.status == 404
    streams = [followed(lab, compute, job) for _ in range(10)]
    opened = [stream.__enter__() for stream in streams]
    try:
        assert {answer.status for answer in opened} == {200}
        with followed(lab, compute, job) as answer:
            assert answer.status == 429
        assert urllib3.request("GET", f"{compute.url}/livez").status == 200
        assert lab.call(compute, "GET", f"/jobs/{job}", OWNER, "owner").status == 200
    finally:
        child.resume()
    ends = [list(events(answer))[-1][0] for answer in opened]
    assert set(ends) == {"end"}
    for stream in streams:
        stream.__exit__(None, None, None)

    def is_free() -> bool:
        with followed(lab, compute, job) as answer:
            return answer.status == 200

    eventually(is_free, what="the streams made way")
