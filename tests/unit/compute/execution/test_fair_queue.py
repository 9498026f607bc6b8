"""Whose job runs next."""

from datetime import UTC, datetime, timedelta

import pytest

from services.compute.execution.fair_queue import (
    HALF_LIFE,
    RecentUse,
    Turns,
    has_slot,
    within_share,
)
from services.compute.jobs.commands import replay_job
from services.compute.jobs.model import Job, after_lane
from shared.events import JobKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_job(member: str, number: int, lane: str = "", kind: JobKind = "ingest") -> Job:
    """The member's job, queued at second `number`, in its only lane unless another is named."""
    return Job(
        id=f"job_{number}",
        kind=kind,
        owner_id=member,
        lane=lane or member,
        queued_at=NOW + timedelta(seconds=number),
    )


def order(jobs: list[Job], seconds: float) -> list[str]:
    """The lanes in the order they are served by one slot, each job taking `seconds`."""
    turns, served, clock = Turns(), [], 0.0
    while jobs:
        job = turns.next(jobs, [], clock)
        assert job is not None
        jobs.remove(job)
        clock += seconds
        turns.charge(job, seconds, clock)
        served.append(job.lane)
    return served


def test_oldest_job_of_equals_goes_first() -> None:
    """Between lanes that stand equal, waiting longest decides."""
    chosen = Turns().next([a_job("b", 2), a_job("a", 1)], [], 0.0)
    assert chosen is not None
    assert chosen.id == "job_1"


def test_single_job_passes_a_long_queue_of_another_member() -> None:
    """A hundred jobs of one owner delay a project by one job, not by a hundred."""
    jobs = [a_job("flood", number) for number in range(100)] + [a_job("single", 100)]
    assert order(jobs, 10.0).index("single") == 1


def test_member_with_many_projects_has_no_more_turns() -> None:
    """Five projects of one member take turns with the one of another as one would."""
    jobs = [a_job("many", number, f"prj_{number}") for number in range(5)]
    jobs += [a_job("one", number, "prj_of_one") for number in range(5, 10)]
    assert order(jobs, 10.0)[:4].count("prj_of_one") == 2


def test_projects_of_a_member_take_turns() -> None:
    """A long queue of one of them does not hold up the other."""
    jobs = [a_job("mbr_1", number, "prj_long") for number in range(9)]
    assert order([*jobs, a_job("mbr_1", 9, "prj_short")], 10.0).index("prj_short") == 1


def test_past_use_fades() -> None:
    """A second used a half-life ago weighs half a second."""
    recent = RecentUse()
    recent.charge("a", 10.0, at=0.0)
    assert recent.used("a", at=HALF_LIFE) == 5.0
    assert recent.used("b", at=HALF_LIFE) == 0.0


def admitted(in_hand: list[Job], slots: int, *asking: Job) -> list[bool]:
    """Whether each of those jobs may begin beside the ones in hand."""
    return [has_slot(job, in_hand, slots) for job in asking]


@pytest.mark.parametrize("slots", [2, 3, 8])
def test_member_leaves_a_slot_to_others(slots: int) -> None:
    """Whatever it runs, somebody else's job may begin at once."""
    in_hand = [a_job("greedy", number) for number in range(slots - 1)]
    assert admitted(in_hand, slots, a_job("greedy", 8), a_job("other", 9)) == [False, True]


def test_full_jobs_leave_a_slot_to_shorter_ones() -> None:
    """Even those of different members: what is uploaded or tried out waits for none of them."""
    in_hand = [a_job(f"mbr_{number}", number, kind="full") for number in range(2)]
    kinds: tuple[JobKind, ...] = ("full", "trial", "ingest", "harvest")
    asking = [a_job("other", 9, kind=kind) for kind in kinds]
    assert admitted(in_hand, 3, *asking) == [False, True, True, True]
    assert admitted(in_hand, 3, replay_job(in_hand[0], "")) == [False]


def test_no_more_begin_than_there_are_slots() -> None:
    """Nobody's job is the one too many."""
    in_hand = [a_job(f"mbr_{number}", number) for number in range(2)]
    assert admitted(in_hand, 2, a_job("other", 9)) == [False]


def test_one_slot_is_anybodys() -> None:
    """A process that has no more keeps none free."""
    assert admitted([], 1, a_job("mbr_1", 1, kind="full")) == [True]
    assert admitted([a_job("mbr_1", 1)], 1, a_job("mbr_2", 2)) == [False]


def test_turns_of_a_lane_stand_together_in_order() -> None:
    """Also beside lanes whose names begin alike; what ended stands nowhere."""
    lanes = ("mbr_1", "mbr_1-a", "mbr_10")
    turns = [a_job(lane, number).turn for lane in lanes for number in (9, 10)]
    assert turns == sorted(turns)
    for lane in lanes:
        of_lane = [turn for turn in turns if turn.startswith(f"{lane} ")]
        beyond = [turn for turn in turns if turn > after_lane(lane)]
        assert turns[turns.index(of_lane[-1]) + 1 :] == beyond
    ended = a_job("mbr_1", 1)
    ended.cancel("annulé")
    assert ended.turn == ""


def test_member_with_its_share_running_waits_and_others_do_not() -> None:
    """In whatever process its jobs run; without a bound nobody waits for itself."""
    running = [a_job("greedy", number) for number in range(2)]
    due = [a_job("greedy", 8), a_job("other", 9)]
    waiting = {most: [job.owner_id for job in within_share(due, running, most)] for most in (2, 3)}
    assert waiting == {2: ["other"], 3: ["greedy", "other"]}
    assert within_share(due, running, 0) == due
