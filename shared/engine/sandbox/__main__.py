"""Does a job on a machine that has the engine alone: `python -m shared.engine.sandbox FOLDER`.

It is confined and watched as by the service. SIGTERM cancels it. Without an outcome in the folder
the machine, and not the job, is to blame, and the run counts for nothing.
"""

import signal
import sys
from functools import partial
from pathlib import Path

from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.run_files import LIMITS, OUTCOME, PROGRESS, read_run_file, write_run_file
from shared.engine.sandbox.sandbox import Sandbox
from shared.errors import Unavailable

_TRY_ELSEWHERE = 75
"""EX_TEMPFAIL, see sysexits.h."""


def main(folder: Path) -> int:
    """Do the job of a folder with its limits; returns the exit status."""
    limits = read_run_file(folder, LIMITS, Limits)
    if limits is None:
        sys.stderr.write(f"{folder} has no {LIMITS}\n")
        return _TRY_ELSEWHERE
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: signals.append(number))
    note = partial(write_run_file, folder, PROGRESS)
    try:
        outcome = Sandbox(limits).run(folder, note, lambda: bool(signals))
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return _TRY_ELSEWHERE
    write_run_file(folder, OUTCOME, outcome)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
