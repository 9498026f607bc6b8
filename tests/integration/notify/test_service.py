"""The notify service as partners meet it: events in, signed webhooks out, whatever they answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.ports import LOOPBACK
from shared.aggregate import new_id
from shared.events import ProjectPiloted, ProjectWithdrawn
from tests.integration.notify.certificates import certificate
from tests.integration.notify.lab import SPEC, Client, Lab, submitted
from tests.servers import RunningService, eventually, running
from tests.web_server import (
    WebServer,
    answer,
    drip_body,
    drip_head,
    endless_of_a_length,
    hang,
    serving,
)


def test_event_reaches_its_holder_signed_and_once(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """The reference accepts the signature under the secret shown at registration.

    The broker may deliver an event again; the partner hears of it once, and metrics count it.
    """
    client = lab.client(member)
    endpoint = client.add_endpoint(receiver.url("/hook"), "project_*")
    event_id = lab.publish(submitted(project, member), times=5)["id"]
    lab.publish(ProjectWithdrawn(project_id=project, holder_id=member, decided_by="", reason=""))
    eventually(lambda: len(receiver.calls("/hook")) == 2 and lab.is_quiet())
    call, _ = receiver.calls("/hook")
    event = call.verified(endpoint["secret"])
    assert (event["id"], event["type"]) == (event_id, "project_submitted")
    assert event["data"]["holder_id"] == member
    eventually(lambda: {d["state"] for d in client.deliveries(endpoint)} == {"delivered"})
    _, delivery = client.deliveries(endpoint)
    assert (delivery["id"], delivery["next_attempt_at"]) == (call.id, None)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [204]
    timeline = client("GET", f"/projects/{project}/timeline").json
    topics = [entry["type"] for entry in timeline["items"]]
    assert topics == ["project_submitted", "project_withdrawn"]
    metric_page = client.text("/metrics")
    assert 'datalab_webhook_attempts_total{outcome="delivered",service="notify"}' in metric_page
    assert 'datalab_webhook_oldest_due_seconds{service="notify"}' in metric_page


def test_partner_hears_nothing_of_others(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """A `*` of a holder means its own; an operator's means everyone's."""
    stranger = lab.client("mem_stranger").add_endpoint(receiver.url("/stranger"))
    lab.client("mem_operator", "operator").add_endpoint(receiver.url("/operator"))
    lab.publish(submitted(project, member))
    eventually(lambda: receiver.calls("/operator") and lab.is_quiet())
    assert lab.client("mem_stranger").deliveries(stranger) == []
    assert receiver.calls("/stranger") == []


def test_abandoned_delivery_is_told_to_others_and_sent_again_under_its_id(
    lab: Lab, receiver: WebServer, project: str, member: str
) -> None:
    """An operator hears that an endpoint is down, itself it does not; replay sends to it again."""
    receiver.answers["/down"] = answer(500)
    operator, client = lab.client("mem_op", "operator"), lab.client(member)
    heard = operator.add_endpoint(receiver.url("/watch"), "delivery_abandoned")
    down = client.add_endpoint(receiver.url("/down"))
    lab.publish(submitted(project, member))

    def told() -> list[dict[str, Any]]:
        calls = (call.verified(heard["secret"])["data"] for call in receiver.calls("/watch"))
        return [data for data in calls if data["endpoint_id"] == down["id"]]

    eventually(told)
    (data,) = told()
    assert (data["attempts"], data["last_error"]) == (4, "réponse HTTP 500")
    assert operator("DELETE", f"/endpoints/{heard['id']}").status == 204
    receiver.answers["/down"] = answer(200)
    (delivery,) = client.deliveries(down)
    assert client("POST", f"/deliveries/{delivery['id']}/replay").status == 202
    eventually(lambda: client.deliveries(down)[0]["state"] == "delivered")
    assert {call.id for call in receiver.calls("/down")} == {delivery["id"]}
    statuses = [attempt["status"] for attempt in client.deliveries(down)[0]["attempts"]]
    assert statuses == [500, 500, 500, 500, 200]


@contextmanager
def hurried(lab: Lab, environ: dict[str, str]) -> Iterator[RunningService]:
    """In place of the lab's service, one that gives a call a second."""
    own = {
        "DATALAB_DATABASE_PREFIX": f"test_{uuid4().hex[:12]}",
        "DATALAB_WEBHOOK_TIMEOUT_SECONDS": "1",
    }
    lab.service.stop()
    try:
        with running(SPEC, environ | own) as service:
            yield service
    finally:
        lab.service.start()


def test_killed_in_the_middle_of_a_call_it_sends_again_under_the_same_id(
    lab: Lab, receiver: WebServer, notify_environ: dict[str, str], project: str, member: str
) -> None:
    """After `kill -9` the lease runs out and the delivery arrives."""
    with hurried(lab, notify_environ) as service:
        client = lab.at(service).client(member)
        endpoint = client.add_endpoint(receiver.url("/hang"))
        receiver.answers["/hang"] = hang
        lab.publish(submitted(project, member))
        eventually(lambda: receiver.calls("/hang"))
        service.kill()
        receiver.answers["/hang"] = answer(200)
        service.start()
        eventually(lambda: client.deliveries(endpoint)[0]["state"] == "delivered")
    assert len({call.id for call in receiver.calls("/hang")}) == 1
    assert len(receiver.calls("/hang")) >= 2


