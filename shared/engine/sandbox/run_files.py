"""What a machine of a cluster and the service tell each other of a run, in files of its folder.

The job may write into `out` alone: these lie beside it, and each is renamed into place whole.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome

LIMITS, PROGRESS, OUTCOME = "limits.json", "progress.json", "outcome.json"
"""What the job may use, from the service; how far it is, and how it ended, from the machine."""

RunFile = TypeVar("RunFile", Limits, Progress, Outcome)


def write_run_file(folder: Path, name: str, content: Limits | Progress | Outcome) -> None:
    """Write that file of a run, in place of the one before."""
    new_path = folder / f"{name}.new"
    new_path.write_bytes(to_json(asdict(content)))
    new_path.replace(folder / name)


def read_run_file(folder: Path, name: str, kind: type[RunFile]) -> RunFile | None:
    """Read that file of a run; None where it is not there yet. Raises ValueError for another's."""
    try:
        text = (folder / name).read_bytes()
    except FileNotFoundError:
        return None
    return TypeAdapter(kind).validate_json(text)
