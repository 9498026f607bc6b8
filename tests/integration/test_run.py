"""How a service process ends that cannot begin, and what it writes while its servers are away."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.ports import LOOPBACK
from deploy.local.signing_keys import KeyPair
from tests.forks import services
from tests.servers import PATIENCE_SECONDS, Broker, Process, RunningService, eventually, free_port


def test_service_that_cannot_be_built_says_so_in_one_line(token_keys: KeyPair) -> None:
    """Whoever reads the log finds JSON, and the supervisor an exit status."""
    environ = {
        "DATALAB_AMQP_URI": f"amqp://guest:guest@{LOOPBACK}:{free_port()}/",
        "DATALAB_MONGODB_URI": f"mongodb://{LOOPBACK}:{free_port()}",
        "DATALAB_STORAGE_URL": "memory://files",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_HTTP_PORT": str(free_port()),
    }
    spec = "tests.integration.unbuildable:Unbuildable"
    command = [sys.executable, "-m", "deploy.run", spec]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    (line,) = (json.loads(line) for line in ended.stderr.splitlines())
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (line["service"], line["message"]) == ("unbuildable", "the service died")
    assert line["exception"].endswith("RuntimeError: the dependency is missing")


def test_end_of_a_process_does_not_wait_for_what_blocks() -> None:
    """A lookup on a silent name server takes longer than the grace: here, than any patience."""
    code = """
from time import sleep  # the one that blocks, before it is replaced
import deploy.run, eventlet
from eventlet import tpool
eventlet.spawn(tpool.execute, sleep, 3600)
eventlet.sleep(0.2)
"""
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, check=False, timeout=PATIENCE_SECONDS)
    assert ended.returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ("services.nowhere.service:Nope",),
        ("services.intake.service:Nope",),
        ("services.intake.service:STAFF",),
        (":",),
        (),
        ("services.intake.service:Intake", "twice"),
    ],
    ids=str,
)
def test_service_that_is_not_there_is_told_in_one_sentence(words: tuple[str, ...]) -> None:
    """A typing mistake is no traceback."""
    ended = services().run(["-m", "deploy.run", *words], {})
    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert line.startswith(f"no service is at '{' '.join(words)}': ")


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
    assert service.process.wait(PATIENCE_SECONDS) == 2
    assert service.log().startswith(f"{name}: must look like {scheme}://user:password@host:")
    assert service.log().count("\n") == 1
    assert SECRET not in service.log()
