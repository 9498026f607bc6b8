"""Jobs that outlive crashes, stops, silence and other workers, and end once."""

from datetime import datetime
from pathlib import Path

import psutil
import pytest
import urllib3

from services.compute.jobs.model import MAX_LOSSES, SUSPECT_LOSSES, Job
from shared.aggregate import new_id, now
from tests.integration.compute.lab import (
    COMPUTE,
    HOMES,
    OWNER,
    CrampedService,
    Lab,
    freeze,
    runners,
    summing,
)
from tests.servers import Documents, Process, RunningService, eventually

LEASE = "1.5"


def test_job_of_a_process_that_ended_is_done_once_after_the_restart(lab: Lab) -> None:
    """`kill -9` in the middle of a job: its sandbox dies too, and the job is taken over.

    SIGTERM gives it back at once, without waiting for the lease to end.
    """
    with lab.bare_compute(job_lease_seconds=LEASE) as service:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(service)
        service.kill()
        eventually(lambda: not child.is_running(), what="the sandbox died with the service")
        service.environ["DATALAB_JOB_LEASE_SECONDS"] = "600"
        service.start()
        child = freeze(service)
        assert service.stop() == 0
        assert not child.is_running()
        service.start()
        done = lab.wait_for("job_succeeded", dataset_id=dataset)
        attempts = [event["attempt"] for event in lab.events("job_started", dataset_id=dataset)]
        assert attempts == [1, 2, 3]
        assert len(lab.events("job_succeeded", job_id=done["job_id"])) == 1
        assert lab.events("job_failed", job_id=done["job_id"]) == []
        eventually(lambda: not list(lab.work.iterdir()), what="no folder is left behind")


def metrics_text(service: RunningService) -> str:
    """What a process tells Prometheus."""
    return urllib3.request("GET", f"{service.url}/metrics").data.decode()


def test_job_that_ends_its_service_again_and_again_is_given_up(lab: Lab) -> None:
    """Not for a death that others may have caused, but for its last one, alone in the service.

    It waits for an operator then, says so, and is done once it is retried.
    """
    with lab.bare_compute(job_lease_seconds="0.5") as service, lab.store() as store:
        dataset = lab.register(HOMES).dataset_id
        freeze(service)
        service.kill()
        job_id = lab.wait_for("job_started", dataset_id=dataset)["job_id"]
        counts = {"losses": SUSPECT_LOSSES, "own_losses": MAX_LOSSES - 1}
        store.of(Job).change(job_id, lambda job: job.__dict__.update(counts))
        service.start()
        freeze(service)
        job = store.of(Job).get(job_id)
        assert (job.losses, job.own_losses) == (SUSPECT_LOSSES + 1, MAX_LOSSES - 1)
        assert lab.events("job_given_up") == []
        service.kill()
        service.start()
        given_up = lab.wait_for("job_given_up", dataset_id=dataset)
        assert f"s'est arrêté {MAX_LOSSES} fois" in given_up["reason"]
        eventually(
            lambda: 'state="given_up"} 1.0' in metrics_text(service),
            what="the alert's metric tells it",
        )
        lost = 'datalab_jobs_lost_total{kind="ingest",service="compute"} 1.0'
        assert lost in metrics_text(service)
        retry_given_up(lab, service, f"/jobs/{job_id}")
        lab.wait_for("job_succeeded", dataset_id=dataset)


def retry_given_up(lab: Lab, service: RunningService, path: str) -> None:
    """Retry a job as an operator: its owner may not, and nobody twice."""
    assert lab.call(service, "GET", path, OWNER, "owner").json()["state"] == "given_up"
    answers = [
        lab.call(service, "POST", f"{path}/retry", *member)
        for member in ((OWNER, "owner"), ("mbr_staff", "operator"), ("mbr_staff", "operator"))
    ]
    assert [answer.status for answer in answers] == [403, 200, 409]
    assert answers[1].json()["state"] == "queued"


def queued(lab: Lab, owner: str, losses: int) -> str:
    """The id of a job that waits to take in the homes, under which processes died so often."""
    source = lab.files.put([HOMES], "text/csv")
    job = Job(
        id=new_id("job"),
        kind="ingest",
        owner_id=owner,
        lane=owner,
        queued_at=now(),
        source=source,
        losses=losses,
    )
    with lab.store() as store:
        return store.of(Job).save(job).id


