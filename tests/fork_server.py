"""A process that has loaded libraries, and becomes by forks what `python` would start.

`python -m tests.fork_server MODULE...` loads these; of `MODULE:FUNCTION` it also calls the
function, which keeps what it reads. It reads questions as lines of JSON: to run Python with
arguments, or whether a process has ended. See tests/forks.py.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn


def _load(names: list[str]) -> None:
    with warnings.catch_warnings(action="ignore"):  # eventlet's, of its age
        for name in names:
            module, _, function = name.partition(":")
            loaded = importlib.import_module(module)
            if function:
                getattr(loaded, function)()
            if module == "eventlet":
                _patch()
    gc.collect()
    gc.freeze()
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a thread is lost in a fork"


def _patch() -> None:
    import eventlet  # noqa: PLC0415 - only services are patched

    eventlet.monkey_patch()
    # Each process makes a hub of its own.
    eventlet.hubs.get_hub().poll.close()
    eventlet.hubs.use_hub()


def _fork() -> dict[str, Any]:
    """Answer until the tests are over, or, in a fork, return what to run."""
    while question := sys.stdin.buffer.readline():
        asked: dict[str, Any] = json.loads(question)
        if "pid" in asked:
            pid, status = os.waitpid(asked["pid"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            os.write(1, json.dumps(answer).encode() + b"\n")
        else:
            with warnings.catch_warnings(action="ignore"):  # eventlet warns of forks
                if os.fork() == 0:
                    return asked
    sys.exit()


def _become(asked: dict[str, Any]) -> None:
    os.setsid()
    os.write(1, b"%d\n" % os.getpid())
    for target, (path, mode) in enumerate(zip(asked["files"], ("rb", "ab", "ab"), strict=True)):
        with Path(path).open(mode) as file:
            os.dup2(file.fileno(), target)
    coerced = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}
    os.environ.clear()
    os.environ.update(coerced | asked["environ"])
    option, program, *arguments = asked["arguments"]
    sys.argv[:] = [option, *arguments]
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(program, {"__name__": "__main__"})  # noqa: S102 - it is what `-c` does


def _end(work: Callable[[], object]) -> NoReturn:
    """Do it and end as Python does, but for taking apart what was loaded: that takes long."""
    status: object = None
    try:
        work()
    except SystemExit as error:
        status = error.code
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    if not isinstance(status, int | None):
        sys.stderr.write(f"{status}\n")
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((status or 0) & 0xFF)


if __name__ == "__main__":
    _load(sys.argv[1:])
    asked = _fork()
    _end(lambda: _become(asked))
