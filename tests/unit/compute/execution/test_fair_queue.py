"""Whose job runs next."""

from datetime import UTC, datetime, timedelta

from services.compute.execution.fair_queue import HALF_LIFE, RecentUse, next_job
from services.compute.jobs.model import Job

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_job(lane: str, number: int) -> Job:
    """The lane's job, queued at second `number`."""
    return Job(
        id=f"job_{number}",
        kind="ingest",
        owner_id="mbr_1",
        lane=lane,
        queued_at=NOW + timedelta(seconds=number),
    )


def order(jobs: list[Job], seconds: float) -> list[str]:
    """The lanes in the order they are served by one slot, each job taking `seconds`."""
    recent, served, clock = RecentUse(), [], 0.0
    while jobs:
        used = {job.lane: recent.used(job.lane, clock) for job in jobs}
        job = next_job(jobs, [], used)
        assert job is not None
        jobs.remove(job)
        clock += seconds
        recent.charge(job.lane, seconds, clock)
        served.append(job.lane)
    return served


def test_nothing_due_is_nobodys_turn() -> None:
    """An empty queue gives no job."""
    assert next_job([], [a_job("busy", 1)], {}) is None


def test_oldest_job_of_equals_goes_first() -> None:
    """Between lanes that stand equal, waiting longest decides."""
    chosen = next_job([a_job("b", 2), a_job("a", 1)], [], {})
    assert chosen is not None
    assert chosen.id == "job_1"


def test_lane_with_a_running_job_lets_others_pass() -> None:
    """What runs already counts before what was used."""
    chosen = next_job([a_job("busy", 1), a_job("idle", 2)], [a_job("busy", 0)], {"idle": 500.0})
    assert chosen is not None
    assert chosen.lane == "idle"


def test_single_job_passes_a_long_queue_of_another_lane() -> None:
    """A hundred jobs of one owner delay a project by one job, not by a hundred."""
    jobs = [a_job("flood", number) for number in range(100)] + [a_job("single", 100)]
    assert order(jobs, 10.0).index("single") == 1


def test_two_long_queues_take_turns() -> None:
    """Lanes with equal jobs alternate."""
    jobs = [a_job("a", number) for number in range(4)]
    jobs += [a_job("b", number) for number in range(4, 8)]
    served = order(jobs, 10.0)
    assert [served[:4].count("a"), served[:4].count("b")] == [2, 2]


def test_past_use_fades() -> None:
    """A second used a half-life ago weighs half a second."""
    recent = RecentUse()
    recent.charge("a", 10.0, at=0.0)
    assert recent.used("a", at=HALF_LIFE) == 5.0
    assert recent.used("b", at=HALF_LIFE) == 0.0
