"""Runs a recipe on files of this machine, with the engine alone: no service, broker or server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pydantic import ValidationError

from services.compute.execution.instructions import about
from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.recipes.filling import check_places, fill, ordered
from services.compute.recipes.fitting import Fitting
from services.compute.recipes.model import RecipeVersion
from shared.aggregate import now
from shared.engine.analysis.known_tables import KnownInputs, KnownTable
from shared.engine.analysis.treatment_checks import check_tables
from shared.engine.applications import check_steps, traits_of
from shared.engine.contract.policy import ReleasePolicy
from shared.engine.contract.result import EngineResult
from shared.engine.contract.work import Work
from shared.engine.sandbox.bubblewrap import check_sandbox
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox, failure_reason
from shared.engine.tables.manifest import TABLE, Input, Profile
from shared.errors import Rejected, Unavailable, invalid_of
from shared.events import Step, Treatment

Say = Callable[[str], None]

MANIFEST = "manifest.json"
"""The file that tells what was read, done and reported."""

_LIMITS = Limits(seconds=3600, memory_bytes=2_000_000_000)
_ENGINE = "shared.engine.running"
_TABLE = "table"
_UNCONFINED = (
    "bubblewrap does not work here: files are read without a sandbox; others' code is refused"
)


class _ReadFile(NamedTuple):
    """A file that was read: as the job reads it, and as checks know it."""

    input: Input
    known: KnownTable


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
    ) -> list[str]:
        """Run the recipe on these files, by its inputs; returns the sentences of its reports.

        What comes out lies in the folder `output`, in place of what an earlier run wrote there; on
        failure that stays as it was.
        Raises Invalid naming the field for a recipe, file or value that does not fit, Rejected, in
        French, for what cannot be read or run, and OSError where `output` cannot be written.
        """
        version, treatment = _treatment(recipe, files, values)
        traits = [traits_of(step) for step in treatment.steps]
        if not self.is_confined and any(trait.runs_code for trait in traits):
            raise Rejected("bubblewrap is needed to run code")
        if any(trait.needs_key for trait in traits):
            raise Rejected("pseudonyms need the key of a project of the lab")
        with _new_folder(output) as results, job_folder() as job:
            tables = [
                self._take_in(name, file, job.input_path(number))
                for number, (name, file) in enumerate(files.items())
            ]
            inputs = [table.input for table in tables]
            self._check(version, treatment, values, [table.known for table in tables])
            job.describe(
                Work(**about(inputs), kind="full", sources=tuple(inputs), steps=treatment.steps)
            )
            result = self._do(job, "the recipe")
            _leave(job, result, results, inputs, treatment.steps)
        return _sentences(result)

    def protect(self, file: Path, policy: Mapping[str, Any], output: Path) -> list[str]:
        """Make the protected tables of a file that the policy asks for; returns what they show.

        Raises as `run` does.
        """
        with _naming_fields():
            release_policy = ReleasePolicy.model_validate(policy)
        with _new_folder(output) as results, job_folder() as job:
            read_input = self._take_in(_TABLE, file, job.input_path(0)).input
            job.describe(Work(**about([read_input]), kind="protect", policy=release_policy))
            result = self._do(job, file.name)
            _leave(job, result, results, [read_input])
        return _sentences(result)

    def _check(
        self,
        version: RecipeVersion,
        treatment: Treatment,
        values: Mapping[str, Any],
        tables: list[KnownTable],
    ) -> None:
        """Refuse columns that do not fit, as the lab does, and say what is doubtful."""
        Fitting(version, values, {table.dataset_id: table for table in tables}).check({})
        findings = check_tables(treatment, KnownInputs(tables=tuple(tables)))
        if findings.faults:
            raise findings.faults[0].refusal
        for warning in findings.warnings:
            self.say(warning.message)

    def _take_in(self, name: str, file: Path, table: Path) -> _ReadFile:
        """Read a file as the catalogue does; `table` is where its table goes."""
        with job_folder() as job:
            shutil.copyfile(file, job.input_path(0))
            job.describe(Work(kind="ingest", inputs={"source": "in/0"}, filename=file.name))
            result = self._do(job, file.name)
            profile = Profile.model_validate(result.reports[0])
            (output,) = (output for output in result.outputs if output.name == TABLE)
            shutil.copyfile(job.left_path(output.path), table)
        self.say(f"{file.name}: {profile.rows} rows, keys: {', '.join(profile.keys) or 'none'}")
        with file.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
        read_input = Input(
            name=name,
            dataset_id=file.name,
            version=1,
            sha256=digest,
            title=file.name,
            described=profile.columns,
            total_rows=profile.total_rows,
            likely_total_rows=profile.likely_total_rows,
        )
        return _ReadFile(read_input, KnownTable.of(profile, dataset_id=name, title=file.name))

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
            if log:
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

    What an earlier run wrote there goes then; raises OSError for a folder with anything else.
    """
    output = output.absolute()
    if others := _names_in(output) - _written_before(output):
        raise OSError(f"{output} has other files: {', '.join(sorted(others))}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".datalab-run-", dir=output.parent) as folder:
        results = Path(folder, "results")
        results.mkdir()
        yield results
        if output.exists():
            output.rename(Path(folder, "before"))
        results.rename(output)


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def _written_before(folder: Path) -> set[str]:
    """The names of what a run wrote into the folder, as its manifest has them."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return {MANIFEST, *manifest["outputs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _leave(
    job: JobFolder,
    result: EngineResult,
    results: Path,
    inputs: Sequence[Input],
    steps: Sequence[Step] = (),
) -> None:
    """Copy what the job made for people into the folder `results`, with its manifest."""
    outputs = [file for file in result.outputs if not file.is_internal]
    for file in outputs:
        shutil.copyfile(job.left_path(file.path), results / file.name)
    manifest = {
        "outputs": [file.name for file in outputs],
        "inputs": [read.model_dump(mode="json", exclude_defaults=True) for read in inputs],
        "steps": [step.model_dump(mode="json") for step in steps],
        "reports": result.reports,
        "software": result.software,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    (results / MANIFEST).write_text(text, encoding="utf-8")


def _sentences(result: EngineResult) -> list[str]:
    """What the reports of all steps say, in French."""
    return [sentence for report in result.reports for sentence in _sentences_of(report)]


def _sentences_of(report: Mapping[str, Any]) -> Iterator[str]:
    if summary := report.get("summary"):
        yield str(summary)
    for warning in report.get("warnings", ()):
        yield f"{warning['told']}"
