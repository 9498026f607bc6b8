"""`datalab job`: what runs on the compute platform."""

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import path_of
from deploy.cli.session import After, Json, Limit, client

app = typer.Typer(help="Jobs on the compute platform.", no_args_is_help=True)

_APPLICATIONS = ("name", "title", "description")
_LISTED = ("id", "kind", "state", "progress", "seconds", "project_id", "reason")


@app.command("list")
def list_(
    context: typer.Context,
    project: Annotated[str, typer.Option(help="Project id.")] = "",
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List jobs, oldest first."""
    answer = client(context).get("compute", "/jobs", project_id=project, after=after, limit=limit)
    show.page(answer, _LISTED, json_wanted=json)


@app.command("show")
def show_(context: typer.Context, job_id: str, json: Json = False) -> None:
    """Show a job."""
    _show(_read(context, job_id), json=json)


@app.command()
def run(context: typer.Context, project_id: str, json: Json = False) -> None:
    """Run a staffed project's full treatment."""
    _show(client(context).post("compute", "/jobs", {"project_id": project_id}), json=json)


@app.command()
def result(
    context: typer.Context,
    job_id: str,
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False)],
    name: Annotated[str, typer.Option(help="Which of the job's files.")] = "result.csv",
) -> None:
    """Save one of a job's files."""
    path = path_of("jobs", job_id, "result")
    size = client(context).download("compute", path, output, name=name)
    show.line(f"{output}: {size} bytes")


@app.command()
def cancel(context: typer.Context, job_id: str, json: Json = False) -> None:
    """Cancel a job."""
    _show(client(context).post("compute", path_of("jobs", job_id, "cancel")), json=json)


@app.command()
def logs(context: typer.Context, job_id: str) -> None:
    """Print the end of what a job wrote."""
    typer.echo(show.text(_read(context, job_id)["log_tail"]), nl=False)


@app.command()
def applications(context: typer.Context, json: Json = False) -> None:
    """List what a treatment's steps can do; --json has their roles and parameters."""
    answer = client(context).get("compute", "/applications")
    if json:
        show.as_json(answer)
    else:
        show.rows([one for one in answer if not one["automatic"]], _APPLICATIONS)


@app.command()
def workspace(context: typer.Context, project_id: str, json: Json = False) -> None:
    """Show what a project may still compute, and what it does with its data."""
    answer = client(context).get("compute", path_of("workspaces", project_id))
    show.record(answer, json_wanted=json)


def _read(context: typer.Context, job_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = client(context).get("compute", path_of("jobs", job_id))
    return answer


def _show(answer: dict[str, Any], *, json: bool) -> None:
    show.record(answer, json_wanted=json, leave_out=("log_tail", "outputs"))
    if not json and answer["outputs"]:
        show.line("\noutputs")
        show.rows(answer["outputs"], ("name", "file.size", "file.sha256"))
