"""The sending loop in this process, and deliveries for it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import timedelta

from services.notify.model import Endpoint, WebhookDelivery, delivery_id
from services.notify.sender import Sender
from shared.aggregate import now
from shared.outbound import SsrfGuard
from shared.settings import Settings
from shared.store import Store


@contextlib.contextmanager
def sending(*senders: Sender) -> Iterator[None]:
    """Run these senders until the block ends."""
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for sender in senders:
            sender.stop()
        for thread in threads:
            thread.join()


def sender(store: Store, settings: Settings, *, allow_private: bool = True) -> Sender:
    """A sender that may call loopback."""
    return Sender(store, settings, SsrfGuard(allow_private=allow_private))


def add_deliveries(store: Store, endpoint: Endpoint, count: int = 1) -> list[str]:
    """Save deliveries that are due; their ids, oldest first."""
    ids = []
    for number in range(count):
        at = now() - timedelta(seconds=60 - number)
        event_id = f"e{number}"
        delivery = WebhookDelivery(
            id=delivery_id(event_id, endpoint.id, at),
            endpoint_id=endpoint.id,
            event_id=event_id,
            topic="project_secured",
            body=json.dumps({"number": number}),
            next_attempt_at=at,
        )
        ids.append(store.of(WebhookDelivery).save(delivery).id)
    return ids


def states(store: Store, ids: list[str]) -> set[str]:
    """The states these deliveries are in."""
    return {store.of(WebhookDelivery).get(identifier).state for identifier in ids}
