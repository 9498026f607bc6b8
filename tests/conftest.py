"""Servers and settings that every test may ask for."""

import gc
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from xdist.scheduler.loadfile import LoadFileScheduling  # type: ignore[import-untyped]

from deploy.local.signing_keys import KeyPair, key_pair
from shared.auth import issue_token
from tests.servers import Broker, Documents, free_port
from tests.vhosts import Needs, Vhosts

_ONE_LAB = "tests/e2e/"
Token = Callable[..., str]
RETRIES = (0.2, 0.5, 1)
"""How long the processes of a module put an event off, in seconds."""

# A slow machine is no fault of the code; pytest's own time-out ends what hangs.
hypothesis.settings.register_profile("lab", deadline=None, max_examples=40)
hypothesis.settings.load_profile("lab")


class _Shares(LoadFileScheduling):
    """A file is one worker's, and so are all end-to-end tests that share one lab."""

    def _split_scope(self, nodeid: str) -> str:
        return _ONE_LAB if nodeid.startswith(_ONE_LAB) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """How files are shared among workers."""
    return _Shares(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: it is not searched for garbage, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A RabbitMQ node; a test that kills it starts it again."""
    node = Broker(tmp_path_factory.mktemp("broker"))
    try:
        node.start()
        yield node
    finally:
        node.close()


@pytest.fixture(scope="session")
def document_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documents]:
    """A document server; a test that kills it starts it again."""
    server = Documents(tmp_path_factory.mktemp("documents"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mongodb_uri(document_server: Documents) -> str:
    """Where pymongo finds the document server."""
    return document_server.uri


@pytest.fixture(scope="session")
def vhosts(broker: Broker) -> Iterator[Vhosts]:
    """The virtual hosts of modules, one after the other."""
    vhosts = Vhosts(broker)
    yield vhosts
    vhosts.close()


@pytest.fixture(scope="module")
def needs() -> Needs | None:
    """The queues that this module begins with: none, unless a folder or module says which."""
    return None


@pytest.fixture(scope="module")
def vhost(vhosts: Vhosts, needs: Needs | None) -> str:
    """The name of this module's own virtual host: no queue has messages of another module."""
    return vhosts.take(needs)


@pytest.fixture(scope="module")
def amqp_uri(broker: Broker, vhost: str) -> str:
    """The address of this module's own virtual host."""
    return broker.uri(vhost)


@pytest.fixture
def storage_url(tmp_path: Path) -> str:
    """An empty file store."""
    return f"file://{tmp_path / 'files'}"


@pytest.fixture(scope="session")
def token_keys(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    """The key pair of this session's tokens."""
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def token(token_keys: KeyPair) -> Token:
    """`token(member_id, *roles)` is a signed bearer token."""

    def issue(member_id: str, *roles: str) -> str:
        return issue_token(token_keys.private, member_id, roles, timedelta(hours=1))

    return issue


@pytest.fixture(scope="module")
def module_environ(
    amqp_uri: str, mongodb_uri: str, token_keys: KeyPair, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What the processes of one module share: servers, files, databases and short waits."""
    return {
        "DATALAB_AMQP_URI": amqp_uri,
        "DATALAB_MONGODB_URI": mongodb_uri,
        "DATALAB_STORAGE_URL": f"file://{tmp_path_factory.mktemp('files')}",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_TOKEN_PRIVATE_KEY": str(token_keys.private),
        "DATALAB_DATABASE_PREFIX": f"test_{uuid4().hex[:12]}",
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_SWEEP_SECONDS": "2",
        "DATALAB_NIGHTLY_REPLAYS": "0",
    }


@pytest.fixture
def environ(module_environ: dict[str, str], storage_url: str) -> dict[str, str]:
    """Complete settings of a service, with files and databases of this test's own."""
    return {
        **module_environ,
        "DATALAB_STORAGE_URL": storage_url,
        "DATALAB_DATABASE_PREFIX": f"test_{uuid4().hex[:12]}",
        "DATALAB_HTTP_PORT": str(free_port()),
        "DATALAB_RPC_SECONDS": "5",
        "DATALAB_JOB_LEASE_SECONDS": "3",
        "DATALAB_WEBHOOK_SECONDS": "0.2,0.5,1",
        "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "true",
    }
