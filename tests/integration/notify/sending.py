"""The sending loop in this process, and deliveries for it."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from services.notify.model import Endpoint, WebhookDelivery, delivery_id
from services.notify.sending.due import Due
from services.notify.sending.sender import Post, Sender
from shared.aggregate import new_id, now
from shared.outbound import Names, SsrfGuard, post
from shared.settings import Settings
from shared.store import Repository, Store
from tests.servers import eventually
from tests.web_server import WebServer

SECRET = "whsec_" + "c2VjcmV0" * 4


def add_endpoint(
    store: Store,
    member_id: str = "mem_operator",
    url: str = "https://partner.example/",
    event_types: tuple[str, ...] = ("*",),
    *,
    sees_all: bool = False,
) -> Endpoint:
    """Save an enabled endpoint."""
    return store.of(Endpoint).save(
        Endpoint(
            id=new_id("end"),
            member_id=member_id,
            url=url,
            event_types=event_types,
            secret=SECRET,
            sees_all=sees_all,
            created_at=now(),
        )
    )


def mark_failing(store: Store, endpoint: Endpoint) -> None:
    """Let its last call have failed."""
    store.of(Endpoint).change(
        endpoint.id, lambda endpoint: endpoint.note_call(succeeded=False, abandoned=False)
    )


@dataclass
class Outgoing:
    """A store with deliveries to a partner's server, and senders for them."""

    store: Store
    settings: Settings
    receiver: WebServer

    @property
    def deliveries(self) -> Repository[WebhookDelivery]:
        """The deliveries in the store."""
        return self.store.of(WebhookDelivery)

    def endpoint(self, path: str) -> Endpoint:
        """Save an endpoint at a path of the server."""
        return add_endpoint(self.store, url=self.receiver.url(path))

    def due(self, to: Endpoint | str, count: int = 1) -> list[str]:
        """Save deliveries that are due to an endpoint or a path; their ids, oldest first."""
        endpoint = self.endpoint(to) if isinstance(to, str) else to
        ids, began = [], now()
        for number in range(count):
            at = began - timedelta(seconds=60 - number)
            event_id = f"e{number}"
            delivery = WebhookDelivery(
                id=delivery_id(event_id, endpoint.id, at),
                endpoint_id=endpoint.id,
                event_id=event_id,
                topic="project_secured",
                body=json.dumps({"number": number}),
                next_attempt_at=at,
            )
            ids.append(self.deliveries.save(delivery).id)
        if ids:  # A sender may have been faster: what it sent has no date any more.
            Due(self.store).expect({endpoint.id: began - timedelta(seconds=60)})
        return ids

    @contextlib.contextmanager
    def sending(
        self,
        *,
        workers: int = 1,
        allow_private: bool = True,
        send: Post = post,
        names: Names | None = None,
    ) -> Iterator[list[Sender]]:
        """Run senders, which may call loopback, until the block ends."""
        guard = SsrfGuard(allow_private=allow_private, names=names)
        senders = [Sender(self.store, self.settings, guard, send) for _ in range(workers)]
        threads = [threading.Thread(target=sender.run) for sender in senders]
        for thread in threads:
            thread.start()
        try:
            yield senders
        finally:
            for sender in senders:
                sender.stop()
            for thread in threads:
                thread.join()

    def wait_for(self, state: str, ids: list[str]) -> None:
        """Wait until all these deliveries are in one state."""
        eventually(lambda: {self.deliveries.get(identifier).state for identifier in ids} == {state})

    def send_until(self, state: str, ids: list[str]) -> None:
        """Run a sender until these deliveries are in one state."""
        with self.sending():
            self.wait_for(state, ids)
