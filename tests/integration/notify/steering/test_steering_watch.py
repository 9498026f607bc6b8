"""The figures have what the timeline has, and it is told since when they have not."""

import time
from datetime import timedelta

from services.notify.steering.model import Subject
from services.notify.steering_watch import SteeringUpgrade, SteeringWatch
from services.notify.timeline import TimelineEntry
from shared import metrics
from shared.aggregate import new_id, now
from shared.events import Envelope, Event, ProjectSubmitted
from shared.store import Store
from tests.unit.notify.samples import envelope
from tests.unit.notify.samples import instance_of as made


def told(project_id: str, **ago: float) -> Envelope[Event]:
    """A project that was submitted so long ago."""
    event = made(ProjectSubmitted, project_id=project_id)
    return envelope(event, subject=project_id, time=now() - timedelta(**ago))


def write(store: Store, *events: Envelope[Event]) -> None:
    """Write events into the timeline, and keep no facts of them."""
    for one in events:
        store.of(TimelineEntry).add(TimelineEntry.of(one, "", ""))


def is_whole(watch: SteeringWatch, service: str) -> bool:
    """Whether the metric tells that this look found nothing missing."""
    began = time.monotonic()
    watch.look()
    found = metrics.REGISTRY.get_sample_value(
        "datalab_steering_behind_seconds", {"service": service}
    )
    assert found is not None
    return found <= time.monotonic() - began


def test_facts_that_were_not_kept_are_kept_from_the_timeline(store: Store) -> None:
    """Such as of an event that was parked after its entry was written, and dropped."""
    SteeringUpgrade(store).sweep()
    write(store, told("prj_new", minutes=5), told("prj_old", days=3))
    SteeringWatch(new_id("test"), store).look()
    assert {one.thing_id for one in store.of(Subject).every()} == {"prj_new", "prj_old"}


def test_figures_are_behind_until_all_is_kept(store: Store) -> None:
    """It is told since when: from the last look that found nothing missing."""
    SteeringUpgrade(store).sweep()
    service = new_id("test")
    watch = SteeringWatch(service, store)
    assert is_whole(watch, service)
    write(store, told("prj_1", minutes=5))
    assert not is_whole(watch, service)
    assert is_whole(watch, service)


def test_figures_are_behind_while_timelines_of_before_are_read(store: Store) -> None:
    """Nothing of late is missing: what was told long ago is."""
    service = new_id("test")
    watch = SteeringWatch(service, store)
    # Time passes: what the next look finds is told since before it.
    watch.look()
    assert not is_whole(watch, service)
    SteeringUpgrade(store).sweep()
    assert is_whole(watch, service)


def test_event_that_is_being_recorded_is_not_missing(store: Store) -> None:
    """Its entry is written, and its facts are about to be."""
    SteeringUpgrade(store).sweep()
    write(store, told("prj_1", seconds=5))
    SteeringWatch(new_id("test"), store).look()
    assert list(store.of(Subject).every()) == []
