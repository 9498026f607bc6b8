"""Whoever adds a delivery and whoever is done with one agree on when the next is due."""

from datetime import timedelta

import pytest

from services.notify.model import Endpoint, WebhookDelivery
from services.notify.sending.due import Due
from shared.aggregate import LONG_AGO, NEVER, now
from shared.store import Store
from tests.integration.notify.sending import Outgoing, add_endpoint, mark_failing


@pytest.fixture
def due(store: Store) -> Due:
    """The working set of an empty store."""
    return Due(store)


def due_at(outgoing: Outgoing, endpoint: Endpoint) -> object:
    """When the endpoint's next delivery is due, as it is kept."""
    return outgoing.store.of(Endpoint).get(endpoint.id).due_at


def test_working_set_has_what_is_due_oldest_first(outgoing: Outgoing, due: Due) -> None:
    """Idle, later and deleted ones are not in it."""
    add_endpoint(outgoing.store)
    first, second, later = (add_endpoint(outgoing.store, f"mem_{name}") for name in "abc")
    due.expect({second.id: now() - timedelta(seconds=1)})
    due.expect({first.id: now() - timedelta(seconds=2)})
    due.expect({later.id: now() + timedelta(seconds=60)})
    assert [endpoint.id for endpoint in due.endpoints(10)] == [first.id, second.id]
    assert [endpoint.id for endpoint in due.endpoints(1)] == [first.id]
    assert [one.id for one in due.endpoints(10, without=["mem_a"])] == [second.id]
    assert due.endpoints(10, without=["mem_a", "mem_b"]) == []


def test_expecting_never_postpones(outgoing: Outgoing, due: Due) -> None:
    """The earliest counts; an endpoint that is not there expects nothing."""
    endpoint, early = add_endpoint(outgoing.store), now()
    for at in (early, early + timedelta(hours=1)):
        due.expect({endpoint.id: at})
    assert due_at(outgoing, endpoint) == early
    due.expect({"end_none": early})


def test_settling_keeps_the_next_date(outgoing: Outgoing, due: Due) -> None:
    """The first of what waits, not before it may be called again; none when nothing waits."""
    endpoint = add_endpoint(outgoing.store)
    (identifier,) = outgoing.due(endpoint)
    for not_before in (LONG_AGO, now() + timedelta(hours=1)):  # which is for those that fail
        due.settle(endpoint.id, not_before=not_before)
        assert due_at(outgoing, endpoint) == outgoing.deliveries.get(identifier).next_attempt_at
    later = now() + timedelta(hours=1)
    mark_failing(outgoing.store, endpoint)
    due.settle(endpoint.id, not_before=later)
    due.expect({endpoint.id: now()})
    assert due_at(outgoing, endpoint) == later
    outgoing.deliveries.change(identifier, WebhookDelivery.close)
    due.settle(endpoint.id, not_before=later)
    assert due_at(outgoing, endpoint) == NEVER
    assert outgoing.store.of(Endpoint).get(endpoint.id).waiting is False


class Racing(Due):
    """Another adds a delivery at the moment when the next one is looked for."""

    def __init__(self, outgoing: Outgoing, endpoint: Endpoint, *, look: int) -> None:
        super().__init__(outgoing.store)
        self._outgoing, self._endpoint, self._look = outgoing, endpoint, look
        self._looks = 0

    def pending(self, endpoint_id: str, limit: int) -> list[WebhookDelivery]:
        """What waits, and one more right after."""
        found = super().pending(endpoint_id, limit)
        self._looks += 1
        if self._looks == self._look:
            self._outgoing.due(self._endpoint)
        return found


@pytest.mark.parametrize("look", [1, 2])
def test_delivery_that_is_added_meanwhile_is_not_forgotten(outgoing: Outgoing, look: int) -> None:
    """Whether before the endpoint is known to be idle, or after."""
    endpoint = add_endpoint(outgoing.store)
    Due(outgoing.store).expect({endpoint.id: now()})
    Racing(outgoing, endpoint, look=look).settle(endpoint.id)
    assert [one.id for one in Due(outgoing.store).endpoints(1)] == [endpoint.id]


def test_what_was_kept_before_there_were_dates_is_found(outgoing: Outgoing, due: Due) -> None:
    """A sender that starts looks for it once."""
    endpoints = [outgoing.endpoint(f"/{number}") for number in range(3)]
    ids = [one for endpoint in endpoints for one in outgoing.due(endpoint, 2)]
    for document in outgoing.store._database[Endpoint.collection].find():
        del document["due_at"], document["waiting"], document["failing"]
        outgoing.store._database[Endpoint.collection].replace_one(
            {"_id": document["_id"]}, document
        )
    assert due.endpoints(10) == []
    outgoing.send_until("delivered", ids)


def test_deliveries_to_a_deleted_endpoint_are_closed_and_leave_the_working_set(
    outgoing: Outgoing, due: Due
) -> None:
    """Those of later, too."""
    endpoint = add_endpoint(outgoing.store, url=outgoing.receiver.url("/gone"))
    ids = outgoing.due(endpoint, 45)
    for one in ids[20:]:
        outgoing.deliveries.lease(
            outgoing.deliveries.get(one), "next_attempt_at", timedelta(hours=1)
        )
    outgoing.store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    outgoing.send_until("abandoned", ids)
    assert outgoing.receiver.calls("/gone") == []
    assert due.endpoints(10) == []
