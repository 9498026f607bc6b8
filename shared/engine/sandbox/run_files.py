"""What the service and whoever does a run tell each other of it, in files of its folder.

The job may write into `out` alone: these lie beside it, and each is renamed into place whole.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome

LIMITS, PROGRESS, OUTCOME, OBSTACLE = (
    *("limits.json", "progress.json"),
    *("outcome.json", "obstacle.json"),
)
"""What the job may use, from the service; from who does it, how far it is, how it ended, or why it
could not be done there."""


@dataclass(frozen=True)
class Obstacle:
    """Why a run has no outcome that is no fault of its job: in French, or empty."""

    reason: str


RunFile = TypeVar("RunFile", Limits, Progress, Outcome, Obstacle)


def write_run_file(
    folder: Path, name: str, content: Limits | Progress | Outcome | Obstacle
) -> None:
    """Write that file of a run, in place of the one before."""
    write_whole(folder / name, to_json(asdict(content)))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it finds all of it, or none."""
    new_path = path.with_name(f"{path.name}.new")
    new_path.write_bytes(content)
    new_path.replace(path)


def read_run_file(folder: Path, name: str, kind: type[RunFile]) -> RunFile | None:
    """Read that file of a run; None where it is not there yet. Raises ValueError for another's."""
    try:
        text = (folder / name).read_bytes()
    except FileNotFoundError:
        return None
    return TypeAdapter(kind).validate_json(text)
