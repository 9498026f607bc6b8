"""Job folders for the tests that run the real runner."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from shared.engine.running.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "deploy" / "demo" / "data"
DATA = ROOT / "tests" / "data"


Tables = dict[str, Path | bytes]
"""Files by the names that a job has for them."""


@dataclass(frozen=True)
class RunOutcome:
    """What a run left behind."""

    folder: Path
    result: dict[str, Any]

    @property
    def error(self) -> str:
        """Why it failed."""
        return str(self.result.get("error", ""))

    @property
    def reports(self) -> list[dict[str, Any]]:
        """One report per step; fails the test when the run failed."""
        assert not self.error, self.error
        reports: list[dict[str, Any]] = self.result["reports"]
        return reports

    def masked_path(self, name: str) -> Path:
        """The file of that name of the result with cells masked."""
        paths = {output["name"]: output["path"] for output in self.result["masked"]["outputs"]}
        return self.folder / str(paths[name])

    def output_path(self, name: str) -> Path:
        """The file of that name; fails the test when it was not made."""
        paths = {output["name"]: output["path"] for output in self.result["outputs"]}
        return self.folder / str(paths[name])


def step(
    application: str, inputs: dict[str, str], output: str, **parameters: object
) -> dict[str, Any]:
    """A step of a treatment."""
    fields = {"application": application, "inputs": inputs, "output": output}
    return fields | {"parameters": parameters}


def prepare(folder: Path, job: dict[str, Any], inputs: Tables) -> None:
    """Make a job folder and fill it as the service does."""
    (folder / "in").mkdir(parents=True)
    (folder / "out").mkdir()
    describe(folder, job, inputs)


def describe(folder: Path, job: dict[str, Any], inputs: Tables) -> None:
    """Fill a job folder: inputs are numbered in order."""
    paths = {}
    for number, (name, content) in enumerate(inputs.items()):
        paths[name] = f"in/{number}"
        data = content if isinstance(content, bytes) else content.read_bytes()
        (folder / paths[name]).write_bytes(data)
    (folder / "job.json").write_text(json.dumps({"inputs": paths, **job}))


def run(folder: Path, job: dict[str, Any], inputs: Tables) -> RunOutcome:
    """Run the runner on a new job folder, in this process and without the sandbox."""
    prepare(folder, job, inputs)
    main(folder, memory_bytes=1_000_000_000)
    return RunOutcome(folder, json.loads((folder / "out" / "result.json").read_text()))


def ingest(
    folder: Path, content: Path | bytes, filename: str = "donnees.csv", **work: object
) -> RunOutcome:
    """Take in one file."""
    return run(folder, {"kind": "ingest", "filename": filename, **work}, {"source": content})


class Taken(NamedTuple):
    """Tables that were taken in, and what the runner is told of them."""

    tables: Tables
    facts: dict[str, Any]


@cache
def _folder() -> TemporaryDirectory[str]:
    """Where what was taken in lies, as long as this process goes on."""
    return TemporaryDirectory(prefix="datalab-taken-")


@cache
def ingested_once(content: Path | bytes) -> RunOutcome:
    """One file, taken in once for all tests: nobody changes anything of it."""
    path_count = len(list(Path(_folder().name).iterdir()))
    return ingest(Path(_folder().name, str(path_count)), content)


def take_in(tables: Tables) -> Taken:
    """Take in the tables: what their columns were read to hold, and which rows are totals."""
    taken, described, totals, likely = {}, {}, {}, {}
    for name, content in tables.items():
        outcome = ingested_once(content)
        described[name] = outcome.reports[0]["columns"]
        taken[name] = outcome.output_path("table.parquet")
        ranges = [total["ranges"] for total in outcome.reports[0].get("totals", ())]
        totals[name] = [row_range for row_ranges in ranges for row_range in row_ranges]
        likely[name] = sum(
            likely_total["count"] for likely_total in outcome.reports[0].get("likely_totals", ())
        )
    fields = {"described": described, "total_rows": totals, "likely_total_rows": likely}
    return Taken(dict(taken), fields)


def treat(folder: Path, tables: Tables, *steps: dict[str, Any], **work: object) -> RunOutcome:
    """Take in the tables, and run a treatment on what comes out; `work` tells the runner more."""
    return treat_taken(folder, take_in(tables), *steps, **work)


def treat_taken(folder: Path, taken: Taken, *steps: dict[str, Any], **work: object) -> RunOutcome:
    """Run a treatment on tables that were taken in."""
    job = {"kind": "full", "steps": list(steps), **taken.facts, **work}
    return run(folder / "job", job, taken.tables)


def packed(files: Mapping[Any, bytes | str]) -> bytes:
    """A ZIP archive of these."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
