"""`python -m tests.benchmarks [NAME...] [--half HALF]`: ours and its peers in one run, with ratios.

Each contender is a process of its own (eventlet, asyncio and threads cannot share one), and the
rounds are interleaved, so that a noisy machine is noisy for all of them.
"""

import ast
import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import doors, pages, restarts, searching, steering, webhooks
from tests.benchmarks.jobs import (
    answering,
    crossing,
    growth,
    lifecycles,
    previews,
    protecting,
    repeating,
    slurm_faults,
    slurm_shards,
    slurm_starting,
    starting,
)
from tests.benchmarks.judged import (
    advice,
    attacks,
    code_names,
    commune_names,
    halves,
    precedents,
    privacy,
    recognition,
    relevance,
    sql,
    traps,
)
from tests.servers import Broker

ROUNDS = 3
CONTENDERS = {
    "publishing": ("ours", "nameko", "aio-pika", "limit"),
    "consuming": ("ours", "nameko"),
    "calling": ("ours", "nameko"),
    "exporting": ("ours", "at-once"),
    "screening": ("ours", "every-value"),
    "joins": ("ours", "ours-x10", "dictionary", "sqlite", "duckdb"),
}
"""By module; none is imported here, since nameko patches the standard library."""

ALONE = {
    "crossing": crossing,
    "doors": doors,
    "growth": growth,
    "lifecycles": lifecycles,
    "pages": pages,
    "previews": previews,
    "protecting": protecting,
    "repeating": repeating,
    "restarts": restarts,
    "searching": searching,
    "slurm_faults": slurm_faults,
    "slurm_shards": slurm_shards,
    "slurm_starting": slurm_starting,
    "starting": starting,
    "steering": steering,
    "webhooks": webhooks,
}
"""Those that need no broker of ours, or bring their own."""

JUDGED = {
    "advice": advice,
    "attacks": attacks,
    "code_names": code_names,
    "commune_names": commune_names,
    "precedents": precedents,
    "privacy": privacy,
    "relevance": relevance,
    "requests": answering,
    "sql": sql,
    "traps": traps,
    "typing": recognition,
}
"""Those that are judged by examples, half of which were kept apart from tuning."""


def main() -> int:
    """Run the named benchmarks, all by default."""
    names, of_judged = _asked()
    compared = [name for name in names if name in CONTENDERS]
    with TemporaryDirectory(prefix="datalab-bench-") as home, _broker(Path(home)) as broker:
        for name in compared:
            compare(name, broker)
    for name in names:
        if name in JUDGED:
            JUDGED[name].main(of_judged)
        elif name in ALONE:
            ALONE[name].main()
    return 0


def _asked() -> tuple[list[str], list[str]]:
    """The names of the benchmarks, and the options of those that are judged by examples."""
    every = [*CONTENDERS, *JUDGED, *ALONE]
    parser = halves.parser("python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(every))
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in every]:
        parser.error(f"no benchmark is called {unknown[0]}")
    return asked.names or every, [f"--half={half}" for half in asked.halves or ()]


@contextlib.contextmanager
def _broker(home: Path) -> Iterator[Broker]:
    broker = Broker(home)
    broker.start()
    try:
        yield broker
    finally:
        broker.close()


def compare(name: str, broker: Broker) -> None:
    """Run every contender of a module in turn, and print the medians and the ratios to ours."""
    results: dict[str, list[dict[str, float]]] = {contender: [] for contender in CONTENDERS[name]}
    for _ in range(ROUNDS):
        for contender, measured in results.items():
            measured.append(run(name, contender, broker))
    print(f"\n{name}: {title(name)}")
    ours = _medians(results["ours"])
    for contender, measured in results.items():
        medians = _medians(measured)
        figures = ", ".join(f"{key} {value:,.2f}" for key, value in medians.items())
        ratios = ", ".join(f"{key} x{ours[key] / value:.2f}" for key, value in medians.items())
        print(f"  {contender:<12} {figures:<42} ours/this: {ratios}")


def title(module: str) -> str:
    """The first line of a module, without running it."""
    source = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
    return str(ast.get_docstring(ast.parse(source))).splitlines()[0]


def run(module: str, contender: str, broker: Broker) -> dict[str, float]:
    """One measurement in a fresh virtual host and a fresh process."""
    vhost = broker.new_vhost()
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{module}", contender, broker.uri(vhost)],
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("VERBOSE") else subprocess.DEVNULL,
            check=True,
        )
    finally:
        broker.delete_vhost(vhost)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _medians(measured: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(figures[key] for figures in measured) for key in measured[0]}


if __name__ == "__main__":
    sys.exit(main())
