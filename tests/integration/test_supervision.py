"""Supervisor under commands that meet: what stops already, and what another command holds."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.local import StackError
from deploy.local.ports import Ports
from deploy.local.preflight import alone
from deploy.local.stack import Stack
from deploy.local.supervision import Program, Supervisor, end, leftovers
from tests.servers import eventually

SLOW = "import signal, time; signal.signal(15, lambda *_: (time.sleep(1), exit())); time.sleep(600)"
"""Takes a second to end after SIGTERM."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose path is short enough for a socket; nothing that runs for it outlives it."""
    with TemporaryDirectory(prefix="dl-") as folder:
        yield Path(folder)
        end(leftovers(Path(folder)))


@pytest.fixture
def stopping(home: Path) -> Supervisor:
    """A supervisor that was told to stop and waits for its slow program."""
    supervisor = Supervisor(home)
    slow = Program("slow", "servers", [sys.executable, "-c", SLOW], {}, home)
    supervisor.launch([slow])
    supervisor.start(slow)
    eventually(lambda: [process.state for process in supervisor.states()] == ["RUNNING"])
    os.kill(int((home / "supervisord.pid").read_text()), signal.SIGTERM)
    eventually(lambda: not supervisor.states(), what="it is shutting down")
    assert supervisor.running()
    return supervisor


def test_shutting_down_what_stops_already_waits_for_its_end(stopping: Supervisor) -> None:
    """A second `down` is no fault."""
    assert stopping.shut_down()
    assert not stopping.running()


def test_stack_that_stops_shows_no_processes(stopping: Supervisor, home: Path) -> None:
    """`status` meanwhile has nothing to show and raises nothing."""
    assert stopping.running()
    assert Stack(home, Ports(), {}).status() == []


def test_stack_that_another_command_starts_is_left_alone(home: Path) -> None:
    """Neither `up` nor `down` comes between; each says so in a sentence."""
    stack = Stack(home, Ports(), {})
    with alone(home):
        with pytest.raises(StackError, match="Another command starts or stops the stack"):
            stack.up()
        with pytest.raises(StackError, match="Another command starts or stops the stack"):
            stack.down()
    assert stack.down() is False