def test_job_under_which_processes_died_runs_alone_for_a_while(lab: Lab) -> None:
    """Nothing is begun beside it until it takes its time, nor is it begun beside anything.

    One that never ends is not what everybody's uploads wait for.
    """
    first, quick, last = (
        queued(lab, owner, losses) for owner, losses in zip("abc", (2, 0, 2), strict=True)
    )
    with lab.bare_compute(job_slots="2", job_lease_seconds=LEASE) as service:
        child = freeze(service)
        lab.wait_for("job_succeeded", job_id=quick)
        assert lab.events("job_succeeded", job_id=first) == []
        child.resume()
        lab.wait_for("job_succeeded", job_id=last)
    times = {
        (event["type"], event["data"].get("job_id")): datetime.fromisoformat(event["time"])
        for event in lab.envelopes()
    }
    waited = times["job_started", quick] - times["job_started", first]
    assert waited.total_seconds() > 2 * float(LEASE)
    ends = [times["job_succeeded", job] for job in (first, quick)]
    assert times["job_started", last] > max(ends)


def test_worker_that_went_silent_ends_nothing_any_more(lab: Lab) -> None:
    """A process frozen beyond its lease finds, awake again, that its job was done by another.

    Then both share the queue, and no job.
    """
    lease = {"job_lease_seconds": LEASE, "job_slots": "1"}
    with lab.bare_compute(**lease) as silent:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(silent)
        psutil.Process(silent.pid).suspend()
        with lab.bare_compute(**lease) as other:
            done = lab.wait_for("job_succeeded", dataset_id=dataset)
            child.resume()
            psutil.Process(silent.pid).resume()
            eventually(lambda: "a job was taken over" in silent.log(), what="the late run ends")
            assert runners(silent) == []
            later = [lab.register(HOMES, owner=owner).dataset_id for owner in "ab"]
            for dataset_id in later:
                lab.wait_for("job_succeeded", dataset_id=dataset_id)
            for topic in ("job_queued", "job_started", "job_succeeded"):
                assert [len(lab.events(topic, dataset_id=id_)) for id_ in later] == [1, 1]
            assert all("a job's run ended" in service.log() for service in (silent, other))
        assert len(lab.events("job_succeeded", job_id=done["job_id"])) == 1
        assert lab.events("job_failed", job_id=done["job_id"]) == []


def test_job_outlives_the_document_server(lab: Lab, document_server: Documents) -> None:
    """A run goes on while nothing can be written, and ends once when it can be again."""
    with lab.bare_compute(job_lease_seconds=LEASE) as service:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(service)
        job = lab.wait_for("job_started", dataset_id=dataset)["job_id"]
        document_server.kill()
        try:
            eventually(lambda: "a lease could not be renewed" in service.log())
            child.resume()
            eventually(lambda: "a job's end could not be saved" in service.log())
        finally:
            document_server.start()
        lab.wait_for("job_succeeded", job_id=job)
        assert len(lab.events("job_started", job_id=job)) == 1


def test_service_that_cannot_confine_runs_no_job_and_says_why(lab: Lab, tmp_path: Path) -> None:
    """Without bubblewrap the service is not ready, keeps the jobs, and tells what is missing."""
    service = RunningService(COMPUTE, {**lab.environ, "PATH": str(tmp_path)}, tmp_path)
    Process.start(service)
    try:
        eventually(lambda: "bwrap is not installed" in service.log(), what="the sentence")
        assert service.log().count("no job can run here") == 1
        dataset = lab.register(HOMES).dataset_id
        lab.wait_for("job_queued", dataset_id=dataset)
        assert "bwrap is not installed" in service.red()["sandbox"]
    finally:
        service.stop()
    with lab.bare_compute():
        lab.wait_for("job_succeeded", dataset_id=dataset)


