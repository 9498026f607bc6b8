"""A crossing that is added up, by one engine and by four that share its rows.

This is one machine: four would take as long as the slowest shard, alone here, and what goes on with
the sums. On a cluster of one node the shards hold each other up; one loses that node in the middle.
"""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from services.compute.execution.executors.cluster import SHARDS, Cluster, ClusterUse
from services.compute.execution.executors.contract import Run, Submission
from services.compute.execution.executors.following import FollowedRun
from services.compute.execution.executors.sharded_run import ShardedRun, Watcher
from services.compute.execution.executors.slurm import STARTED, SlurmExecutor
from services.compute.execution.executors.transport import Transport
from services.compute.execution.job_folder import JobFolder
from shared.engine.contract.work import Work
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.run_files import LIMITS, OUTCOME, read_run_file, write_run_file
from shared.settings import Settings
from tests.benchmarks.jobs.crossing import GIB, STEPS, tables
from tests.servers import eventually
from tests.slurm import Slurm, running_slurm

ROUNDS, ENGINES = 3, 4
SIZES = (50_000_000, 400_000_000)

MOST = Limits(seconds=2400, memory_bytes=2 * GIB)
RESULT = "result.parquet"
ENGINE = (sys.executable, "-m", "shared.engine.sandbox")

Tables = tuple[Path, Path]


class AloneHere:
    """Runs on this machine, one after the other, and the seconds that each took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def submit(self, run: Run, _limits: Limits) -> None:
        """Do a run; when this returns it is over."""
        began = time.perf_counter()
        subprocess.run([*ENGINE, str(run.folder)], check=True)
        self.seconds.append(time.perf_counter() - began)

    @staticmethod
    def follow(run: Run, _note: Callable[[Progress], None]) -> Outcome:
        """How a run ended."""
        outcome = read_run_file(run.folder, OUTCOME, Outcome)
        assert outcome
        return outcome

    @property
    def seconds_on_machines(self) -> float:
        """What all would take, if each shard had a machine of its own."""
        *shards, merging = self.seconds
        return max(shards, default=0.0) + merging


class OnCluster:
    """Runs on a cluster."""

    def __init__(self, slurm: Slurm, home: Path) -> None:
        executor = SlurmExecutor(Transport(slurm.prefix), patience_seconds=10)
        self._cluster = Cluster(executor, home, ClusterUse(ENGINE))

    def submit(self, run: Run, limits: Limits) -> None:
        """Queue a run."""
        self._cluster.submit(Submission(run, limits.seconds, limits.memory_bytes))

    def follow(self, run: Run, note: Callable[[Progress], None]) -> Outcome:
        """How a run ended, once it did."""
        followed = FollowedRun(self._cluster, run, note)
        return followed.outcome(lambda: False, lambda: None)


@contextmanager
def staged(home: Path, paths: Tables) -> Iterator[Run]:
    """Provide a run that crosses the tables, in a folder that is removed after the block."""
    with TemporaryDirectory(dir=home) as name:
        run, folder = Run(uuid4().hex, Path(name)), JobFolder(Path(name))
        for number, path in enumerate(paths):
            folder.input_path(number).hardlink_to(path)
        inputs = {"gauche": "in/0", "droite": "in/1"}
        folder.describe(Work(kind="full", inputs=inputs, steps=STEPS))
        write_run_file(run.folder, LIMITS, MOST)
        yield run


def crossed(run: Run, place: AloneHere | OnCluster, engines: int) -> str:
    """The hash of the table that so many engines make of a run."""
    shards: dict[str, Any] = {"slurm_shards": engines, "slurm_shard_bytes": 1}
    settings = Settings.model_construct(**shards)
    watcher = Watcher(place.submit, place.follow, lambda _news: None)
    outcome = ShardedRun(run, MOST, settings, watcher).outcome()
    assert outcome.ok, outcome
    folder = JobFolder(run.folder)
    assert max(1, len(folder.work().sums)) == engines, "the engines did not share the rows"
    return sha256(folder.left_path(f"out/{RESULT}").read_bytes()).hexdigest()


def alone_here(home: Path, paths: Tables) -> Iterator[str]:
    """The hashes of what one engine and several make, in turns; prints their seconds at the end."""
    seconds: dict[int, list[float]] = {1: [], ENGINES: []}
    for _ in range(ROUNDS):
        for engines, rounds in seconds.items():
            place = AloneHere()
            with staged(home, paths) as run:
                yield crossed(run, place, engines)
            rounds.append(place.seconds_on_machines)
    one, several = (statistics.median(rounds) for rounds in seconds.values())
    print(f"    alone on a machine: 1 engine {one:.1f} s, {ENGINES} {several:.1f} s", end="")
    print(f" (the slowest, then the rest): x{one / several:.2f}", flush=True)


def on_cluster(home: Path, paths: Tables, slurm: Slurm) -> Iterator[str]:
    """The hashes of what engines make on a node, which is lost once; prints their seconds."""
    for engines in (1, ENGINES):
        with staged(home, paths) as run, timed(f"{engines} on one node of Slurm") as took:
            yield crossed(run, OnCluster(slurm, run.folder.parent), engines)
    with staged(home, paths) as run, timed(f"{ENGINES} there, the node lost in the middle"):
        losing = threading.Thread(target=lose_node, args=(slurm, run, took[0] / 4))
        losing.start()
        table_hash = crossed(run, OnCluster(slurm, run.folder.parent), ENGINES)
        losing.join()
        yield table_hash


@contextmanager
def timed(title: str) -> Iterator[list[float]]:
    """Print the seconds of the block, which are in the list after it."""
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)
    print(f"    {title}: {seconds[0]:.1f} s", flush=True)


def lose_node(slurm: Slurm, run: Run, seconds: float) -> None:
    """Lose the node so long after all shards of a run started, and give it back."""
    shards = run.folder / SHARDS

    def are_started() -> bool:
        notes = [shard / STARTED for shard in shards.glob("*")]
        return len(notes) == ENGINES and all(note.is_symlink() for note in notes)

    eventually(are_started, "a start of every shard")
    time.sleep(seconds)
    over = len([*shards.glob(f"*/{OUTCOME}")])
    slurm.lose_node()
    slurm.repair()
    print(f"    lost with {ENGINES - over} shards at work")


def main() -> None:
    """Start a cluster, and print seconds and ratios at each size, and how many results differ."""
    print(f"\nslurm_shards: {(__doc__ or '').splitlines()[0]}")
    with TemporaryDirectory(prefix="dl-") as folder:
        home = Path(folder)
        (home / "slurm").mkdir()
        with running_slurm(home / "slurm") as slurm:
            for rows in SIZES:
                paths = tables(home, rows, "parquet")
                print(f"  {rows:,} rows, {paths[0].stat().st_size / 1e6:,.0f} MB", flush=True)
                hashes = {*alone_here(home, paths), *on_cluster(home, paths, slurm)}
                print(f"    results that differ (must be 0): {len(hashes) - 1}", flush=True)
                paths[0].unlink()


if __name__ == "__main__":
    main()
