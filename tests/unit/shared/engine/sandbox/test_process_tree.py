"""A job's processes are found by who started them."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from shared.engine.sandbox.process_tree import ProcessTree
from tests.servers import eventually

ENDING = """
import subprocess, threading
never = threading.Event()
def start():
    subprocess.Popen(["sleep", "1000"])
    never.wait()
for n in range(500):
    threading.Thread(target=never.wait, args=(0.5 + n / 250,)).start()
threading.Thread(target=start).start()
"""
"""Threads that end one after the other, and then one that started a process."""


@pytest.fixture
def ending() -> Iterator[subprocess.Popen[bytes]]:
    """A process whose threads end, but the last, which started another process."""
    process = subprocess.Popen([sys.executable, "-c", ENDING], start_new_session=True)
    yield process
    for member in (*psutil.Process(process.pid).children(), process):
        member.kill()
    process.wait()


def test_threads_that_end_meanwhile_hide_no_process(ending: subprocess.Popen[bytes]) -> None:
    """One that is gone when it is looked at is passed over, and no other with it."""
    tree = ProcessTree(ending, psutil.Process(ending.pid))
    eventually(tree.members, what="the process is started")
    [started] = tree.members()
    while tree.init.num_threads() > 2:
        assert tree.members() == [started]
