"""Commands end in time, whatever they leave behind, and beside other work of a service."""

import subprocess
import sys

import pytest

from services.compute.execution.executors.transport import CommandFailed, Transport
from shared.errors import Unavailable


def test_command_gets_its_text_and_prints() -> None:
    """Input and output may be larger than a pipe."""
    text = "é" * 200_000
    assert Transport().run(["cat"], text) == text


def test_prefix_stands_before_the_command() -> None:
    """Such as the one that runs it on another machine."""
    assert Transport(("env", "WHERE=there")).run(["sh", "-c", "echo $WHERE"]) == "there\n"


def test_failure_tells_what_the_command_wrote() -> None:
    """Its own words, or its exit status where it had none."""
    with pytest.raises(CommandFailed, match=r"^sh: no way$"):
        Transport().run(["sh", "-c", "echo no way >&2; exit 4"])
    with pytest.raises(CommandFailed, match=r"^false: exit status 1$"):
        Transport().run(["false"])


def test_program_that_is_not_there_is_unavailable() -> None:
    """It may be installed later."""
    with pytest.raises(Unavailable, match=r"^no-such does not start: "):
        Transport().run(["no-such"])


def test_deadline_holds_for_whatever_the_command_started() -> None:
    """A process that stays behind with its output open keeps nobody waiting."""
    hasty = Transport(deadline_seconds=0.2)
    with pytest.raises(Unavailable, match=r"^sh did not answer within 0\.2 s$"):
        hasty.run(["sh", "-c", "sleep 600 & wait"])
    assert Transport().run(["sh", "-c", "setsid sleep 5 & echo here"]) == "here\n"


def test_hub_of_eventlet_stays_free() -> None:
    """While a command takes its time, other greenlets go on."""
    program = """
import eventlet; eventlet.monkey_patch()
import time
from services.compute.execution.executors.transport import Transport
ticks = []
def tick():
    while True:
        ticks.append(time.monotonic()); eventlet.sleep(0.01)
eventlet.spawn(tick)
transport = Transport(deadline_seconds=0.5)
assert transport.run(["cat"], "text") == "text"
try:
    transport.run(["sleep", "60"])
except Exception as error:
    print(error, max(b - a for a, b in zip(ticks, ticks[1:])) < 0.3)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "sleep did not answer within 0.5 s True\n", done.stderr
