"""The order of a timeline, and who is concerned by which event."""

from datetime import timedelta, timezone

import pytest

from services.notify.timeline import TimelineEntry, members_of, ownership_of, things_of
from shared.events import (
    AccessReminded,
    AccessRequested,
    DatasetRegistered,
    DeliveryAbandoned,
    Event,
    InputsChecked,
    JobQueued,
    JobSucceeded,
    JoinsDiscovered,
    MemberJoined,
    ProjectSubmitted,
    WorkshopAnnounced,
)
from tests.unit.notify.samples import (
    DATASET,
    EVENTS,
    HOLDER,
    OWNER,
    PROJECT,
    TIME,
    envelope,
    example,
    instance_of,
)


def test_entries_sort_by_time_then_sequence() -> None:
    """Ids put a timeline in order, whatever order its events came in."""
    early = TimelineEntry.of(envelope(example(ProjectSubmitted), sequence=10, time=TIME), "", "")
    same = TimelineEntry.of(envelope(example(ProjectSubmitted), sequence=9, time=TIME), "", "")
    zone = (TIME + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-5)))
    late = TimelineEntry.of(envelope(example(JobQueued), sequence=1, time=zone), "", "")
    assert sorted([late, early, same], key=lambda entry: entry.id) == [same, early, late]


def test_entry_keeps_the_event_whole() -> None:
    """What is sent and shown is the event as it was published."""
    event = example(ProjectSubmitted)
    assert TimelineEntry.of(envelope(event), "", "").event == event


def test_what_services_tell_each_other_alone_is_shown_to_nobody() -> None:
    """Whose data went into a restricted result is for no holder who would read it."""
    event = instance_of(InputsChecked, owners=("mem_source",), obstacles=())
    entry = TimelineEntry.of(envelope(event), "", "")
    assert entry.event == instance_of(InputsChecked, owners=None, obstacles=())
    assert "mem_source" not in entry.body


def test_event_that_is_tied_to_projects_is_in_the_timeline_of_each() -> None:
    """Whole, in the same order; one that is tied to none is in no other timeline."""
    announced = envelope(example(WorkshopAnnounced), subject="wsh_1")
    entry = TimelineEntry.of(announced, "Un atelier.", PROJECT)
    copies = list(entry.copies())
    assert [entry.correlation for entry in copies] == [PROJECT, "prj_2"]
    assert len({entry.id, *(entry.id for entry in copies)}) == 3
    assert {(entry.event_id, entry.body, entry.waits_for) for entry in copies} == {
        (entry.event_id, entry.body, "")
    }
    assert list(TimelineEntry.of(envelope(example(JobQueued)), "", "").copies()) == []


@pytest.mark.parametrize(
    ("cls", "members", "things", "owners"),
    [
        (ProjectSubmitted, {HOLDER}, (PROJECT,), {PROJECT: HOLDER}),
        (AccessRequested, {HOLDER, OWNER}, (PROJECT, DATASET), {PROJECT: HOLDER, DATASET: OWNER}),
        (AccessReminded, {OWNER, "mem_source"}, (PROJECT, DATASET), {DATASET: OWNER}),
        (DatasetRegistered, {OWNER}, (DATASET,), {DATASET: OWNER}),
        (JoinsDiscovered, {OWNER, "mem_other"}, (DATASET,), {DATASET: OWNER}),
        (MemberJoined, {HOLDER}, (), {}),
        (JobQueued, set(), (PROJECT,), {}),
        (JobSucceeded, set(), (DATASET,), {}),
        (DeliveryAbandoned, set(), ("end_1",), {}),
        (WorkshopAnnounced, set(), (PROJECT, "prj_2"), {}),
    ],
)
def test_event_tells_members_things_and_whose_they_are(
    cls: type[Event], members: set[str], things: tuple[str, ...], owners: dict[str, str]
) -> None:
    """Holder, owner and member are concerned, who decided is not; absent ids are left out."""
    assert members_of(example(cls)) == members
    assert things_of(example(cls)) == things
    assert ownership_of(example(cls)) == owners


def test_every_event_is_somebodys() -> None:
    """No event concerns nobody: it would reach operators only without anyone having decided so."""
    assert [event for event in EVENTS if not members_of(event) and not things_of(event)] == []
