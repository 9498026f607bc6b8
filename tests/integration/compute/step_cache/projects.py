"""A project whose jobs run one after the other, with what they keep of their steps."""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from services.compute.execution.job_folder import JobFolder
from services.compute.execution.step_cache.cache import JobSteps
from services.compute.execution.step_cache.model import KeptStep
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.aggregate import new_id, now
from shared.engine.contract.work import Keeping, Work
from shared.engine.running.__main__ import main
from shared.engine.tables.manifest import PARQUET, Input
from shared.events import FileRef, Step, Treatment
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store

MEMORY_BYTES = 1_000_000_000
_NOTHING: dict[str, Any] = {"cached": {}, "keeping": Keeping()}


def kept_settings(**overrides: Any) -> Settings:
    """Those of a service, of which the ones about kept steps alone count here."""
    uris = {"amqp_uri": "amqp://localhost", "mongodb_uri": "mongodb://localhost"}
    about = {"storage_url": "memory://", "token_public_key": "key.pem", "http_port": 1}
    return Settings.model_validate({**uris, **about, **overrides})


@dataclass
class Done:
    """What a job left: the rows of its result, and a report for each step."""

    job: Job
    work: Work
    result: pd.DataFrame
    reports: list[dict[str, Any]]

    @property
    def reused(self) -> list[str]:
        """The tables that it did not make."""
        return [report["output"] for report in self.reports if "reused" in report]

    @property
    def plain_reports(self) -> list[dict[str, Any]]:
        """The reports without where they come from."""
        return [{k: v for k, v in report.items() if k != "reused"} for report in self.reports]


@dataclass
class Project:
    """A project with a workspace; `tables` are what it may read, as datasets of their name."""

    store: Store
    files: Storage
    home: Path
    tables: dict[str, pa.Table]
    id: str = field(default_factory=lambda: new_id("prj"))
    settings: Settings = field(default_factory=lambda: kept_settings(step_cache_seconds=0))

    def __post_init__(self) -> None:
        """Open the workspace."""
        workspace = Workspace(id=self.id, state="open", holder_id="mbr_1", quota_seconds=3600)
        self.store.of(Workspace).save(workspace)

    def job(self, *steps: Step) -> Job:
        """A job that has begun."""
        inputs = {name: f"dts_{name}" for name in self.tables}
        treatment = Treatment(inputs=inputs, steps=steps)
        about: dict[str, Any] = {"project_id": self.id, "treatment": treatment, "queued_at": now()}
        job = Job(id=new_id("job"), kind="full", owner_id="mbr_1", lane=self.id, **about)
        return self.store.of(Job).save(job)

    def run(self, *steps: Step, is_kept: bool = True, **overrides: Any) -> Done:
        """Run a job as the service does, without its sandbox; `overrides` tells the runner more."""
        job, path = self.job(*steps), self.home / new_id("folder")
        path.mkdir()
        folder, granted_inputs = JobFolder(path), list[tuple[Input, FileRef]]()
        for number, (name, table) in enumerate(self.tables.items()):
            pq.write_table(table, folder.input_path(number))
            file = self.files.put([folder.input_path(number).read_bytes()], PARQUET)
            about = {"dataset_id": f"dts_{name}", "version": 1, "sha256": file.sha256}
            granted_inputs.append((Input(name=name, **about), file))
        inputs = {
            job_input.name: f"in/{number}" for number, (job_input, _) in enumerate(granted_inputs)
        }
        work = Work(kind="full", inputs=inputs, steps=steps, **overrides)
        kept = JobSteps(self.store, self.files, self.settings, job, folder)
        work = kept.bring(work, granted_inputs, 600)
        folder.describe(work if is_kept else work.model_copy(update=_NOTHING))
        main(path, MEMORY_BYTES)
        result = json.loads((path / "out" / "result.json").rename(path / "result.json").read_text())
        assert "error" not in result, result["error"]
        if is_kept:
            kept.keep()
        return Done(job, work, pd.read_parquet(path / "out" / "result.parquet"), result["reports"])

    @property
    def kept(self) -> list[KeptStep]:
        """What is kept of its steps, by their files."""
        return list(self.store.of(KeptStep).every({"project_id": self.id}))

    def stored(self, file: FileRef) -> bool:
        """Whether a file is in the store."""
        with contextlib.suppress(Exception):
            return bool(self.files.read(file))
        return False
