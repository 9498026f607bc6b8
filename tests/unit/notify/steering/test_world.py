"""Whom a project waits for, as its facts tell it."""

from datetime import datetime, timedelta

import pytest

from services.notify.steering.world import waits_of
from shared.events import (
    AccessExpired,
    AccessGranted,
    AccessRefused,
    AccessRequested,
    AccessRevoked,
    CompletionAsked,
    CompletionGiven,
    InvitationDeclined,
    JobCancelled,
    JobGivenUp,
    JobRetried,
    MemberInvited,
    ProjectAdvised,
    ProjectRejected,
    ProjectSubmitted,
    ProjectWithdrawn,
    ResultHeld,
    ResultReleased,
    Treatment,
    TreatmentProposed,
)
from tests.unit.notify.samples import instance_of
from tests.unit.notify.steering.story import OWNER, START, Teller, heard

ACCESS = {"project_id": "prj_1", "dataset_id": "dts_1", "owner_id": OWNER}
JOB = {"job_id": "job_1", "kind": "trial", "project_id": "prj_1"}


def waits(teller: Teller) -> list[tuple[str, str, float | None, float | None]]:
    """For whom the project of these events waited, from which day to which."""
    facts = heard(teller.told)["project.prj_1"].facts
    return [(one.party, one.who, _day(one.since), _day(one.until)) for one in waits_of(facts)]


def _day(at: datetime | None) -> float | None:
    return (at - START) / timedelta(days=1) if at else None


def test_advised_project_waits_for_its_treatment_then_for_the_review_that_questions_halt() -> None:
    """Who has the next word is waited for, one at a time."""
    teller = Teller()
    for cls, day in (
        (ProjectSubmitted, 0),
        (ProjectAdvised, 1),
        (TreatmentProposed, 3),
        (CompletionAsked, 4),
        (CompletionGiven, 9),
        (ProjectRejected, 10),
    ):
        teller.tell(cls, day)
    assert waits(teller) == [
        ("holder", "mem_holder", 1, 3),
        ("reviewer", "", 3, 4),
        ("holder", "mem_holder", 4, 9),
        ("reviewer", "", 9, 10),
    ]


def test_project_waits_for_its_review_at_once_when_it_has_a_treatment() -> None:
    """And for nobody who gave an answer unasked, as for open data."""
    teller = Teller()
    teller.tell(ProjectSubmitted, 0, treatment=instance_of(Treatment))
    teller.tell(ProjectAdvised, 1)
    assert waits(teller) == [("reviewer", "", 1, None)]
    teller = Teller()
    teller.tell(AccessGranted, 0, "acc_1", **ACCESS)
    assert waits(teller) == []


@pytest.mark.parametrize("answer", [AccessGranted, AccessRefused, AccessExpired, AccessRevoked])
def test_one_answer_is_the_word_of_all_who_were_asked(answer: type[AccessGranted]) -> None:
    """The owner and those whose data went into its dataset; another dataset still waits."""
    teller = Teller()
    teller.tell(AccessRequested, 0, "acc_1", **ACCESS)
    teller.tell(AccessRequested, 1, "acc_1", **ACCESS, member_id="mem_source")
    teller.tell(AccessRequested, 2, "acc_2", **{**ACCESS, "dataset_id": "dts_2"})
    teller.tell(answer, 5, "acc_1", **ACCESS)
    assert waits(teller) == [
        ("owner", OWNER, 0, 5),
        ("owner", "mem_source", 1, 5),
        ("owner", OWNER, 2, None),
    ]


def test_end_of_a_project_ends_all_waits_and_none_begins_later() -> None:
    """What is told after its end was under way."""
    teller = Teller()
    teller.tell(MemberInvited, 0, part="team", member_id="mem_a")
    teller.tell(MemberInvited, 0, part="team", member_id="mem_b")
    teller.tell(InvitationDeclined, 1, part="team", member_id="mem_b")
    teller.tell(AccessRequested, 1, "acc_1", **ACCESS)
    teller.tell(ProjectWithdrawn, 7)
    teller.tell(AccessRequested, 8, "acc_2", **{**ACCESS, "dataset_id": "dts_2"})
    teller.tell(JobGivenUp, 8, "job_1", **JOB)
    assert waits(teller) == [
        ("member", "mem_b", 0, 1),
        ("member", "mem_a", 0, 7),
        ("owner", OWNER, 1, 7),
    ]


def test_held_result_waits_for_a_reviewer_and_given_up_job_for_an_operator() -> None:
    """The lab's own staff, of whom nobody is named."""
    teller = Teller()
    teller.tell(ResultHeld, 0, "job_1", **JOB)
    teller.tell(ResultReleased, 2, "job_1", **JOB)
    teller.tell(JobGivenUp, 3, "job_2", **{**JOB, "job_id": "job_2"})
    teller.tell(JobRetried, 4, "job_2", **{**JOB, "job_id": "job_2"})
    teller.tell(ResultHeld, 5, "job_3", **{**JOB, "job_id": "job_3"})
    teller.tell(JobCancelled, 6, "job_3", **{**JOB, "job_id": "job_3"})
    assert waits(teller) == [("reviewer", "", 0, 2), ("operator", "", 3, 4), ("reviewer", "", 5, 6)]
