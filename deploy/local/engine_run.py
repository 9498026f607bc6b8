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
from services.compute.recipes.fitting import Fitting
from services.compute.recipes.model import RecipeVersion
from shared.aggregate import now
from shared.engine.analysis.known_tables import KnownColumn, KnownInputs, KnownTable
from shared.engine.analysis.treatment_checks import check_tables
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

        What comes out lies in the folder `output`, in place of an earlier run's; on failure that
        stays as it was.
        Raises Invalid naming the field for a recipe, file or value that does not fit, Rejected, in
        French, for what cannot be read or run, and OSError where `output` cannot be written.
        """
        version, treatment = _treatment(recipe, files, values)
        traits = [traits_of(step) for step in treatment.steps]
        if not self.is_confined and any(trait.runs_code for trait in traits):
            raise Rejected("bubblewrap is needed to run code")
        if any(trait.needs_key for trait in traits):
            raise Rejected("pseudonyms need the key of a project of the lab")
        with _new_folder(output) as made, TemporaryDirectory(prefix="datalab-run-") as folder:
            tables = {name: Path(folder) / f"{number}" for number, name in enumerate(files)}
            inputs = [self._take_in(name, files[name], tables[name]) for name in files]
            self._check(version, treatment, values, inputs)
            with job_folder() as job:
                for number, table in enumerate(tables.values()):
                    shutil.copyfile(table, job.input_path(number))
                job.describe(_work(inputs, treatment.steps))
                result = self._do(job, "the recipe")
                _keep(job, result, made)
            manifest = _manifest(inputs, treatment.steps, result)
            (made / MANIFEST).write_text(manifest, encoding="utf-8")
        for report in result.reports:
            yield from _sentences(report)

    def _check(
        self,
        version: RecipeVersion,
        treatment: Treatment,
        values: Mapping[str, Any],
        inputs: list[Input],
    ) -> None:
        """Refuse columns that do not fit, as the lab does, and say what is doubtful."""
        tables = {read.name: _known_table(read) for read in inputs}
        Fitting(version, values, tables).check({})
        findings = check_tables(treatment, KnownInputs(tables=tuple(tables.values())))
        if findings.faults:
            raise findings.faults[0].refusal
        for warning in findings.warnings:
            self.say(warning.message)

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
            reason, log = outcome.reason, outcome.log_tail
        else:
            command = (sys.executable, "-m", _ENGINE, str(job.path), str(_LIMITS.memory_bytes))
            process = subprocess.run(command, capture_output=True, check=False)
            reason, log = failure_reason(job.path, process.returncode), process.stderr.decode()
        if reason:
            # What code printed, and its trace, stands nowhere else.
            self.say(log)
            raise Rejected(f"{what}: {reason}")
        return job.result()


def _treatment(
    recipe: Mapping[str, Any], files: Mapping[str, Path], values: Mapping[str, Any]
) -> tuple[RecipeVersion, Treatment]:
    """Read the recipe, and fill it; raises Invalid naming the field at fault."""
    with _naming_fields():
        version = RecipeVersion.model_validate({**recipe, "number": 1, "published_at": now()})
        version = version.model_copy(update={"steps": ordered(version.steps)})
        check_places(version)
        name = str(recipe.get("name", ""))
        treatment = fill(version, name, {input_name: input_name for input_name in files}, values)
    check_steps(treatment.inputs, treatment.steps)
    return version, treatment


@contextmanager
def _naming_fields() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise invalid_of(error) from error


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """A folder that becomes `output` at the end of the block; nothing stays of it on failure.

    What an earlier run left there goes then; raises OSError for a folder with anything else.
    """
    if output.exists() and any(output.iterdir()) and not (output / MANIFEST).exists():
        raise OSError(f"{output} has other files")
    part = output.with_name(f".{output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(output, ignore_errors=True)
        part.rename(output)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _known_table(read: Input) -> KnownTable:
    return KnownTable(
        dataset_id=read.name,
        title=read.title,
        columns=tuple(map(KnownColumn.of, read.described)),
        total_rows=read.total_rows,
        likely_totals=read.likely_total_rows,
    )


def _work(inputs: list[Input], steps: tuple[Step, ...]) -> Work:
    return Work(**about(inputs), kind="full", sources=tuple(inputs), steps=steps)


def _keep(job: JobFolder, result: EngineResult, output: Path) -> None:
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
