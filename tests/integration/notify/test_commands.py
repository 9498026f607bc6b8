"""Endpoints that are asked for again, and those that only look like it."""

import pytest

from services.notify.commands import Webhooks
from services.notify.views import RegisterEndpoint
from shared.outbound import SsrfGuard
from shared.store import Store

CALL = "1"


def wanted(path: str = "hook") -> RegisterEndpoint:
    """An endpoint at a partner's."""
    return RegisterEndpoint(url=f"http://127.0.0.1:9/{path}", event_types=["*"])


@pytest.fixture
def webhooks(store: Store) -> Webhooks:
    """The endpoints of an empty store, at any address."""
    return Webhooks(store, SsrfGuard(allow_private=True))


def test_a_repeated_call_registers_one_endpoint(webhooks: Webhooks) -> None:
    """The broker may deliver a request again: the answer is the endpoint it made, same secret."""
    made = [webhooks.register("alice", wanted(), cause=CALL) for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize(("member", "path"), [("bob", "hook"), ("alice", "other"), ("bob", "bob")])
def test_a_call_id_that_two_programs_chose_shows_nobody_elses_secret(
    webhooks: Webhooks, member: str, path: str
) -> None:
    """Call ids are the callers' to choose: another member, or another body, is another call."""
    alices = webhooks.register("alice", wanted(), cause=CALL)
    other = webhooks.register(member, wanted(path), cause=CALL)
    assert (other.member_id, other.url.endswith(path)) == (member, True)
    assert (other.id != alices.id, other.secret != alices.secret) == (True, True)
