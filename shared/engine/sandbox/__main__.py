"""Does a job on a machine that has the engine alone: `python -m shared.engine.sandbox FOLDER`.

It is confined and watched as by the service. SIGTERM cancels it. Without an outcome in the folder
the machine, and not the job, is to blame, and the run counts for nothing.
"""

import signal
import sys
from pathlib import Path

from shared.engine.sandbox.run import run_folder
from shared.errors import Unavailable

_TRY_ELSEWHERE = 75
"""EX_TEMPFAIL, see sysexits.h."""


def main(folder: Path) -> int:
    """Do the job of a folder with its limits; returns the exit status."""
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: signals.append(number))
    try:
        run_folder(folder, lambda: bool(signals))
    except (Unavailable, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return _TRY_ELSEWHERE
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
