"""`datalab job`: what runs on the compute platform."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import job_following, show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest, TableFormat
from deploy.cli.job_following import exit_code
from deploy.cli.session import client, save

app = CommandGroup("Jobs on the compute platform.")


def _show(job: Answer) -> None:
    show.record(job, leave_out=("log_tail", "outputs"))
    if job["outputs"]:
        show.line("\noutputs")
        show.rows(job["outputs"], ("name", "file.size", "file.sha256"))


def _show_applications(applications: Answer) -> None:
    chosen = [application for application in applications if not application["automatic"]]
    show.rows(chosen, ("name", "title", "description"))


@app.lists("list", "id", "kind", "state", "progress", "seconds", "project_id", "reason")
def list_(
    project: Annotated[str, typer.Option(help="Project id.")] = "",
    state: Annotated[str, typer.Option(help="queued, running, given_up, failed, ...")] = "",
) -> ListRequest:
    """List jobs, oldest first."""
    return "compute", "/jobs", {"project_id": project, "state": state}


@app.answers("show", _show)
def show_(api: Client, job_id: str) -> Answer:
    """Show a job."""
    return api.get("compute", path_of("jobs", job_id))


def _show_provenance(manifest: Answer) -> None:
    # Only who asks for it pays for the models of a job's reports.
    from shared.engine.tables.manifest import Manifest  # noqa: PLC0415
    from shared.engine.tables.provenance_sentences import told  # noqa: PLC0415

    for sentence in told(Manifest.model_validate(manifest)):
        show.line(sentence)


@app.answers("provenance", _show_provenance)
def provenance(api: Client, job_id: str) -> Answer:
    """Say where a job's result comes from: data, grants, recipe, code, software, who and why."""
    return api.get("compute", path_of("jobs", job_id, "result"), name="manifest.json")


@app.answers("run", _show)
def run(api: Client, project_id: str) -> Answer:
    """Run a staffed project's full treatment."""
    return api.post("compute", "/jobs", {"project_id": project_id})


@app.command()
def result(
    context: typer.Context,
    job_id: str,
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False)],
    name: Annotated[
        str, typer.Option(help="One of the job's files, such as result.csv for programs.")
    ] = "",
    format_: TableFormat = "",
) -> None:
    """Save a job's table in a format, or one of its files."""
    from shared.engine.tables.exports import format_of  # noqa: PLC0415 - only who saves pays for it

    path = path_of("jobs", job_id, "result")
    kind = format_ or ("" if name else format_of(output))
    save(context, "compute", path, output, **({"format": kind} if kind else {"name": name}))


@app.answers("cancel", _show)
def cancel(api: Client, job_id: str) -> Answer:
    """Cancel a job."""
    return api.post("compute", path_of("jobs", job_id, "cancel"))


@app.answers("retry", lambda answer: show.rows(answer["items"], ("id", "kind", "state")))
def retry(
    api: Client,
    job_id: Annotated[str, typer.Argument(help="A job that was given up.")] = "",
    given_up: Annotated[bool, typer.Option("--given-up", help="All such jobs.")] = False,
) -> Answer:
    """Put a job that the lab gave up back into the queue, or all of them; for operators."""
    if bool(job_id) == given_up:
        raise CallError("name a job, or say --given-up for all of them")
    listed = api.every("compute", "/jobs", state="given_up") if given_up else [{"id": job_id}]
    paths = [path_of("jobs", job["id"], "retry") for job in listed]
    return {"items": [api.post("compute", path) for path in paths]}


@app.command()
def logs(context: typer.Context, job_id: str) -> None:
    """Print the end of what a job wrote."""
    job = client(context).get("compute", path_of("jobs", job_id))
    typer.echo(show.text(job["log_tail"]), nl=False)


@app.command()
def follow(context: typer.Context, job_id: str) -> None:
    """Follow a job until it ends: 0 when it succeeded, 1 failed, 3 cancelled, 4 given up."""
    raise typer.Exit(exit_code(job_following.follow(client(context), job_id)))


@app.lists("held", "id", "kind", "project_id", "release.told")
def held() -> ListRequest:
    """List the jobs whose results wait for a reviewer; for reviewers."""
    return "compute", "/release-requests", {}


def _show_request(request: Answer) -> None:
    show.record(request, leave_out=("log_tail", "outputs", "release", "treatment"))
    if failure := (request["release"] or {}).get("failure"):
        show.line(f"\nthe treatment failed: {failure}")
    outputs = (request["release"] or {"outputs": []})["outputs"]
    rules = [{"output": output["name"], **rule} for output in outputs for rule in output["rules"]]
    show.line("\nrules")
    show.rows(rules, ("output", "rule", "verdict", "cells", "failed", "told"))
    if differences := (request["release"] or {}).get("differences"):
        show.line("\ndifferences from earlier results, in units")
        show.rows(differences, ("job_id", "project_id", "figures", "only_here", "only_there"))


@app.answers("held-result", _show_request)
def held_result(api: Client, job_id: str) -> Answer:
    """Show what was checked of a held result, rule by rule; for reviewers."""
    return api.get("compute", path_of("release-requests", job_id))


@app.answers("release", _show_request)
def release(
    api: Client,
    job_id: str,
    decision: Annotated[str, typer.Option(help="release or refuse.")],
    reason: Annotated[str, typer.Option(help="In French: the holder reads it.")],
) -> Answer:
    """Let a held result go to its holder or keep it back, as it is now; for reviewers."""
    read = api.get("compute", path_of("release-requests", job_id))
    body = {"decision": decision, "reason": reason, "version": read["version"]}
    return api.post("compute", path_of("jobs", job_id, "release"), body)


@app.answers("applications", _show_applications)
def applications(api: Client) -> Answer:
    """List what a treatment's steps can do; --json has their roles and parameters."""
    return api.get("compute", "/applications")


@app.answers("workspace")
def workspace(api: Client, project_id: str) -> Answer:
    """Show what a project may still compute, and what it does with its data."""
    return api.get("compute", path_of("workspaces", project_id))
