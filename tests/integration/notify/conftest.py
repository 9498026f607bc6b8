"""A store, a receiver, and the notify service itself."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from pymongo import monitoring

from services.notify.mail.model import Mail, MailPreference
from services.notify.model import Endpoint, WebhookDelivery
from services.notify.service import Notify
from services.notify.steering.model import Subject
from services.notify.timeline import Ownership, TimelineEntry
from shared.aggregate import new_id
from shared.endings.departures import Departure
from shared.settings import Settings, load_settings
from shared.store import Store
from tests.integration.notify.lab import SPEC, Lab
from tests.integration.notify.sending import Outgoing
from tests.servers import PATIENCE_SECONDS, Broker, running
from tests.vhosts import Needs
from tests.web_server import WebServer, serving

RETRIES = (0.2, 0.5)


class Commands(monitoring.CommandListener):
    """What was asked of the document server: each command with its collection and condition."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        name, command = event.command_name, event.command
        where = command["updates"][0]["q"] if name == "update" else command.get("filter", {})
        self.asked.append((name, str(command[name]), tuple(where)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to note."""

    def of(self, name: str, *collections: str) -> list[tuple[str, str, tuple[str, ...]]]:
        """Those of a name, to these collections."""
        return [
            sentence
            for sentence in self.asked
            if sentence[0] == name and sentence[1] in collections
        ]


_COMMANDS = Commands()


@pytest.fixture(scope="session", autouse=True)
def _listening() -> None:
    """Listen to every store that is opened from now on: before the one of a test is."""
    monitoring.register(_COMMANDS)


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_notify")
    documents = (Endpoint, WebhookDelivery, TimelineEntry, Ownership, Departure)
    opened.prepare((*documents, Mail, MailPreference, Subject))
    yield opened
    opened.close()


@pytest.fixture
def commands(store: Store) -> Iterator[Commands]:
    """The commands of this test, from here on; `store` is open by now."""
    assert store
    _COMMANDS.asked.clear()
    yield _COMMANDS
    _COMMANDS.asked.clear()


@pytest.fixture
def receiver() -> Iterator[WebServer]:
    """A partner's server."""
    with serving(204) as server:
        yield server


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    """Three retries, each after a moment, and for a call the time of a busy machine."""
    return load_settings(
        {
            **environ,
            "DATALAB_WEBHOOK_SECONDS": "0.1,0.1,0.1",
            "DATALAB_WEBHOOK_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        }
    )


@pytest.fixture
def outgoing(store: Store, settings: Settings, receiver: WebServer) -> Outgoing:
    """Deliveries to that partner, and senders for them."""
    return Outgoing(store, settings, receiver)


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What notify listens to: every event."""
    return Needs((Notify,), RETRIES)


@pytest.fixture(scope="module")
def notify_environ(
    module_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Settings of the service of one module: long for a call, short waits between attempts."""
    return {
        **module_environ,
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_WEBHOOK_SECONDS": "0.2,0.2,0.2",
        "DATALAB_WEBHOOK_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "true",
        "SSL_CERT_FILE": str(tmp_path_factory.mktemp("tls") / "partner.pem"),
    }


@pytest.fixture(scope="module")
def lab(
    broker: Broker, vhost: str, notify_environ: dict[str, str], token: Callable[..., str]
) -> Iterator[Lab]:
    """The running service."""
    with running(SPEC, notify_environ) as service:
        yield Lab(broker, vhost, notify_environ, token, service)


@pytest.fixture
def project() -> str:
    """A project id of this test's own."""
    return new_id("prj")


@pytest.fixture
def member() -> str:
    """A member id of this test's own."""
    return f"mem_{uuid4().hex}"
