"""What a stack left running whose process manager was killed: found by a mark, then ended."""

import contextlib
from pathlib import Path

import psutil

from deploy.local.supervision import MARK

_TERM_SECONDS = 30.0


def leftovers(home: Path) -> list[psutil.Process]:
    """The processes that carry the mark of the stack at `home`."""
    return [process for process in psutil.process_iter() if _stack_of(process) == str(home)]


def end(processes: list[psutil.Process]) -> None:
    """SIGTERM to all, SIGKILL to those that do not end in time."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_TERM_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _stack_of(process: psutil.Process) -> str | None:
    try:
        return str(process.environ().get(MARK))
    except (psutil.Error, OSError):
        return None
