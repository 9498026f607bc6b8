"""A member leaves: nothing more is sent to its endpoints."""

from services.notify.model import Endpoint
from shared.endings import departures
from shared.events import Envelope, Event, MemberLeft
from shared.store import Store


def note(store: Store, envelope: Envelope[Event]) -> None:
    """Delete the endpoints of a member who left, for good; other events end nothing."""
    event = envelope.data
    if not isinstance(event, MemberLeft):
        return
    departures.note_left(store, event.member_id, envelope.time)
    for endpoint in store.of(Endpoint).every({"member_id": event.member_id}):
        if endpoint.state != "deleted":
            store.of(Endpoint).change(endpoint.id, Endpoint.delete)
