"""Whoever adds a delivery and whoever is done with one agree on when the next is due."""

from datetime import timedelta

import pytest

from services.notify.model import Endpoint
from services.notify.sending.due import A_MOMENT, Due
from shared.aggregate import LONG_AGO, NEVER, now
from shared.store import Store
from tests.integration.notify.sending import Outgoing, add_endpoint, mark_failing
from tests.servers import eventually


@pytest.fixture
def due(store: Store) -> Due:
    """The working set of an empty store."""
    return Due(store)


def claim(due: Due, endpoint: Endpoint) -> Endpoint:
    """The endpoint, which nobody else has claimed."""
    claimed = due.claim(endpoint)
    assert claimed is not None
    return claimed


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
    assert [endpoint.id for endpoint in due.endpoints(10, without=["mem_a"])] == [second.id]
    assert due.endpoints(10, without=["mem_a", "mem_b"]) == []


def test_expecting_never_postpones(outgoing: Outgoing, due: Due) -> None:
    """The earliest counts; an endpoint that is not there expects nothing."""
    endpoint, early = add_endpoint(outgoing.store), now()
    for at in (early, early + timedelta(hours=1)):
        due.expect({endpoint.id: at})
    assert due_at(outgoing, endpoint) == early
    due.expect({"end_none": early})


def test_idle_endpoint_is_claimed_for_who_adds_a_delivery(outgoing: Outgoing, due: Due) -> None:
    """As it was read before; a second one, who read the same, makes it due."""
    idle, early = add_endpoint(outgoing.store), now()
    (claimed,) = due.expect({idle.id: early}, read=[idle])
    assert now() < claimed.due_at <= now() + A_MOMENT
    (again,) = due.expect({idle.id: early}, read=[idle])
    assert again.due_at == early
    assert due.expect({idle.id: now()}, read=[idle]) == []
    due.settle(claimed, NEVER)
    assert due_at(outgoing, idle) == early


def test_endpoint_that_shall_not_be_called_yet_is_claimed_for_nobody(
    outgoing: Outgoing, due: Due
) -> None:
    """It is due when it may be called, and is not to be called for what is added."""
    endpoint, later = add_endpoint(outgoing.store), now() + timedelta(hours=1)
    mark_failing(outgoing.store, endpoint)
    claimed = claim(due, outgoing.store.of(Endpoint).get(endpoint.id))
    settled = due.settle(claimed, NEVER, not_before=later)
    assert due.expect({endpoint.id: now()}, read=[settled]) == []
    assert due_at(outgoing, endpoint) == later


def test_claim_is_one_sender_s_and_runs_out(outgoing: Outgoing, due: Due) -> None:
    """Who read the endpoint before gets none; after a crash the endpoint is due again."""
    endpoint = outgoing.endpoint("/hook")
    outgoing.due(endpoint)
    (due_endpoint,) = due.endpoints(1)
    claimed = claim(due, due_endpoint)
    assert due.claim(due_endpoint) is None
    assert due.endpoints(1) == []
    assert now() < claimed.due_at <= now() + A_MOMENT


def test_settling_keeps_the_next_date(outgoing: Outgoing, due: Due) -> None:
    """Not before the endpoint may be called again, if it fails; none when nothing waits."""
    endpoint = add_endpoint(outgoing.store)
    at, later = now() + timedelta(minutes=1), now() + timedelta(hours=1)
    for not_before in (LONG_AGO, later):  # which is for those that fail
        claimed = claim(due, outgoing.store.of(Endpoint).get(endpoint.id))
        due.settle(claimed, at, not_before=not_before)
        assert due_at(outgoing, endpoint) == at
    mark_failing(outgoing.store, endpoint)
    claimed = claim(due, outgoing.store.of(Endpoint).get(endpoint.id))
    due.settle(claimed, at, not_before=later)
    due.expect({endpoint.id: now()})
    assert due_at(outgoing, endpoint) == later
    claimed = claim(due, outgoing.store.of(Endpoint).get(endpoint.id))
    due.settle(claimed, NEVER, not_before=later)
    assert due_at(outgoing, endpoint) == NEVER
    assert outgoing.store.of(Endpoint).get(endpoint.id).waiting is False


def test_settling_keeps_what_became_of_the_endpoint_meanwhile(outgoing: Outgoing, due: Due) -> None:
    """Its owner changed it; or asks for a call, though it failed."""
    endpoints, endpoint = outgoing.store.of(Endpoint), add_endpoint(outgoing.store)
    claimed = claim(due, endpoint)
    endpoints.change(endpoint.id, lambda endpoint: endpoint.change(description="autre"))
    due.settle(claimed, NEVER)
    assert (due_at(outgoing, endpoint), endpoints.get(endpoint.id).description) == (NEVER, "autre")
    mark_failing(outgoing.store, endpoint)
    claimed, later = claim(due, endpoints.get(endpoint.id)), now() + timedelta(hours=1)
    endpoints.change(endpoint.id, Endpoint.call_again)
    due.settle(claimed, later, not_before=later)
    assert [endpoint.id for endpoint in due.endpoints(1)] == [endpoint.id]


@pytest.mark.parametrize("is_claimed", [False, True])
def test_delivery_that_is_added_meanwhile_is_not_forgotten(
    outgoing: Outgoing, due: Due, is_claimed: bool
) -> None:
    """Before the endpoint is claimed it is seen by who looks, and after that it is expected."""
    endpoint = add_endpoint(outgoing.store)
    due.expect({endpoint.id: now()})
    (due_endpoint,) = due.endpoints(1)
    if is_claimed:
        claimed = claim(due, due_endpoint)
        assert due.pending(endpoint.id, 1) == []
        outgoing.due(endpoint)
        due.settle(claimed, NEVER)
        assert [endpoint.id for endpoint in due.endpoints(1)] == [endpoint.id]
    else:
        outgoing.due(endpoint)
        assert due.claim(due_endpoint) is None
        (due_endpoint,) = due.endpoints(1)
        claim(due, due_endpoint)
        assert len(due.pending(endpoint.id, 1)) == 1


def test_what_was_kept_before_there_were_dates_is_found(outgoing: Outgoing, due: Due) -> None:
    """A sender that starts looks for it once."""
    endpoints = [outgoing.endpoint(f"/{number}") for number in range(3)]
    ids = [delivery_id for endpoint in endpoints for delivery_id in outgoing.due(endpoint, 2)]
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
    for delivery_id in ids[20:]:
        outgoing.deliveries.lease(
            outgoing.deliveries.get(delivery_id), "next_attempt_at", timedelta(hours=1)
        )
    outgoing.store.of(Endpoint).change(endpoint.id, Endpoint.delete)
    with outgoing.sending():
        outgoing.wait_for("abandoned", ids)
        eventually(lambda: due_at(outgoing, endpoint) == NEVER)
    assert outgoing.receiver.calls("/gone") == []
    assert due.endpoints(10) == []
