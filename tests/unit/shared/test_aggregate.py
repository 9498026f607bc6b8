"""An aggregate keeps what happened until it is saved."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from shared.aggregate import HANDLED_KEPT, NEVER, Aggregate, caused_id, new_id, now
from shared.events import ProjectPiloted, ProjectStaffed, WorkspaceOpened

TIME = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Plan(Aggregate):
    """A thing with a list in it."""

    collection = "plans"

    names: list[str] = []


class Room(Aggregate):
    """Another service's thing, which may have a plan's id."""

    collection = "rooms"


class Note(Aggregate):
    """A thing that nothing is told of."""

    collection = "notes"
    has_events: ClassVar[bool] = False


def a_plan(*handled: str, version: int = 0) -> Plan:
    """A plan with two events to tell."""
    plan = Plan(id="prj_1", version=version, handled=list(handled))
    plan.record(ProjectPiloted(project_id="prj_1", holder_id="mbr_1", site_id="mbr_2"))
    plan.record(ProjectStaffed(project_id="prj_1", holder_id="mbr_1", team=("mbr_3",)))
    return plan


def sealed(plan: Plan, because: str | None = None) -> Plan:
    """The plan as its next version is saved."""
    return plan.sealed(time=TIME, traceparent="00-trace", because=because)


def test_sealing_moves_recorded_events_into_the_outbox_in_order() -> None:
    """What happened first is published first."""
    saved = sealed(a_plan())
    assert [event["type"] for event in saved.outbox] == ["project_piloted", "project_staffed"]
    assert saved.recorded() == []


def test_sealing_leaves_the_original_as_it_was() -> None:
    """A conflict drops the copy; the original can be looked at but was never saved."""
    plan = a_plan()
    sealed(plan)
    assert (plan.version, plan.outbox, len(plan.recorded())) == (0, [], 2)


def test_events_carry_the_version_they_were_saved_with() -> None:
    """A listener orders the events of one subject by it."""
    saved = sealed(a_plan(version=4))
    assert (saved.version, [event["sequence"] for event in saved.outbox]) == (5, [5, 5])


def test_unpublished_events_of_earlier_versions_stay() -> None:
    """A second save before the first was published loses nothing."""
    once = sealed(a_plan())
    once.record(WorkspaceOpened(project_id="prj_1", quota_seconds=60))
    twice = sealed(once)
    assert [event["sequence"] for event in twice.outbox] == [1, 1, 2]


def test_event_ids_of_two_services_documents_with_one_id_differ() -> None:
    """A project here and its workspace there share an id, never an event's."""
    room = Room(id="prj_1")
    room.record(WorkspaceOpened(project_id="prj_1", quota_seconds=60))
    other = room.sealed(time=TIME, traceparent="00-trace", because=None)
    assert {event["id"] for event in other.outbox}.isdisjoint(
        event["id"] for event in sealed(a_plan()).outbox
    )


def test_handled_event_is_remembered() -> None:
    """The next delivery of the same event finds its id."""
    saved = sealed(a_plan(), because="evt_1")
    assert (saved.has_handled("evt_1"), saved.has_handled("evt_2")) == (True, False)


def test_only_the_latest_handled_ids_are_kept() -> None:
    """A document does not grow with its age."""
    saved = sealed(a_plan(*(f"evt_{n}" for n in range(HANDLED_KEPT))), because="evt_new")
    assert len(saved.handled) == HANDLED_KEPT
    assert (saved.has_handled("evt_new"), saved.has_handled("evt_0")) == (True, False)


def test_new_ids_name_their_kind_and_differ() -> None:
    """A prefix for people, a ULID for uniqueness and order."""
    ids = {new_id("prj") for _ in range(1000)}
    assert len(ids) == 1000
    assert all(identifier.startswith("prj_") and len(identifier) == 30 for identifier in ids)


def test_now_is_utc_in_whole_milliseconds() -> None:
    """A document gives back the very time that was put in."""
    time = now()
    assert time.utcoffset() == timedelta(0)
    assert time.microsecond % 1000 == 0
    assert time < NEVER


def test_same_cause_makes_the_same_id() -> None:
    """A redelivered event finds what it made; another cause or kind of thing makes another."""
    job_id = caused_id("job", "project_staffed-prj_1-7-0", TIME)
    assert job_id == caused_id("job", "project_staffed-prj_1-7-0", TIME)
    others = {
        caused_id("job", "project_staffed-prj_1-7-1", TIME),
        caused_id("job", "project_staffed-prj_1-7-0"),
        caused_id("dts", "project_staffed-prj_1-7-0", TIME).replace("dts", "job"),
    }
    assert len(others | {job_id}) == 4


def test_caused_ids_sort_by_the_time_of_their_cause() -> None:
    """Later causes have greater ids, whatever they are called."""
    times = [TIME + timedelta(milliseconds=number) for number in range(50)]
    ids = [caused_id("job", f"event {number}", time) for number, time in enumerate(times)]
    assert ids == sorted(ids)


def test_what_says_that_it_has_no_events_records_none() -> None:
    """The relay would not look for one that a crash left behind."""
    event = ProjectPiloted(project_id="prj_1", holder_id="mbr_1", site_id="mbr_2")
    with pytest.raises(TypeError, match="Note"):
        Note(id="note_1").record(event)
