"""Does the run of a folder, in a sandbox of this machine."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from shared.engine.sandbox.disk_space import Waiting
from shared.engine.sandbox.engine_version import engine_version
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.process_tree import ProcessTree
from shared.engine.sandbox.run_files import (
    LIMITS,
    OBSTACLE,
    OUTCOME,
    PROGRESS,
    Obstacle,
    read_run_file,
    write_run_file,
)
from shared.engine.sandbox.sandbox import Sandbox
from shared.errors import Unavailable


def run_folder(
    folder: Path, cancelled: Callable[[], bool], waiting: ProcessTree | None = None
) -> None:
    """Do the job of a folder within the limits there, in the `waiting` sandbox if there is one.

    It is cancelled when asked to. Leaves an outcome, or leaves why there is none and raises
    Unavailable or OSError, where the machine and not the job is to blame.
    """
    limits = read_run_file(folder, LIMITS, Limits)
    if limits is None:
        raise Unavailable(f"{folder} has no {LIMITS}")
    note, engine = partial(write_run_file, folder, PROGRESS), engine_version()
    try:
        outcome = Sandbox(limits).run(folder, note, cancelled, waiting)
        write_run_file(folder, OUTCOME, replace(outcome, engine=engine))
    except (Unavailable, OSError) as error:
        reason = str(error) if isinstance(error, Waiting) else ""
        with suppress(OSError):
            write_run_file(folder, OBSTACLE, Obstacle(reason))
        raise
