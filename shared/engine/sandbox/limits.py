"""What one job may use, and how it ended."""

from dataclasses import dataclass

from shared.engine.sandbox.bubblewrap import PROCESSES


@dataclass(frozen=True)
class Limits:
    """What one job may use; memory is the resident set of all its processes together."""

    seconds: float
    memory_bytes: int
    processes: int = PROCESSES
    log_bytes: int = 20_000


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `reason` says in French why it failed, and is empty when it did not.

    `engine` is the hash of the engine that did it (engine_version.py).
    """

    ok: bool
    reason: str
    seconds: float
    peak_bytes: int
    log_tail: str
    log_lines: int = 0
    engine: str = ""
