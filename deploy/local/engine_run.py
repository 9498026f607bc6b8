"""Runs a recipe on files of this machine, with the engine alone: no service, broker or server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from services.compute.execution.bubblewrap import check_sandbox
from services.compute.execution.executor import Limits
from services.compute.execution.instructions import about
from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.execution.sandbox import Sandbox, failure_reason
from services.compute.recipes.filling import check_places, fill, ordered
from services.compute.recipes.model import RecipeVersion
from shared.aggregate import now
from shared.engine.applications import check_steps, traits_of
from shared.engine.contract.result import EngineResult
from shared.engine.contract.work import Work
from shared.engine.tables.manifest import TABLE, Input, Profile
from shared.errors import Rejected, Unavailable, invalid_of
from shared.events import Step, Treatment

Say = Callable[[str], None]

MANIFEST = "manifest.json"
"""The file that tells what was read, done and reported."""

_LIMITS = Limits(seconds=3600, memory_bytes=2_000_000_000)
_ENGINE = "shared.engine.running"
_UNCONFINED = (
    "bubblewrap does not work here: files are read without a sandbox; others' code is refused"
)


@dataclass(frozen=True)
class EngineRun:
    """Does the jobs of a recipe one after the other, within a job's limits; `say` tells of them.

    Without bubblewrap they run unconfined, and `say` tells so.
    """

    say: Say
    is_confined: bool

    @classmethod
    def here(cls, say: Say) -> "EngineRun":
        """One that is confined where this machine can do that."""
        try:
            check_sandbox()
        except Unavailable:
            say(_UNCONFINED)
            return cls(say, is_confined=False)
        return cls(say, is_confined=True)

    def run(
        self,
        recipe: Mapping[str, Any],
        files: Mapping[str, Path],
        values: Mapping[str, Any],
        output: Path,
    ) -> Iterator[str]:
        """Run the recipe on these files, by its inputs; yield the sentences of its reports.

        What comes out lies in the folder `output`. Raises Invalid naming the field for a recipe,
        file or value that does not fit, and Rejected, in French, for what cannot be read or run.
        """
        treatment = _treatment(recipe, files, values)
        if not self.is_confined and any(traits_of(step).runs_code for step in treatment.steps):
            raise Rejected("bubblewrap is needed to run code")
        with TemporaryDirectory(prefix="datalab-run-") as folder:
            tables = {name: Path(folder) / f"{number}" for number, name in enumerate(files)}
            inputs = [self._take_in(name, files[name], tables[name]) for name in files]
            with job_folder() as job:
                for number, table in enumerate(tables.values()):
                    shutil.copyfile(table, job.input_path(number))
                job.describe(_work(inputs, treatment.steps))
                result = self._do(job, "the recipe")
                _keep(job, result, output)
        (output / MANIFEST).write_text(_manifest(inputs, treatment.steps, result), encoding="utf-8")
        for report in result.reports:
            yield from _sentences(report)

    def _take_in(self, name: str, file: Path, table: Path) -> Input:
        """Read a file as the catalogue does; `table` is where it goes."""
        with job_folder() as job:
            shutil.copyfile(file, job.input_path(0))
            job.describe(Work(kind="ingest", inputs={"source": "in/0"}, filename=file.name))
            result = self._do(job, file.name)
            profile = Profile.model_validate(result.reports[0])
            (output,) = (output for output in result.outputs if output.name == TABLE)
            shutil.copyfile(job.made_path(output), table)
        self.say(f"{file.name}: {profile.rows} rows, keys: {', '.join(profile.keys) or 'none'}")
        for warning in (warning for column in profile.columns for warning in column.warnings):
            self.say(f"{file.name}: {warning.message}")
        return Input(
            name=name,
            dataset_id=file.name,
            version=1,
            sha256=sha256(file.read_bytes()).hexdigest(),
            title=file.name,
            described=profile.columns,
            total_rows=profile.total_rows,
            likely_total_rows=profile.likely_total_rows,
        )

    def _do(self, job: JobFolder, what: str) -> EngineResult:
        """Run the job in its folder; raises Rejected, saying of what, where it fails."""
        if self.is_confined:
            outcome = Sandbox(_LIMITS).run(job.path, lambda _progress: None, lambda: False)
            reason = outcome.reason
        else:
            command = (sys.executable, "-m", _ENGINE, str(job.path), str(_LIMITS.memory_bytes))
            process = subprocess.run(command, capture_output=True, check=False)
            reason = failure_reason(job.path, process.returncode)
        if reason:
            raise Rejected(f"{what}: {reason}")
        return job.result()


def _treatment(
    recipe: Mapping[str, Any], files: Mapping[str, Path], values: Mapping[str, Any]
) -> Treatment:
    with _naming_fields():
        version = RecipeVersion.model_validate({**recipe, "number": 1, "published_at": now()})
    version = version.model_copy(update={"steps": ordered(version.steps)})
    check_places(version)
    name = str(recipe.get("name", ""))
    treatment = fill(version, name, {input_name: input_name for input_name in files}, values)
    check_steps(treatment.inputs, treatment.steps)
    return treatment


@contextmanager
def _naming_fields() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise invalid_of(error) from error


def _work(inputs: list[Input], steps: tuple[Step, ...]) -> Work:
    return Work(**about(inputs), kind="full", sources=tuple(inputs), steps=steps)


def _keep(job: JobFolder, result: EngineResult, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    for file in result.outputs:
        if not file.is_internal:
            shutil.copyfile(job.made_path(file), output / file.name)


def _manifest(inputs: list[Input], steps: tuple[Step, ...], result: EngineResult) -> str:
    manifest = {
        "inputs": [read.model_dump(mode="json", exclude_defaults=True) for read in inputs],
        "steps": [step.model_dump(mode="json") for step in steps],
        "reports": result.reports,
        "software": result.software,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=2)


def _sentences(report: Mapping[str, Any]) -> Iterator[str]:
    """What a step's report says, in French."""
    if summary := report.get("summary"):
        yield str(summary)
    for warning in report.get("warnings", ()):
        yield f"{warning['told']}"
