"""Jobs reach nothing of each other through the kernel, however they were started."""

import ctypes
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from services.compute.execution.job_folder import job_folder
from services.compute.execution.spares.spares import Spares
from shared.engine.sandbox.kernel_calls import _EVERYWHERE, _MACHINES
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.process_tree import ProcessTree
from shared.engine.sandbox.sandbox import Sandbox
from tests.integration.compute.execution.test_spares import fill
from tests.integration.compute.jobs import Tables, describe, step
from tests.servers import PATIENCE_SECONDS

LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=1_000_000_000)
REFUSED = f"""
import ctypes, os
def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(number, *arguments), ctypes.get_errno()
_, numbers = {_MACHINES}[os.uname().machine]
refused = [(one, *call(one, 0, 0, 0, 0, 0, 0)) for one in (*numbers, *{_EVERYWHERE})]
assert all(told[1:] == (-1, 1) for told in refused), refused
for keyring in (-3, -4, -5):
    assert call(numbers[0], b"user", b"mail", b"MESSAGE", 7, keyring) == (-1, 1), keyring
    assert call(numbers[2], 10, keyring, b"user", b"mail", 0) == (-1, 1), keyring
if os.uname().machine == "x86_64":
    assert call(0x40000000 + 250, 0, -3, 0) == (-1, 1), "by x32"
"""
CODE = f"""{REFUSED}
def run(tables, parameters):
    return tables["communes"].head(1)
"""


@pytest.fixture
def sessions_key() -> None:
    """Who starts the jobs has a session keyring with a key."""
    _, numbers = _MACHINES[os.uname().machine]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(numbers[2], 1, None)
    libc.syscall(numbers[0], b"user", b"mail", b"SECRET", 6, -3)


def run_in(
    folder: Path, waiting: ProcessTree | None, files: Tables, work: dict[str, object]
) -> Outcome:
    """Run own code that tries all of them."""
    steps = [step("python", {"communes": "communes"}, "rendu", code=CODE)]
    describe(folder, {**work, "steps": steps}, files)
    return Sandbox(LIMITS).run(folder, lambda _: None, lambda: False, waiting)


@pytest.mark.usefixtures("sessions_key")
def test_own_code_reaches_no_keys(files: Tables, work: dict[str, object]) -> None:
    """Neither of other jobs nor of who started the lab, nor another process's memory."""
    with job_folder() as folder:
        run = run_in(folder.path, None, files, work)
        assert run.ok, run


@pytest.mark.usefixtures("sessions_key")
def test_forked_own_code_reaches_no_keys(files: Tables, work: dict[str, object]) -> None:
    """The sandbox that waited was forked from a process that could."""
    with closing(Spares(1, LIMITS.memory_bytes)) as spares:
        fill(spares)
        with spares.folder() as (folder, waiting):
            assert waiting
            run = run_in(folder.path, waiting, files, work)
            assert run.ok, run


@pytest.mark.usefixtures("sessions_key")
def test_runner_reaches_no_keys(tmp_path: Path) -> None:
    """Files that others brought are read by it: it is refused what own code is."""
    (tmp_path / "out").mkdir()
    text = f"{REFUSED}\nopen('/job/out/result.json', 'w').write('{{}}')"
    command = (sys.executable, "-B", "-c", text)
    run = Sandbox(LIMITS, command).run(tmp_path, lambda _: None, lambda: False)
    assert run.ok, run.log_tail
