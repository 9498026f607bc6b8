"""What is in the way of a start is told in a sentence, and nothing is started."""

import socket
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.local import StackError
from deploy.local.ports import LOOPBACK, Ports, ports_from, variable
from deploy.local.preflight import refuse_dead_servers, refuse_ports
from deploy.local.stack import START_SECONDS, Stack
from tests.servers import free_port


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose path is short enough for a socket; no supervisor was started in it."""
    with TemporaryDirectory(prefix="dl-") as folder:
        yield Path(folder)
        assert not (Path(folder) / "supervisord.conf").exists()


@pytest.mark.parametrize("value", ["65536", "http"])
def test_wrong_port_names_its_variable(value: str) -> None:
    """It is refused before anything else."""
    with pytest.raises(StackError, match="DATALAB_PORT_INTAKE"):
        ports_from({"DATALAB_PORT_INTAKE": value})


def test_taken_port_is_named_with_the_variable_that_moves_it(
    home: Path, amqp_uri: str, mongodb_uri: str
) -> None:
    """Another program listens there, or two services would: one would answer for the other.

    Second and further workers share one variable.
    """
    defaults = {"DATALAB_AMQP_URI": amqp_uri, "DATALAB_MONGODB_URI": mongodb_uri}
    with socket.create_server((LOOPBACK, 0)) as other:
        free = {variable(name): str(free_port()) for name in asdict(Ports())}
        taken = {variable("catalog"): str(other.getsockname()[1])}
        ports = ports_from({**free, **taken})
        with pytest.raises(StackError, match="DATALAB_PORT_CATALOG"):
            Stack(home, ports, defaults).up()
    ports = ports_from({"DATALAB_PORT_INTAKE": "8002"})
    with pytest.raises(StackError, match="DATALAB_PORT_INTAKE or DATALAB_PORT_CATALOG"):
        Stack(home, ports, defaults).up()
    port = free_port()
    with pytest.raises(StackError, match="DATALAB_PORT_DOCUMENTS or DATALAB_PORT_WORKERS"):
        refuse_ports({"documents": port, "intake-2": port})


def test_wrong_setting_is_named_before_any_server_starts(home: Path) -> None:
    """No queue is blamed for it."""
    with pytest.raises(StackError, match=r"^DATALAB_JOB_SECONDS: "):
        Stack(home, Ports(), {"DATALAB_JOB_SECONDS": "-1"}).up()


@pytest.mark.parametrize(
    ("name", "scheme"), [("DATALAB_MONGODB_URI", "mongodb"), ("DATALAB_AMQP_URI", "amqp")]
)
def test_server_that_is_not_there_is_named_at_once(home: Path, name: str, scheme: str) -> None:
    """The sentence has the variable and the address, not the password."""
    port, began = free_port(), time.monotonic()
    environment = {name: f"{scheme}://user:secret@{LOOPBACK}:{port}/x"}
    with pytest.raises(StackError, match=rf"^{name}: nothing answers at {LOOPBACK}:{port}\.$"):
        Stack(home, Ports(), environment).up()
    assert time.monotonic() - began < START_SECONDS / 2


def test_one_answering_server_of_several_is_enough() -> None:
    """A replica set goes on without one of its members; some addresses only a library can read."""
    dead = free_port()
    with socket.create_server((LOOPBACK, 0)) as other:
        alive = other.getsockname()[1]
        several = f"mongodb://{LOOPBACK}:{dead},{LOOPBACK}:{alive}/?x=1"
        for uri in (several, "mongodb+srv://name.invalid/", "mongodb://%2Ftmp%2Fx.sock/"):
            refuse_dead_servers({"DATALAB_MONGODB_URI": uri})
    with pytest.raises(StackError, match=f"{dead}, {LOOPBACK}:{alive}"):
        refuse_dead_servers({"DATALAB_MONGODB_URI": several})
