"""Runs a holder's own code on samples, in the sandbox that jobs have, without a lab."""

import re
import shutil
from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tokenize import detect_encoding
from types import MappingProxyType
from typing import Any, NamedTuple

from services.compute.execution.job_folder import JobFolder, job_folder
from shared.engine.applications import check_steps
from shared.engine.applications.python.application import PYTHON, check_installed
from shared.engine.contract.result import EngineResult
from shared.engine.contract.work import Work
from shared.engine.sandbox.bubblewrap import check_sandbox
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.sandbox import Sandbox
from shared.engine.tables.manifest import TABLE
from shared.errors import Invalid, Rejected
from shared.events.event import Step
from shared.language.folding import fold

OUTPUT = "resultat"
"""What the step calls its table here."""

_NOTEBOOK = ".ipynb"


class CheckedCode(NamedTuple):
    """How the code ended: `reason` is French, and empty when it went well."""

    reason: str
    log: str
    seconds: float
    peak_bytes: int
    summary: str
    outputs: tuple[str, ...]


def step_of(file: Path, roles: Mapping[str, Path], chosen_parameters: Mapping[str, Any]) -> Step:
    """Return the step that runs the code in `file` on the tables of `roles`.

    `chosen_parameters` are its other parameters. Raises Invalid, in French, if a treatment could
    not have that step.
    """
    kind = "notebook" if file.suffix == _NOTEBOOK else "code"
    parameters = {**chosen_parameters, kind: _text_of(file)}
    inputs = {role: role for role in roles}
    step = Step(application=PYTHON.name, inputs=inputs, parameters=parameters, output=OUTPUT)
    check_steps(roles, [step])
    check_installed([step])
    return step


def _text_of(file: Path) -> str:
    """What is written in a file, in the encoding that it declares as Python's do (PEP 263)."""
    raw = file.read_bytes()
    try:
        is_notebook = file.suffix == _NOTEBOOK
        encoding = "utf-8-sig" if is_notebook else detect_encoding(BytesIO(raw).readline)[0]
        return TextIOWrapper(BytesIO(raw), encoding).read()
    except (SyntaxError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{file.name} n'est pas écrit dans l'encodage qu'il annonce (UTF-8, à défaut) :"
            " enregistrez-le en UTF-8, ou écrivez son encodage en première ligne, p. ex."
            " « # -*- coding: cp1252 -*- »"
        ) from error


def role_of(path: Path) -> str:
    """What the table of a file is called in the code: its name, in plain letters."""
    plain = re.sub(r"[^a-z0-9]+", "_", fold(path.stem)).strip("_")
    return plain if plain[:1].isalpha() else f"table_{plain}".rstrip("_")


def check_code(
    step: Step,
    samples: Mapping[str, Path],
    limits: Limits,
    kept: Path | None,
    uploads: Mapping[str, str] = MappingProxyType({}),
) -> CheckedCode:
    """Take the samples in and run the step on them; what it makes goes into the folder `kept`.

    Those in `uploads` are files and no table: what they are called, by their role. Raises Rejected,
    in French, for a sample that is no table, Unavailable where no sandbox starts.
    """
    check_sandbox()
    with job_folder() as folder:
        profiles = {}
        for number, (role, path) in enumerate(samples.items()):
            if role in uploads:
                shutil.copyfile(path, folder.input_path(number))
            else:
                profiles[role] = _take(path, limits, folder.input_path(number))
        work = Work(
            kind="full",
            inputs={role: f"in/{number}" for number, role in enumerate(samples)},
            described={role: profile["columns"] for role, profile in profiles.items()},
            uploads=dict(uploads),
            steps=(step,),
        )
        folder.describe(work)
        outcome = Sandbox(limits).run(folder.path, _nobody_listens, lambda: False)
        if not outcome.ok:
            return CheckedCode(*_end(outcome), "", ())
        result = folder.result()
        if kept:
            _keep(folder, result, kept)
        names = tuple(output.name for output in result.outputs)
        return CheckedCode(*_end(outcome), str(result.reports[0]["summary"]), names)


def _end(outcome: Outcome) -> tuple[str, str, float, int]:
    return outcome.reason, outcome.log_tail, outcome.seconds, outcome.peak_bytes


def _take(path: Path, limits: Limits, table: Path) -> Mapping[str, Any]:
    """Take a sample in as `table`; returns its profile."""
    with job_folder() as folder:
        shutil.copyfile(path, folder.input_path(0))
        folder.describe(Work(kind="ingest", inputs={"source": "in/0"}, filename=path.name))
        outcome = Sandbox(limits).run(folder.path, _nobody_listens, lambda: False)
        if not outcome.ok:
            raise Rejected(f"{path.name} : {outcome.reason}")
        result = folder.result()
        [output] = [output for output in result.outputs if output.name == TABLE]
        shutil.move(folder.left_path(output.path), table)
        return result.reports[0]


def _keep(folder: JobFolder, result: EngineResult, kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    for output in result.outputs:
        shutil.copyfile(folder.left_path(output.path), kept / output.name)


def _nobody_listens(_news: Progress) -> None:
    pass
