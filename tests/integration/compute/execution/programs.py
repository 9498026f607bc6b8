"""Programs as jobs of forked sandboxes: `main` runs `program.py` of the job's folder."""

import runpy
import sys
from pathlib import Path

from services.compute.execution.spares import preload


def main(folder: Path, memory_bytes: int) -> None:  # noqa: ARG001 - as every job is called
    """Run it as Python does."""
    runpy.run_path(str(folder / "program.py"), run_name="__main__")


if __name__ == "__main__":
    sys.modules["tests.integration.compute.execution.programs"] = sys.modules["__main__"]
    preload.serve(int(sys.argv[2]))
