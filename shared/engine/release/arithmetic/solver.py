"""Solves tables of cells by pytauargus, each in a process of its own that is given little.

`python -m shared.engine.release.arithmetic.solver SECONDS MEMORY` answers a line of JSON,
what to do and two paths, by `true` or `false` on a line. Each is done by a fork, which need not
load the solver again: its native code crashes alone, and uses no more than the limits. The first
path is of a file of the format JJ (cells, then sums that are zero), the second of the JSON to be
made: the cells to hide besides, or the interval of each hidden cell.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

from pytauargus import HiTaSCtrl
from pytauargus._tauargus import audit_jj

_MOST_TIMES = 2
"""So many times as long as it may work it may take: others work as well."""


def main(seconds: int, memory_bytes: int) -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        what, source, answer = json.loads(line)
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
            signal.alarm(_MOST_TIMES * seconds)
            _solve(what, Path(source), Path(answer))
        sys.stdout.write(f"{json.dumps(os.waitpid(child, 0)[1] == 0)}\n")
        sys.stdout.flush()


def _solve(what: str, source: Path, answer: Path) -> None:
    """Suppress or audit, then exit; only exit status 0 is an answer."""
    try:
        os.chdir(source.parent)  # where it writes logs of its own
        done = _suppressed(str(source)) if what == "suppress" else _ends(str(source))
        answer.write_text(json.dumps(done))
        os._exit(0)
    finally:
        os._exit(1)


def _suppressed(source: str) -> list[int]:
    suppressed_file = f"{source}.out"
    if code := HiTaSCtrl().full_jj(in_file_jj=source, out_file=suppressed_file, max_time=1):
        raise ValueError(f"code {code}")
    return [int(line) for line in Path(suppressed_file).read_text().split()]


def _ends(source: str) -> list[tuple[int, float, float]]:
    return [(interval["cell"], interval["min"], interval["max"]) for interval in audit_jj(source)]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
