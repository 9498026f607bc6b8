"""Endpoints that are asked for again, and those that only look like it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.notify.commands import Webhooks
from services.notify.model import Endpoint
from services.notify.views import ChangeEndpoint, RegisterEndpoint
from shared.auth import Caller
from shared.errors import WrongStage
from shared.outbound import SsrfGuard
from shared.store import Store
from tests.integration.notify.sending import add_endpoint

CALL, MOST = "1", 3


def new_endpoint(path: str = "hook") -> RegisterEndpoint:
    """An endpoint at a partner's."""
    return RegisterEndpoint(url=f"http://127.0.0.1:9/{path}", event_types=["*"])


@pytest.fixture
def webhooks(store: Store) -> Webhooks:
    """The endpoints of an empty store, at any address."""
    return Webhooks(store, SsrfGuard(allow_private=True), MOST)


def test_a_repeated_call_registers_one_endpoint(webhooks: Webhooks) -> None:
    """The broker may deliver a request again: the answer is the endpoint it made, same secret."""
    endpoints = [webhooks.register("alice", new_endpoint(), cause=CALL) for _ in range(2)]
    assert endpoints[0] == endpoints[1]


@pytest.mark.parametrize(("member", "path"), [("bob", "hook"), ("alice", "other"), ("bob", "bob")])
def test_a_call_id_that_two_programs_chose_shows_nobody_elses_secret(
    webhooks: Webhooks, member: str, path: str
) -> None:
    """Call ids are the callers' to choose: another member, or another body, is another call."""
    alices = webhooks.register("alice", new_endpoint(), cause=CALL)
    other = webhooks.register(member, new_endpoint(path), cause=CALL)
    assert (other.member_id, other.url.endswith(path)) == (member, True)
    assert (other.id != alices.id, other.secret != alices.secret) == (True, True)


def test_member_has_so_many_endpoints_and_no_more(webhooks: Webhooks, store: Store) -> None:
    """Disabled ones count, deleted ones and others' do not; a repeated call is none more."""
    last = [
        webhooks.register("alice", new_endpoint(), cause=str(number)) for number in range(MOST)
    ][-1]
    store.of(Endpoint).change(last.id, lambda endpoint: endpoint.disable("?"))
    with pytest.raises(WrongStage, match="un membre peut avoir 3 webhooks au plus"):
        webhooks.register("alice", new_endpoint())
    assert webhooks.register("alice", new_endpoint(), cause="0").member_id == "alice"
    webhooks.register("bob", new_endpoint())
    store.of(Endpoint).change(last.id, Endpoint.delete)
    webhooks.register("alice", new_endpoint())


def test_endpoints_added_at_the_same_time_stay_within_the_limit(
    webhooks: Webhooks, store: Store
) -> None:
    """Each of eight threads counts before it adds: who finds too many afterwards gives up."""

    def register(number: int) -> bool:
        try:
            return bool(webhooks.register("alice", new_endpoint(str(number))))
        except WrongStage:
            return False

    with ThreadPoolExecutor(8) as pool:
        registered = sum(pool.map(register, range(40)))
    kept = {"member_id": "alice", "state": "enabled"}
    assert registered == store.of(Endpoint).count(kept, most=40) <= MOST


def test_endpoints_beyond_a_lower_limit_stay(webhooks: Webhooks, store: Store) -> None:
    """Their member may change and delete them, and adds none."""
    old = [add_endpoint(store, "alice") for _ in range(MOST + 2)]
    caller = Caller("alice", frozenset())
    webhooks.change(old[0].id, caller, ChangeEndpoint(description="relais"))
    webhooks.delete(old[1].id, caller)
    with pytest.raises(WrongStage):
        webhooks.register("alice", new_endpoint())
