"""A member leaves: nothing more is sent to its endpoints."""

from shared.events import MemberLeft
from tests.integration.notify.lab import Lab
from tests.servers import eventually
from tests.web_server import WebServer


def test_endpoints_of_a_member_who_left_are_deleted(
    lab: Lab, receiver: WebServer, member: str
) -> None:
    """Told again nothing changes; its token registers no other one."""
    client = lab.client(member)
    client.add_endpoint(receiver.url("/hook"))
    lab.publish(MemberLeft(member_id=member, reason="Fin."), times=2)
    eventually(lambda: client("GET", "/endpoints").json["items"] == [])
    wanted = {"url": receiver.url("/again"), "event_types": ["*"]}
    assert client("POST", "/endpoints", wanted).status == 403
