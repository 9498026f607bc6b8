"""`datalab code`: a holder's own Python code, before a lab runs it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import CallError
from deploy.cli.command_group import CommandGroup

app = CommandGroup("Your own Python code, for the application `python`.")

_MEMORY_MB, _SECONDS = 1000, 300


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, help="Python file, or notebook (.ipynb).")],
    sample: Annotated[
        list[Path],
        typer.Option(exists=True, help="A table for it, named after the file; several times."),
    ] = [],
    files: Annotated[
        list[Path],
        typer.Option(exists=True, help="A file or .zip that is no table; several times."),
    ] = [],
    parameters: Annotated[str, typer.Option(help="The JSON object that the code is given.")] = "{}",
    seed: int = 0,
    output: Annotated[Path | None, typer.Option(help="Folder for what it makes.")] = None,
    seconds: int = _SECONDS,
    memory_mb: int = _MEMORY_MB,
) -> None:
    """Run FILE here on samples, as a job would: same sandbox, same libraries, no lab needed."""
    # Only who runs code pays for what runs it.
    from deploy.local.code_check import check_code, role_of, step_of  # noqa: PLC0415
    from shared.engine.sandbox.limits import Limits  # noqa: PLC0415

    samples = {role_of(path): path for path in (*sample, *files)}
    if not samples:
        raise CallError("add what the code shall read: --sample FILE.csv, or --files FILE.zip")
    step_parameters = {"parameters": _object(parameters), "seed": seed}
    step = step_of(file, samples, step_parameters)
    limits = Limits(seconds=seconds, memory_bytes=memory_mb * 10**6)
    uploads = {role: path.name for role, path in samples.items() if path in files}
    checked = check_code(step, samples, limits, output, uploads)
    show.raw(show.text(checked.log))
    if checked.reason:
        raise CallError(checked.reason)
    show.line(f"tables: {', '.join(role for role in samples if role not in uploads) or 'none'}")
    if uploads:
        show.line(f"files: {', '.join(uploads)}")
    show.line(f"{checked.summary} ({checked.seconds:.1f} s, {checked.peak_bytes // 10**6} MB)")
    show.line(f"made: {', '.join(checked.outputs)}")


def _object(written: str) -> dict[str, Any]:
    try:
        value = json.loads(written)
    except ValueError as error:
        raise CallError(f"--parameters is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CallError("--parameters must be a JSON object")
    return value
