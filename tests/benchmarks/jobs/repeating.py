"""A recipe that runs again, with another chart and with another last step, beside its first run.

Each job runs in the sandbox as the service lets it, with its inputs there already; what is kept of
steps is looked up in a document server of its own. The seconds are those of the sandbox, and
beside them those of bringing and keeping steps. `without` is the recipe with nothing kept.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from pymongo import MongoClient

from services.compute.execution.spares.spares import Spares
from services.compute.execution.step_cache.cache import JobSteps
from services.compute.execution.step_cache.model import KeptStep
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id, now
from shared.endings.orphans import WrittenFile
from shared.engine.contract.work import Work
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
from shared.engine.tables.manifest import PARQUET, Input
from shared.events import Step, Treatment
from shared.storage import Storage
from shared.store import Store
from tests.benchmarks.jobs.crossing import LEFT, RIGHT
from tests.integration.compute.step_cache.projects import kept_settings
from tests.servers import Documents, eventually

ROUNDS = 3
SIZES = (2_600, 5_000_000)
"""The communes of the demo, and as many rows as the crossing's benchmark has."""

LIMITS = Limits(seconds=600, memory_bytes=2**30)
_INPUTS = {"gauche": "dts_left", "droite": "dts_right"}


def steps(by: str = "epci", title: str = "Logements") -> tuple[Step, ...]:
    """A crossing that is added up and drawn."""
    keys = {"left_key": "com", "right_key": "code", "how": "inner"}
    figures = {"by": [by], "sums": ["logements", "vacants"]}
    fields = {"label": by, "value": "logements", "title": title}
    crossed = {"left": "gauche", "right": "droite"}
    return (
        Step(application="cross", inputs=crossed, parameters=keys, output="croisement"),
        Step(
            application="aggregate",
            inputs={"table": "croisement"},
            parameters=figures,
            output="sommes",
        ),
        Step(application="chart", inputs={"table": "sommes"}, parameters=fields, output="dessin"),
    )


RUNS = {
    "first": steps(),
    "again": steps(),
    "other chart": steps(title="Logements par EPCI"),
    "other last step": steps(by="nom"),
}


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the best seconds of each run, at each size."""
    print(f"\nrepeating: {__doc__ and __doc__.splitlines()[0]}")
    with TemporaryDirectory(prefix="datalab-bench-") as home, _documents(Path(home)) as uri:
        for rows in SIZES:
            rounds = [_round(Path(home), uri, rows) for _ in range(ROUNDS)]
            print(f"  {rows:,} rows (sandbox + around it)")
            for name in rounds[0]:
                inside, around = min(turn[name] for turn in rounds)
                print(f"    {name:<16} {inside:6.2f} s + {around:5.2f} s")


@contextmanager
def _documents(home: Path) -> Iterator[str]:
    server = Documents(home)
    server.start()
    try:
        yield server.uri
    finally:
        server.stop()


def _round(home: Path, uri: str, rows: int) -> dict[str, tuple[float, float]]:
    name = new_id("bench")
    tables = _tables(home, rows)
    with closing(Store(uri, name)) as store:
        store.prepare((Workspace, Job, KeptStep, WrittenFile))
        project = Workspace(id=new_id("prj"), state="open")
        store.of(Workspace).save(project)
        bench = _Bench(store, Storage(f"file://{home}/files-{name}"), project.id, tables)
        figures = {run: bench.run(recipe) for run, recipe in RUNS.items()}
        bench.settings = kept_settings(step_cache_bytes=0)
        figures["without"] = bench.run(steps())
    with closing(MongoClient[dict[str, Any]](uri)) as client:
        client.drop_database(name)
    return figures


class _Bench:
    """A project whose jobs run in the sandbox."""

    def __init__(self, store: Store, files: Storage, project: str, tables: Sequence[Path]) -> None:
        self._store, self._files, self._project, self._tables = store, files, project, tables
        self.settings = kept_settings()
        self._read = [files.put([path.read_bytes()], PARQUET) for path in tables]

    def run(self, recipe: tuple[Step, ...]) -> tuple[float, float]:
        """The seconds in the sandbox, and those of bringing and keeping steps."""
        spares = Spares(1, LIMITS.memory_bytes)
        eventually(lambda: _is_filled(spares), "a sandbox waits")
        with closing(spares), spares.folder() as (folder, waiting):
            for number, path in enumerate(self._tables):
                folder.input_path(number).hardlink_to(path)
            inputs = {name: f"in/{number}" for number, name in enumerate(_INPUTS)}
            work = Work(kind="full", inputs=inputs, steps=recipe)
            kept = JobSteps(self._store, self._files, self.settings, self._job(recipe), folder)
            began = time.perf_counter()
            work = kept.bring(work, list(zip(self._inputs(), self._read, strict=True)), 600)
            around = time.perf_counter() - began
            folder.describe(work)
            outcome = Sandbox(LIMITS).run(folder.path, lambda _: None, lambda: False, waiting)
            assert outcome.ok, outcome
            began = time.perf_counter()
            kept.keep()
            return outcome.seconds, around + time.perf_counter() - began

    def _inputs(self) -> list[Input]:
        pairs = zip(_INPUTS.items(), self._read, strict=True)
        return [
            Input(name=name, dataset_id=dataset, version=1, sha256=file.sha256)
            for (name, dataset), file in pairs
        ]

    def _job(self, recipe: tuple[Step, ...]) -> Job:
        about: dict[str, Any] = {"project_id": self._project, "queued_at": now(), "lane": "b"}
        treatment = Treatment(inputs=_INPUTS, steps=recipe)
        job = Job(id=new_id("job"), kind="full", owner_id="mbr_1", treatment=treatment, **about)
        return self._store.of(Job).save(job)


def _tables(home: Path, rows: int) -> tuple[Path, Path]:
    paths = home / f"left-{rows}", home / f"right-{rows}"
    with duckdb.connect() as database:
        for path, query in zip(paths, (LEFT.format(rows=rows), RIGHT), strict=True):
            if not path.exists():
                database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return paths


def _is_filled(spares: Spares) -> bool:
    spares.fill()
    return spares.is_full


if __name__ == "__main__":
    main()
