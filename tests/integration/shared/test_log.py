"""What a real service process writes while its servers are away or refuse it."""

import json
import re
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK
from tests.servers import Broker, Process, RunningService, eventually, free_port

SECRET = "hunter2"
SERVICE = "tests.integration.messaging.samples:Recorder"


@pytest.mark.parametrize("is_there", [True, False], ids=["broker refuses", "broker is away"])
def test_log_is_json_and_shows_no_password(
    broker: Broker, environ: dict[str, str], tmp_path: Path, is_there: bool
) -> None:
    """Every line of a process in trouble, to its prompt end, can be read by anybody."""
    port = broker.port if is_there else free_port()
    trouble = {
        **environ,
        "DATALAB_AMQP_URI": f"amqp://guest:{SECRET}@{LOOPBACK}:{port}/%2F",
        "DATALAB_MONGODB_URI": f"mongodb://lab:{SECRET}@{LOOPBACK}:{free_port()}",
        "DATALAB_LOG_LEVEL": "DEBUG",
    }
    service = RunningService(SERVICE, trouble, tmp_path)
    Process.start(service)
    try:
        eventually(lambda: "the document server does not answer" in service.log())
        eventually(lambda: "the publisher lost the broker" in service.log())
        assert not service.ready()
    finally:
        status = service.stop()
    assert status == 0
    assert "cut off" not in service.log()
    lines = [json.loads(line) for line in service.log().splitlines()]
    assert {line["service"] for line in lines} == {"recorder"}
    assert not re.search(SECRET, service.log())


@pytest.mark.parametrize("name", ["DATALAB_AMQP_URI", "DATALAB_MONGODB_URI"])
def test_wrong_address_ends_the_start_in_one_sentence(
    environ: dict[str, str], tmp_path: Path, name: str
) -> None:
    """It names the variable; a password with a slash in it is not quoted back."""
    scheme = environ[name].partition("://")[0]
    wrong = {**environ, name: f"{scheme}://lab:{SECRET}/x@{LOOPBACK}:5672"}
    service = RunningService(SERVICE, wrong, tmp_path)
    Process.start(service)
    assert service.process is not None
    assert service.process.wait(30) == 2
    assert service.log().startswith(f"{name}: must look like {scheme}://user:password@host:")
    assert service.log().count("\n") == 1
    assert SECRET not in service.log()
