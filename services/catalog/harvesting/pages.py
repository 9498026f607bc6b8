"""What the sandbox's jobs change in a harvest: load, decide, save, each event once."""

from services.catalog.harvesting.harvest import Harvest
from shared.envelope import Envelope
from shared.events import JobCancelled, JobFailed, JobSucceeded
from shared.store import Store


def note_read(store: Store, envelope: Envelope[JobSucceeded]) -> None:
    """A harvest job read a page: its records can be taken."""
    event = envelope.data
    if event.harvest_id is None or event.page is None:
        return
    number = event.page
    store.of(Harvest).change(
        event.harvest_id,
        lambda harvest: harvest.note_read(number, event.result),
        because=envelope,
    )


def note_unreadable(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """A harvest job could not read a page, or was stopped before it had."""
    event = envelope.data
    if event.harvest_id is None or event.page is None:
        return
    number = event.page
    store.of(Harvest).change(
        event.harvest_id,
        lambda harvest: harvest.note_unreadable(number, event.reason),
        because=envelope,
    )
