"""A store, a receiver, and the notify service itself."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from services.notify.model import Belonging, Delivery, Endpoint, Entry
from shared.aggregate import new_id, now
from shared.store import Store
from tests.integration.notify.receiver import Receiver, receiving

SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_notify")
    opened.prepare((Endpoint, Delivery, Entry, Belonging))
    yield opened
    opened.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A partner's server."""
    with receiving() as server:
        yield server


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
