"""`datalab project`: from submission to delivery."""

import json as jsonlib
from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import Away, CallError, path_of
from deploy.cli.session import After, Json, Limit, client

app = typer.Typer(help="Projects, from submission to delivery.", no_args_is_help=True)

_LISTED = ("id", "stage", "holder_id", "title", "submitted_at")
_JsonFile = Annotated[typer.FileText, typer.Argument(help="JSON file, - for standard input.")]


@app.command()
def submit(
    context: typer.Context,
    file: _JsonFile,
    idempotency_key: Annotated[
        str, typer.Option(help="The same key registers the same project once.")
    ] = "",
    json: Json = False,
) -> None:
    """Submit the project that FILE describes."""
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
    project = _object(file)
    _check(context, project.get("treatment"))
    answer = client(context).post("intake", "/projects", project, headers)
    _show(answer, json=json)


@app.command("list")
def list_(
    context: typer.Context,
    stage: str = "",
    holder: Annotated[str, typer.Option(help="Member id of the holder.")] = "",
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List projects."""
    query = {"stage": stage, "holder_id": holder, "after": after, "limit": limit}
    show.page(client(context).get("intake", "/projects", **query), _LISTED, json_wanted=json)


@app.command("show")
def show_(context: typer.Context, project_id: str, json: Json = False) -> None:
    """Show a project: its stage, guidance with reasons, and history."""
    _show(client(context).get("intake", path_of("projects", project_id)), json=json)


@app.command()
def treatment(context: typer.Context, project_id: str, file: _JsonFile, json: Json = False) -> None:
    """Say what the project does with its data."""
    written = _object(file)
    _check(context, written)
    _command(context, project_id, "treatment", written, json=json)


@app.command()
def review(
    context: typer.Context,
    project_id: str,
    decision: Annotated[str, typer.Option(help="secure or reject.")],
    reason: Annotated[str, typer.Option(help="In French: the holder reads it.")],
    json: Json = False,
) -> None:
    """Secure a project or turn it down."""
    _command(context, project_id, "review", {"decision": decision, "reason": reason}, json=json)


@app.command("pilot-site")
def pilot_site(context: typer.Context, project_id: str, site_id: str, json: Json = False) -> None:
    """Confirm the member where the project is piloted."""
    _command(context, project_id, "pilot-site", {"site_id": site_id}, json=json)


@app.command()
def team(
    context: typer.Context, project_id: str, member_ids: list[str], json: Json = False
) -> None:
    """Confirm the members who work on the project."""
    _command(context, project_id, "team", {"team": member_ids}, json=json)


@app.command()
def deliver(
    context: typer.Context,
    project_id: str,
    job: Annotated[str, typer.Option(help="The full job whose result it is.")],
    title: Annotated[str, typer.Option(help="Title in the catalogue.")],
    description: Annotated[str, typer.Option()],
    licence: Annotated[str, typer.Option()],
    keyword: Annotated[list[str], typer.Option(help="May be given several times.")] = [],
    json: Json = False,
) -> None:
    """Deliver a full job's result; it returns to the catalogue."""
    body = {
        "job_id": job,
        "title": title,
        "description": description,
        "licence": licence,
        "keywords": keyword,
    }
    _command(context, project_id, "delivery", body, json=json)


@app.command()
def withdraw(
    context: typer.Context,
    project_id: str,
    reason: Annotated[str, typer.Option(help="In French.")] = "",
    json: Json = False,
) -> None:
    """Give a project up."""
    _command(context, project_id, "withdraw", {"reason": reason} if reason else {}, json=json)


def _command(
    context: typer.Context, project_id: str, command: str, body: dict[str, Any], *, json: bool
) -> None:
    answer = client(context).post("intake", path_of("projects", project_id, command), body)
    _show(answer, json=json)


def _check(context: typer.Context, treatment: object) -> None:
    """Let compute refuse what cannot run; when it is away, the trial will tell."""
    if not isinstance(treatment, dict):
        return
    try:
        client(context).post("compute", "/treatments/check", treatment)
    except Away as error:
        typer.echo(f"datalab: the treatment is not checked yet: {error}", err=True)


def _object(file: typer.FileText) -> dict[str, Any]:
    try:
        value = jsonlib.load(file)
    except ValueError as error:
        raise CallError(f"{file.name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CallError(f"{file.name} must hold a JSON object")
    return value


def _show(answer: dict[str, Any], *, json: bool) -> None:
    show.record(answer, json_wanted=json, leave_out=("guidance", "checks", "history"))
    if json:
        return
    if any(check["faults"] or check["waits"] for check in answer["checks"]):
        show.line("\nin the treatment's way")
        show.rows(answer["checks"], ("by", "faults", "waits"))
    for kind, found in (answer["guidance"] or {}).items():
        if found:
            show.line(f"\n{kind.replace('_', ' ')}")
            names = ("dataset_id", "application", "member_id", "title", "name")
            columns = [name for name in names if name in found[0]]
            show.rows(found, (*columns, "reasons"))
    show.line("\nhistory")
    show.rows(answer["history"], ("at", "stage", "by", "why"))
