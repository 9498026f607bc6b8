"""What docker-compose.yml stands on: broker users that may do their work and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import amqp
import pytest

from deploy import SERVICES
from deploy.compose import VHOST, definitions, users, write
from deploy.local.ports import LOOPBACK
from deploy.topology import declare_all
from shared.messaging.parked import parked
from shared.settings import load_settings
from tests.servers import Broker, running

PASSWORDS = {user.name: f"password of {user.name}" for user in users()}


@pytest.fixture(scope="module")
def guarded(broker: Broker) -> Iterator[Broker]:
    """A broker with the users and permissions of the compose file."""
    broker.manage("POST", "definitions", definitions(PASSWORDS))
    yield broker
    broker.delete_vhost(VHOST)
    for name in PASSWORDS:
        broker.manage("DELETE", f"users/{name}")


def _uri(broker: Broker, user: str) -> str:
    password = PASSWORDS[user].replace(" ", "%20")
    return f"amqp://{user}:{password}@{LOOPBACK}:{broker.port}/{VHOST}"


def _channel(broker: Broker, user: str) -> amqp.Channel:
    connection = amqp.Connection(
        f"{LOOPBACK}:{broker.port}", userid=user, password=PASSWORDS[user], virtual_host=VHOST
    )
    connection.connect()
    return connection.channel()


@pytest.fixture(scope="module")
def declared(guarded: Broker) -> Broker:
    """The same with the topology declared by its own user."""
    given = {
        "DATALAB_AMQP_URI": _uri(guarded, "topology"),
        "DATALAB_MONGODB_URI": "mongodb://unused",
        "DATALAB_STORAGE_URL": "file:///unused",
        "DATALAB_TOKEN_PUBLIC_KEY": "unused",
        "DATALAB_HTTP_PORT": "1",
    }
    declare_all(load_settings(given))
    return guarded


@pytest.mark.parametrize(("name", "spec"), SERVICES.items(), ids=SERVICES)
def test_a_service_runs_with_its_own_user(
    declared: Broker, environ: dict[str, str], name: str, spec: str
) -> None:
    """It consumes, declares its reply queue and is ready: its permissions suffice."""
    with running(spec, environ | {"DATALAB_AMQP_URI": _uri(declared, name)}) as service:
        assert service.ready()
        assert "access" not in service.log().lower()


@pytest.mark.parametrize(
    ("user", "exchange"),
    [("compute", "intake.events"), ("operator", "intake.events"), ("notify", "")],
)
def test_nobody_publishes_in_another_s_name(declared: Broker, user: str, exchange: str) -> None:
    """An event of intake can only come from intake, and queues cannot be written to directly."""
    channel = _channel(declared, user)
    with pytest.raises(amqp.AccessRefused):
        channel.basic_publish_confirm(amqp.Message(b"{}"), exchange, "project_submitted")


def test_nobody_reads_another_s_queue(declared: Broker) -> None:
    """What is meant for compute is read by compute."""
    with pytest.raises(amqp.AccessRefused):
        _channel(declared, "notify").basic_get("compute.on.project_secured")


def test_services_cannot_declare_queues(declared: Broker) -> None:
    """Only the topology step can, and each service its own reply queue."""
    with pytest.raises(amqp.AccessRefused):
        _channel(declared, "intake").queue_declare("intake.on.something_else")


def test_operator_reads_what_is_parked(declared: Broker) -> None:
    """`datalab parked` works with that user."""
    channel = _channel(declared, "intake")
    channel.basic_publish_confirm(amqp.Message(b"broken"), "datalab.parked", "intake.on.x")

    assert [event.body for event in parked(_uri(declared, "operator"))] == ["broken"]


def test_files_with_secrets_are_private(tmp_path: Path) -> None:
    """Every user has a file of mode 0600, and no password stands in the broker's definitions."""
    write(tmp_path / "compose")

    files = {path.name: path for path in (tmp_path / "compose").iterdir()}
    secret = [files[f"{user.name}.env"] for user in users()] + [files["token.pem"]]
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}
    passwords = [path.read_text().split(":")[2].partition("@")[0] for path in secret[:-1]]
    assert not any(word in files["definitions.json"].read_text() for word in passwords)
