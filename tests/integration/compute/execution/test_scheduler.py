"""Jobs that outlive crashes, stops, silence and other workers, and end once."""

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
    crossing,
    freeze,
    runners,
    summing,
)
from tests.servers import Documents, Process, RunningService, eventually

LEASE = "1.5"


def test_job_of_a_killed_process_is_done_once_after_the_restart(lab: Lab) -> None:
    """`kill -9` in the middle of a job: its sandbox dies too, and the job is taken over."""
    with lab.bare_compute(job_lease_seconds=LEASE) as service:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(service)
        service.kill()
        eventually(lambda: not child.is_running(), what="the sandbox died with the service")
        service.start()
        done = lab.wait_for("job_succeeded", dataset_id=dataset)
        attempts = [event["attempt"] for event in lab.events("job_started", dataset_id=dataset)]
        assert attempts == [1, 2]
        assert len(lab.events("job_succeeded", job_id=done["job_id"])) == 1
        assert lab.events("job_failed", job_id=done["job_id"]) == []
        eventually(lambda: not list(lab.work.iterdir()), what="no folder is left behind")


def metrics_text(service: RunningService) -> str:
    """What a process tells Prometheus."""
    return urllib3.request("GET", f"{service.url}/metrics").data.decode()


def test_only_a_job_that_ends_its_service_again_and_again_is_given_up(lab: Lab) -> None:
    """Five deaths of the service give nothing up; alone in it at each of five more, the job is.

    It waits for an operator then, says so, and is done once it is retried.
    """
    with lab.bare_compute(job_lease_seconds="0.5") as service:
        dataset = lab.register(HOMES).dataset_id
        for death in range(SUSPECT_LOSSES + MAX_LOSSES):
            freeze(service)
            assert len(lab.events("job_given_up")) == 0, death
            service.kill()
            service.start()
        given_up = lab.wait_for("job_given_up", dataset_id=dataset)
        assert f"s'est arrêté {MAX_LOSSES} fois" in given_up["reason"]
        eventually(
            lambda: 'state="given_up"} 1.0' in metrics_text(service),
            what="the alert's metric tells it",
        )
        assert 'datalab_jobs_lost_total{kind="ingest",service="compute"} 1.0' in metrics_text(
            service
        )
        path = f"/jobs/{given_up['job_id']}"
        assert lab.call(service, "GET", path, OWNER, "owner").json()["state"] == "given_up"
        assert lab.call(service, "POST", f"{path}/retry", OWNER, "owner").status == 403
        again = lab.call(service, "POST", f"{path}/retry", "mbr_staff", "operator")
        assert (again.status, again.json()["state"]) == (200, "queued")
        lab.wait_for("job_succeeded", dataset_id=dataset)
        assert lab.call(service, "POST", f"{path}/retry", "mbr_staff", "operator").status == 409


def test_job_under_which_processes_died_runs_beside_no_other(lab: Lab) -> None:
    """Neither is anything begun beside it, nor is it begun beside anything."""
    with lab.bare_compute() as service:
        read = lab.wait_for("job_succeeded", dataset_id=lab.register(HOMES).dataset_id)["job_id"]
    with lab.store("compute") as store:
        about = store.of(Job).get(read).model_dump(include={"kind", "source"})
        jobs = [
            Job(
                id=new_id("job"),
                queued_at=now(),
                losses=losses,
                owner_id=owner_id,
                lane=owner_id,
                **about,
            )
            for owner_id, losses in zip("abcd", (SUSPECT_LOSSES, 0) * 2, strict=True)
        ]
        for job in jobs:
            store.of(Job).save(job)
    with lab.bare_compute(job_slots="2") as service:
        child = freeze(service)
        eventually(lambda: lab.events("job_started", job_id=jobs[0].id))
        child.resume()
        for job in jobs:
            lab.wait_for("job_succeeded", job_id=job.id)
    times = {
        (envelope["type"], envelope["data"].get("job_id")): envelope["time"]
        for envelope in lab.envelopes()
    }
    began = {job.id: times["job_started", job.id] for job in jobs}
    for job in jobs[::2]:
        ended = times["job_succeeded", job.id]
        assert [job_id for job_id in began if began[job.id] <= began[job_id] < ended] == [job.id]


def test_job_that_runs_alone_keeps_others_waiting_for_a_while_only(lab: Lab) -> None:
    """One that takes its time, or never ends, is not what everybody's uploads wait for."""
    with lab.bare_compute() as service:
        read = lab.wait_for("job_succeeded", dataset_id=lab.register(HOMES).dataset_id)["job_id"]
    with lab.store("compute") as store:
        about = store.of(Job).get(read).model_dump(include={"kind", "source"})
        lane = {"owner_id": "a", "lane": "a"}
        suspect = Job(id=new_id("job"), queued_at=now(), losses=SUSPECT_LOSSES, **lane, **about)
        store.of(Job).save(suspect)
    with lab.bare_compute(job_slots="2", job_lease_seconds=LEASE) as service:
        child = freeze(service)
        quick = lab.register(HOMES, owner="mbr_other").dataset_id
        lab.wait_for("job_succeeded", dataset_id=quick)
        assert lab.events("job_succeeded", job_id=suspect.id) == []
        child.resume()
        lab.wait_for("job_succeeded", job_id=suspect.id)


