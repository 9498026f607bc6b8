"""How a service process ends when it cannot begin."""

import json
import subprocess
import sys
import time

import pytest

from deploy.local.ports import LOOPBACK
from deploy.local.signing_keys import KeyPair
from tests.forks import services
from tests.servers import free_port


def test_service_that_cannot_be_built_says_so_in_one_line(token_keys: KeyPair) -> None:
    """Whoever reads the log finds JSON, and the supervisor an exit status."""
    environ = {
        "DATALAB_AMQP_URI": f"amqp://guest:guest@{LOOPBACK}:{free_port()}/",
        "DATALAB_MONGODB_URI": f"mongodb://{LOOPBACK}:{free_port()}",
        "DATALAB_STORAGE_URL": "memory://files",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_HTTP_PORT": str(free_port()),
    }
    spec = "tests.integration.shared.unbuildable:Unbuildable"
    command = [sys.executable, "-m", "shared.run", spec]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    (line,) = (json.loads(line) for line in ended.stderr.splitlines())
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (line["service"], line["message"]) == ("unbuildable", "the service died")
    assert line["exception"].endswith("RuntimeError: the dependency is missing")


def test_end_of_a_process_does_not_wait_for_what_blocks() -> None:
    """A lookup on a silent name server takes half a minute, which is longer than the grace."""
    code = """
from time import sleep  # the one that blocks, before it is replaced
import shared.run, eventlet
from eventlet import tpool
eventlet.spawn(tpool.execute, sleep, 30)
eventlet.sleep(0.2)
"""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert time.monotonic() - began < 20


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
    ended = services().run(["-m", "shared.run", *words], {})
    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert line.startswith(f"no service is at '{' '.join(words)}': ")
