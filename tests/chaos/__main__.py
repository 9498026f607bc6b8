"""`python -m tests.chaos --projects 500`: projects flow while processes are killed.

Every choice comes from `--seed`. Exits 1 and prints what went wrong when a promise was broken.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.run import run

SHOWN = 30


def main() -> int:
    """Run, tell, and say by the exit code whether every promise held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=30)
    parser.add_argument("--kills", type=int, default=12, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes of each service")
    parser.add_argument("--minutes", type=float, default=60, help="patience")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="dl-") as home:
        report = run(
            Path(home),
            projects=asked.projects,
            kills=asked.kills,
            seed=asked.seed,
            workers=asked.workers,
            seconds=asked.minutes * 60,
            tell=lambda text: print(text, flush=True),
        )
    print(report.summary)
    for fault in report.faults[:SHOWN]:
        print(f"FAULT {fault}")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
