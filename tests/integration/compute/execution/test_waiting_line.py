"""What holders read of their place in the queue, and that it is the scheduler's order."""

import time

import pytest

from services.compute.execution.fair_queue import Turns
from services.compute.execution.waiting_line import LANE_DEPTH, WaitingLine, first_due
from services.compute.jobs.model import Job
from shared.aggregate import new_id, now
from shared.store import Store
from tests.integration.compute.lab import HOLDER, HOMES, Lab, endless, freeze
from tests.servers import eventually


def queued(store: Store, owner: str, project: str, **about: object) -> Job:
    """A job of a project that waits for its turn."""
    fields = {"id": new_id("job"), "kind": "trial", "queued_at": now(), "owner_id": owner}
    fields |= {"project_id": project, "lane": project, "title": project, **about}
    return store.of(Job).save(Job.model_validate(fields))


def place(store: Store, job: Job, turns: Turns | None = None) -> str:
    """What the job's owner reads."""
    return WaitingLine(store.of(Job), turns or Turns()).sentence(job, is_own=True)


def test_told_order_is_the_one_in_which_the_scheduler_takes_the_jobs(store: Store) -> None:
    """With one member's projects of many and few jobs, one of which computed much lately."""
    jobs = store.of(Job)
    for project in ("prj_a", "prj_b", "prj_a", "prj_a", "prj_c", "prj_b"):
        queued(store, "mbr_1", project)
    turns = Turns()
    turns.charge(jobs.find()[0], 500.0, time.monotonic())
    waiting = jobs.find({"state": "queued"})
    line = WaitingLine(jobs, turns)
    told = sorted(waiting, key=lambda job: len(line.place(job).jobs_before))
    taken = list[str]()
    while due := first_due(jobs, now()):
        job = turns.next(due, jobs.find({"state": "running"}), time.monotonic())
        assert job is not None
        taken.append(job.id)
        jobs.change(job.id, lambda begun: begun.__dict__.update(state="running"))
    assert [job.id for job in told] == taken


def test_deep_lane_is_told_to_be_long_and_hides_no_other(store: Store) -> None:
    """A single job of another project is second to a queue of any length."""
    for _ in range(LANE_DEPTH + 5):
        last = queued(store, "mbr_1", "prj_flood")
    single = queued(store, "mbr_1", "prj_single")
    assert place(store, last) == f"plus de {LANE_DEPTH} de vos traitements d'abord"
    assert place(store, single).startswith("2ᵉ de votre file : 1 de vos traitements d'abord")


@pytest.mark.parametrize("state", ["running", "queued"])
def test_protected_job_is_not_seen_in_the_place_of_others(store: Store, state: str) -> None:
    """Whether it runs, waits again or ended: its holder's other job reads the same."""
    job = queued(store, "mbr_1", "prj_open")
    before = place(store, job)
    held = queued(store, "mbr_1", "prj_held", is_protected=True, state=state, attempt=1)
    other = queued(store, "mbr_2", "prj_held2", is_protected=True, state=state, attempt=1)
    assert place(store, job) == before
    assert place(store, held) == place(store, other) == ""


def test_job_that_waits_for_more_than_its_turn_says_so_by_its_message_alone(store: Store) -> None:
    """It has no place before it is due."""
    job = queued(store, "mbr_1", "prj_1", not_before=now().replace(year=2100))
    assert place(store, job) == ""


@pytest.mark.usefixtures("catalog")
def test_holder_reads_the_place_by_http_and_its_team_less(lab: Lab) -> None:
    """One upload of somebody else waits, too, while the holder's trial holds the slot."""
    with lab.bare_compute(job_slots="1") as service:
        dataset = lab.homes()
        projects = [new_id("prj") for _ in range(2)]
        lab.start(projects[0], dataset, endless(dataset))
        lab.wait_for("job_queued", project_id=projects[0])
        freeze(service)
        lab.start(projects[1], dataset)
        lab.wait_for("job_queued", project_id=projects[1])
        job_id = lab.wait_for("job_queued", project_id=projects[1])["job_id"]
        lab.register(HOMES)

        def read() -> str:
            job = lab.call(service, "GET", f"/jobs/{job_id}").json()
            listed = lab.call(service, "GET", f"/jobs?project_id={projects[1]}").json()
            assert job["queue_place"] == listed["items"][0]["queue_place"]
            return str(job["queue_place"])

        sentence = (
            "prochain de votre file ; 1 autre membre attend aussi, chacun son tour"
            " ; 1 traitement en cours, le vôtre"
        )
        eventually(lambda: read() == sentence, "the place is told")
        by_staff = lab.call(service, "GET", f"/jobs/{job_id}", "mbr_s", "operator").json()[
            "queue_place"
        ]
        assert by_staff == sentence.replace("votre file", "la file de ce membre").replace(
            "le vôtre", "de ce membre"
        )
        lab.call(service, "POST", f"/jobs/{job_id}/cancel", HOLDER)
        assert lab.call(service, "GET", f"/jobs/{job_id}").json()["queue_place"] == ""