def test_running_job_leaves_the_other_slot_free_and_is_cancelled_within_seconds(lab: Lab) -> None:
    """A second job is done meanwhile; a cancellation stops the sandbox and ends the job once."""
    with lab.bare_compute(job_slots="2") as service:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(service)
        job = lab.wait_for("job_started", dataset_id=dataset)["job_id"]
        quick = lab.register(HOMES, owner="mbr_other").dataset_id
        lab.wait_for("job_succeeded", dataset_id=quick)
        assert lab.events("job_succeeded", dataset_id=dataset) == []
        answer = lab.call(service, "POST", f"/jobs/{job}/cancel", OWNER, "owner")
        assert answer.status == 200
        lab.wait_for("job_cancelled", job_id=job)
        assert not child.is_running()
        assert lab.call(service, "POST", f"/jobs/{job}/cancel", OWNER, "owner").status == 200
        assert len(lab.events("job_cancelled", job_id=job)) == 1


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [("job_memory_bytes", "50000000", "mémoire"), ("job_seconds", "0.2", "secondes")],
)
def test_job_beyond_its_limits_fails_with_a_reason(
    lab: Lab, setting: str, value: str, word: str
) -> None:
    """Too much memory or time ends as a failed job that says so."""
    with lab.bare_compute(**{setting: value}):
        dataset = lab.register(HOMES).dataset_id
        assert word in lab.wait_for("job_failed", dataset_id=dataset)["reason"]


def test_job_waits_for_the_catalogue(lab: Lab) -> None:
    """With the catalogue away the job goes back to the queue and says why, then it is done."""
    with lab.bare_compute(rpc_seconds="0.5") as service:
        dataset, project = lab.homes(), new_id("prj")
        lab.grant(project, dataset)
        lab.secure(project)
        lab.equip(project, summing(dataset))
        job = lab.wait_for("job_queued", project_id=project)["job_id"]

        def is_waiting() -> bool:
            seen = lab.call(service, "GET", f"/jobs/{job}").json()
            return seen["state"] == "queued" and "« homes »" in seen["message"]

        eventually(is_waiting, what="the job says what it waits for")
        assert lab.events("job_started", job_id=job) == []
        with lab.catalog():
            lab.wait_for("job_succeeded", job_id=job)
        assert len(lab.events("job_started", job_id=job)) == 1


@pytest.mark.usefixtures("catalog")
def test_withdrawal_cancels_what_runs_and_what_waits(lab: Lab) -> None:
    """A project that ends takes its jobs along."""
    with lab.bare_compute() as service:
        project = lab.started()
        child = freeze(service)
        lab.staff(project)
        lab.wait_for("job_queued", project_id=project, kind="full")
        lab.withdraw(project)
        for kind in ("full", "trial"):
            lab.wait_for("job_cancelled", project_id=project, kind=kind)
        assert not child.is_running()
        assert lab.events("job_succeeded", project_id=project) == []


@pytest.mark.usefixtures("catalog")
def test_jobs_wait_while_the_disk_is_full(lab: Lab, tmp_path: Path) -> None:
    """Files and treatments are not to blame: they say what they wait for, and are done later."""
    dataset, project = lab.homes(), new_id("prj")
    cramped = CrampedService({**lab.environ, "DATALAB_JOB_SPARE": "false"}, tmp_path)
    try:
        cramped.start()
        lab.start(project, dataset)
        waiting = {
            lab.wait_for("job_queued", project_id=project)["job_id"],
            lab.wait_for("job_queued", dataset_id=lab.register(HOMES).dataset_id)["job_id"],
        }

        def all_say_why() -> bool:
            seen = [
                lab.call(cramped, "GET", f"/jobs/{job}", "mbr_staff", "operator").json()
                for job in waiting
            ]
            why = "en attente : le disque de la plateforme est presque plein"
            return all((job["state"], job["message"]) == ("queued", why) for job in seen)

        eventually(all_say_why, what="the jobs say what they wait for")
    finally:
        cramped.stop()
    with lab.bare_compute():
        for job in waiting:
            lab.wait_for("job_succeeded", job_id=job)
            assert len(lab.events("job_started", job_id=job)) == 1


@pytest.mark.usefixtures("catalog")
def test_project_without_quota_computes_no_more(lab: Lab) -> None:
    """Once the workspace's seconds are used up, the next job fails with that reason."""
    with lab.bare_compute(workspace_seconds="1") as service:
        project = lab.started()
        freeze(service)
        assert "quota" in lab.wait_for("job_failed", project_id=project, kind="trial")["reason"]
        lab.staff(project)
        assert "quota" in lab.wait_for("job_failed", project_id=project, kind="full")["reason"]
        assert len(lab.events("job_started", project_id=project)) == 1