def test_silent_port_costs_the_time_and_no_more(
    lab: Lab, notify_environ: dict[str, str], member: str
) -> None:
    """A TLS handshake that never ends included."""
    with hurried(lab, notify_environ) as service, socket.create_server((LOOPBACK, 0)) as silent:
        client = lab.at(service).client(member)
        address = f"{LOOPBACK}:{silent.getsockname()[1]}/"
        endpoints = [client.add_endpoint(f"{scheme}://{address}") for scheme in ("http", "https")]
        piloted(lab, member)
        deliveries = [ended(client, endpoint) for endpoint in endpoints]
    for delivery in deliveries:
        assert errors(delivery) == {"pas de réponse en 1 s"}


@pytest.fixture(scope="module")
def trusted(notify_environ: dict[str, str]) -> Path:
    """A certificate for `localhost` that the service trusts."""
    file = Path(notify_environ["SSL_CERT_FILE"])
    file.write_bytes(certificate("localhost"))
    return file


def piloted(lab: Lab, member: str) -> None:
    """Let something happen to a new project of a member."""
    lab.publish(ProjectPiloted(project_id=new_id("prj"), holder_id=member, site_id="mem_site"))


def ended(client: Client, endpoint: dict[str, Any]) -> dict[str, Any]:
    """The endpoint's one delivery, once nothing is left to do."""
    eventually(lambda: [d["next_attempt_at"] for d in client.deliveries(endpoint)] == [None])
    (delivery,) = client.deliveries(endpoint)
    return delivery


def errors(delivery: dict[str, Any]) -> set[str]:
    """What the attempts of a delivery failed of."""
    return {attempt["error"] for attempt in delivery["attempts"]}


@pytest.fixture
def client(lab: Lab, member: str) -> Client:
    """That member's client."""
    return lab.client(member)


def test_certificates_are_checked_for_the_name(
    lab: Lab, client: Client, member: str, trusted: Path, tmp_path: Path
) -> None:
    """The name is resolved, the address pinned; nothing is sent to who cannot prove to be it.

    A certificate that anyone could have made proves nothing. Of other events, such as that a
    delivery was abandoned, the endpoints are not told.
    """
    own = tmp_path / "made.pem"
    own.write_bytes(certificate("localhost"))
    with serving(204, trusted) as secure, serving(204, own) as untrusted:
        endpoint = client.add_endpoint(secure.url("/tls", host="localhost"), "project_piloted")
        other = client.add_endpoint(secure.url("/other", host=LOOPBACK), "project_piloted")
        fake = client.add_endpoint(untrusted.url("/tls", host="localhost"), "project_piloted")
        piloted(lab, member)
        assert ended(client, endpoint)["state"] == "delivered"
        for refused in (other, fake):
            delivery = ended(client, refused)
            assert delivery["state"] == "abandoned"
            assert any(error.startswith("certificat refusé") for error in errors(delivery))
        (call,) = secure.received
        assert call.path == "/tls"
        assert call.headers["host"] == f"localhost:{secure.server_port}"
        assert call.verified(endpoint["secret"])["type"] == "project_piloted"
        assert untrusted.received == []


def test_dead_endpoints_do_not_slow_a_live_one(
    lab: Lab, client: Client, member: str, receiver: WebServer
) -> None:
    """Silence, drips and endless bodies hold up their own endpoint only."""
    receiver.answers |= {
        "/hang": hang,
        "/drip-head": drip_head,
        "/drip-body": drip_body,
        "/endless_of_a_length": endless_of_a_length,
        "/bad": answer(500),
    }
    slow = ("/hang", "/drip-head", "/drip-body")
    for path in receiver.answers:
        client.add_endpoint(receiver.url(path))
    piloted(lab, member)
    eventually(lambda: all(receiver.calls(path) for path in receiver.answers))
    live = client.add_endpoint(receiver.url("/live"))
    for _ in range(30):
        piloted(lab, member)
    eventually(lambda: len(receiver.calls("/live")) == 30)
    eventually(lambda: {d["state"] for d in client.deliveries(live)} == {"delivered"})
    attempts = [attempt for d in client.deliveries(live) for attempt in d["attempts"]]
    assert [attempt["status"] for attempt in attempts] == [204] * 30
    # Nothing came of the first call of those that take their time.
    assert {len(receiver.calls(path)) for path in slow} == {1}


def test_gone_endpoint_is_disabled_and_everybody_concerned_knows(
    lab: Lab, client: Client, member: str, receiver: WebServer
) -> None:
    """The member sees why, and its other endpoint is told."""
    receiver.answers["/gone"] = answer(410)
    gone = client.add_endpoint(receiver.url("/gone"))
    client.add_endpoint(receiver.url("/other"), "endpoint_disabled")
    piloted(lab, member)
    eventually(lambda: receiver.calls("/other"))
    endpoint = client("GET", f"/endpoints/{gone['id']}").json
    assert endpoint["state"] == "disabled"
    assert endpoint["reason"].startswith("le serveur a répondu 410")
    assert len(receiver.calls("/gone")) == 1
