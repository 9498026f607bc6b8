"""`datalab recipe`: treatments that others run on their own data."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.written import pairs, read_object, value_of
from deploy.local.engine_run import EngineRun
from shared.errors import LabError

app = CommandGroup("Recipes: treatments that others run on their own data.")

Inputs = Annotated[
    list[str], typer.Option("--input", help="INPUT=DATASET of the recipe; several times.")
]
Values = Annotated[
    list[str], typer.Option("--set", help="PARAMETER=VALUE of the recipe; several times.")
]


def _show(recipe: Answer) -> None:
    latest = recipe["latest"]
    show.record({**recipe, **latest}, leave_out=("latest", "inputs", "parameters", "steps"))
    for kind in ("inputs", "parameters"):
        if latest[kind]:
            show.line(f"\n{kind}")
            rows = [{"name": name, **declaration} for name, declaration in latest[kind].items()]
            show.rows(rows, tuple(rows[0]))


@app.answers("publish", _show)
def publish(
    api: Client,
    file: Annotated[typer.FileText, typer.Argument(help="YAML or JSON, - for standard input.")],
) -> Answer:
    """Publish the recipe that FILE describes, or another version of it."""
    return api.post("compute", "/recipes", read_object(file))


@app.lists("list", "name", "latest.number", "latest.title", "member_id")
def list_() -> ListRequest:
    """List the recipes that are offered."""
    return "compute", "/recipes", {}


@app.answers("show", _show)
def show_(api: Client, name: str) -> Answer:
    """Show a recipe: what it takes, what can be chosen."""
    return api.get("compute", path_of("recipes", name))


@app.lists("for", "name", "title", "input", "columns", "reason")
def for_(dataset_id: str) -> ListRequest:
    """List the recipes that run on a dataset."""
    return "catalog", path_of("datasets", dataset_id, "recipes"), {}


@app.answers("retire", _show)
def retire(api: Client, name: str) -> Answer:
    """Offer a recipe no longer; what was made by it stays."""
    return api.post("compute", path_of("recipes", name, "retirement"), {})


def made_by(api: Client, name: str, inputs: list[str], values: list[str]) -> Answer:
    """Return the treatment that the recipe makes of `INPUT=DATASET` and `PARAMETER=VALUE`."""
    parameters = {key: value_of(value) for key, value in pairs("--set", values).items()}
    body = {"inputs": pairs("--input", inputs), "parameters": parameters}
    return api.post("compute", path_of("recipes", name, "treatment"), body)


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
