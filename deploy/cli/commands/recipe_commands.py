"""`datalab recipe`: treatments that others run on their own data."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.written import pairs, read_object

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
    body = {"inputs": pairs("--input", inputs), "parameters": pairs("--set", values)}
    return api.post("compute", path_of("recipes", name, "treatment"), body)
