"""What endpoints do to the real process: TLS, silence, drips; none of it holds up the others."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.ports import LOOPBACK
from shared.aggregate import new_id, now
from shared.events import ProjectPiloted
from tests.integration.notify.lab import Client, Lab
from tests.servers import eventually
from tests.web_server import (
    WebServer,
    answer,
    drip_body,
    drip_head,
    endless_of_a_length,
    hang,
    serving,
)


def certificate(name: str) -> bytes:
    """A self-signed certificate for a host name, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))
        .not_valid_after(now() + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def trusted(notify_environ: dict[str, str]) -> Path:
    """A certificate for `localhost` that the service trusts."""
    file = Path(notify_environ["SSL_CERT_FILE"])
    file.write_bytes(certificate("localhost"))
    return file


@pytest.fixture
def secure(trusted: Path) -> Iterator[WebServer]:
    """A receiver that speaks TLS."""
    with serving(204, trusted) as server:
        yield server


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


def test_trusted_certificate_is_accepted(
    lab: Lab, client: Client, member: str, secure: WebServer
) -> None:
    """The name is resolved, the address pinned, and the certificate checked for the name."""
    endpoint = client.add_endpoint(secure.url("/tls", host="localhost"))
    piloted(lab, member)
    assert ended(client, endpoint)["state"] == "delivered"
    (call,) = secure.calls("/tls")
    assert call.headers["host"] == f"localhost:{secure.server_port}"
    assert call.verified(endpoint["secret"])["type"] == "project_piloted"


def test_certificate_for_another_name_is_refused(
    lab: Lab, client: Client, member: str, secure: WebServer
) -> None:
    """Nothing is sent to a server that cannot prove to be the endpoint's."""
    endpoint = client.add_endpoint(secure.url("/tls", host=LOOPBACK))
    piloted(lab, member)
    (error,) = errors(ended(client, endpoint))
    assert error.startswith("certificat refusé")
    assert secure.received == []


def test_untrusted_certificate_is_refused(
    lab: Lab, client: Client, member: str, trusted: Path, tmp_path: Path
) -> None:
    """A certificate that anyone could have made proves nothing."""
    assert trusted.exists()
    path = tmp_path / "made.pem"
    path.write_bytes(certificate("localhost"))
    with serving(204, path) as server:
        endpoint = client.add_endpoint(server.url("/tls", host="localhost"))
        piloted(lab, member)
        (error,) = errors(ended(client, endpoint))
        assert error.startswith("certificat refusé")
        assert server.received == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_silent_port_costs_the_time_and_no_more(
    lab: Lab, client: Client, member: str, scheme: str
) -> None:
    """A TLS handshake that never ends included."""
    with socket.create_server((LOOPBACK, 0)) as silent:
        endpoint = client.add_endpoint(f"{scheme}://{LOOPBACK}:{silent.getsockname()[1]}/")
        piloted(lab, member)
        delivery = ended(client, endpoint)
    assert errors(delivery) == {"pas de réponse en 1 s"}
    assert max(attempt["seconds"] for attempt in delivery["attempts"]) < 1.5


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
    for path in receiver.answers:
        client.add_endpoint(receiver.url(path))
    piloted(lab, member)
    eventually(lambda: all(receiver.calls(path) for path in receiver.answers))
    live = client.add_endpoint(receiver.url("/live"))
    for _ in range(30):
        piloted(lab, member)
    eventually(lambda: len(receiver.calls("/live")) == 30)
    attempts = [attempt for d in client.deliveries(live) for attempt in d["attempts"]]
    assert {attempt["status"] for attempt in attempts} == {204}
    assert max(attempt["seconds"] for attempt in attempts) < 0.5
    # Behind the hanging one alone, the 30 would have waited for a second each.
    first, last = receiver.calls("/live")[0], receiver.calls("/live")[-1]
    assert last.at - first.at < 5


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
