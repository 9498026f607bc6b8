"""Solves one table of cells by pytauargus, in a process of its own that is given little.

`python -m services.compute.runner.release.solver suppress|audit IN OUT SECONDS MEMORY`: its native
code crashes alone, and uses no more than the limits. IN is a file of the format JJ (cells, then
sums that are zero); OUT is JSON: the cells to hide besides, or the interval of each hidden cell.
"""

import json
import resource
import sys
from pathlib import Path


def main(what: str, source: str, made: str, seconds: int, memory_bytes: int) -> None:
    """Suppress or audit; an exit other than 0 is no answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    Path(made).write_text(json.dumps(_suppressed(source) if what == "suppress" else _ends(source)))


def _suppressed(source: str) -> list[int]:
    from pytauargus import HiTaSCtrl  # noqa: PLC0415 - after the limits

    found = f"{source}.out"
    if code := HiTaSCtrl().full_jj(in_file_jj=source, out_file=found, max_time=1):
        sys.exit(f"code {code}")
    return [int(line) for line in Path(found).read_text().split()]


def _ends(source: str) -> list[tuple[int, float, float]]:
    from pytauargus._tauargus import audit_jj  # noqa: PLC0415 - after the limits

    return [(one["cell"], one["min"], one["max"]) for one in audit_jj(source)]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