def test_job_in_hand_goes_back_to_the_queue_when_the_service_stops(lab: Lab) -> None:
    """SIGTERM gives the job back at once, without waiting for the lease to end."""
    with lab.bare_compute(job_lease_seconds="600") as service:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(service)
        assert service.stop() == 0
        assert not child.is_running()
        service.start()
        lab.wait_for("job_succeeded", dataset_id=dataset)
        assert len(lab.events("job_started", dataset_id=dataset)) == 2
        assert len(lab.events("job_succeeded", dataset_id=dataset)) == 1


def test_two_workers_share_the_queue_and_no_job(lab: Lab) -> None:
    """Every job is started once and ends once, whichever process took it."""
    with lab.bare_compute() as first, lab.bare_compute() as second:
        datasets = [lab.register(HOMES).dataset_id for _ in range(4)]
        for dataset in datasets:
            lab.wait_for("job_succeeded", dataset_id=dataset)
        for topic in ("job_queued", "job_started", "job_succeeded"):
            assert [len(lab.events(topic, dataset_id=dataset)) for dataset in datasets] == [1] * 4
        assert all("a job's run ended" in service.log() for service in (first, second))


def test_long_job_leaves_the_other_slot_free(lab: Lab) -> None:
    """A process with two slots does a second job while the first takes its time."""
    with lab.bare_compute(job_slots="2") as service:
        slow = lab.register(HOMES).dataset_id
        child = freeze(service)
        quick = lab.register(HOMES, owner="mbr_other").dataset_id
        lab.wait_for("job_succeeded", dataset_id=quick)
        assert lab.events("job_succeeded", dataset_id=slow) == []
        child.resume()
        lab.wait_for("job_succeeded", dataset_id=slow)


def test_worker_that_went_silent_ends_nothing_any_more(lab: Lab) -> None:
    """A process frozen beyond its lease finds, awake again, that its job was done by another."""
    with lab.bare_compute(job_lease_seconds=LEASE) as silent:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(silent)
        psutil.Process(silent.pid).suspend()
        with lab.bare_compute(job_lease_seconds=LEASE):
            done = lab.wait_for("job_succeeded", dataset_id=dataset)
        child.resume()
        psutil.Process(silent.pid).resume()
        eventually(lambda: "a job was taken over" in silent.log(), what="the late run ends")
        assert runners(silent) == []
        later = lab.register(HOMES).dataset_id
        lab.wait_for("job_succeeded", dataset_id=later)
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


def test_running_job_is_cancelled_within_seconds(lab: Lab) -> None:
    """A cancellation stops the sandbox and ends the job as cancelled."""
    with lab.bare_compute() as service:
        dataset = lab.register(HOMES).dataset_id
        child = freeze(service)
        job = lab.wait_for("job_started", dataset_id=dataset)["job_id"]
        answer = lab.call(service, "POST", f"/jobs/{job}/cancel", OWNER, "owner")
        assert answer.status == 200
        lab.wait_for("job_cancelled", seconds=8, job_id=job)
        assert not child.is_running()
        assert lab.call(service, "POST", f"/jobs/{job}/cancel", OWNER, "owner").status == 200
        assert len(lab.events("job_cancelled", job_id=job)) == 1


def test_withdrawal_cancels_what_runs_and_what_waits(lab: Lab) -> None:
    """A project that ends takes its jobs along."""
    with lab.catalog(), lab.bare_compute() as service:
        project = lab.started()
        child = freeze(service)
        lab.staff(project)
        lab.wait_for("job_queued", project_id=project, kind="full")
        lab.withdraw(project)
        for kind in ("full", "trial"):
            lab.wait_for("job_cancelled", project_id=project, kind=kind)
        assert not child.is_running()
        assert lab.events("job_succeeded", project_id=project) == []


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
        with lab.catalog():
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


def test_jobs_wait_while_the_disk_is_full(lab: Lab, tmp_path: Path) -> None:
    """Files and treatments are not to blame: they say what they wait for, and are done later."""
    with lab.catalog():
        with lab.bare_compute():
            dataset, project = lab.homes(), new_id("prj")
        cramped = CrampedService(lab.environ, tmp_path)
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


def test_project_without_quota_computes_no_more(lab: Lab) -> None:
    """Once the workspace's seconds are used up, the next job fails with that reason."""
    with lab.catalog(), lab.bare_compute(workspace_seconds="1") as service:
        project = lab.started()
        freeze(service)
        assert "quota" in lab.wait_for("job_failed", project_id=project, kind="trial")["reason"]
        lab.staff(project)
        assert "quota" in lab.wait_for("job_failed", project_id=project, kind="full")["reason"]
        assert len(lab.events("job_started", project_id=project)) == 1


def test_trial_warns_of_a_full_job_that_will_be_refused(lab: Lab) -> None:
    """The crossing's size stands with the trial's result, and is the reason of the full job's."""
    with lab.catalog(), lab.bare_compute(crossing_rows="100000") as service:
        dataset, project = lab.homes(), new_id("prj")
        lab.grant(project, dataset)
        lab.secure(project)
        lab.equip(project, crossing(dataset))
        tried = lab.wait_for("job_succeeded", project_id=project, kind="trial")
        assert tried["warning"].startswith("Le calcul complet sera refusé : croisement « result »")
        seen = lab.call(service, "GET", f"/jobs/{tried['job_id']}").json()
        assert seen["warning"] == tried["warning"]
        lab.staff(project)
        reason = lab.wait_for("job_failed", project_id=project, kind="full")["reason"]
        assert f"Le calcul complet sera refusé : {reason}." == tried["warning"]
