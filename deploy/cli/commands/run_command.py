"""`datalab run`: a recipe on files of this machine, without a lab."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import CallError
from deploy.cli.written import pairs, read_object, value_of
from deploy.local.engine_run import EngineRun
from shared.errors import LabError


def run(
    recipe: Annotated[typer.FileText, typer.Argument(help="YAML or JSON, as it is published.")],
    inputs: Annotated[
        list[str], typer.Option("--input", help="INPUT=FILE of the recipe; several times.")
    ],
    output: Annotated[Path, typer.Option(file_okay=False, help="Where the results go.")],
    values: Annotated[
        list[str], typer.Option("--set", help="PARAMETER=VALUE of the recipe; several times.")
    ] = [],
) -> None:
    """Run a RECIPE on your files with the engine alone: no service is needed, nothing is sent."""
    files = {name: Path(file) for name, file in pairs("--input", inputs).items()}
    for file in files.values():
        if not file.is_file():
            raise CallError(f"{file} is no file")
    chosen = {name: value_of(value) for name, value in pairs("--set", values).items()}
    try:
        for sentence in EngineRun.here(show.line).run(read_object(recipe), files, chosen, output):
            show.line(sentence)
    except LabError as error:
        raise CallError(str(error)) from error
    show.line(f"written to {output}: {', '.join(sorted(path.name for path in output.iterdir()))}")
