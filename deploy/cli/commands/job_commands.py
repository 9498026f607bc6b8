"""`datalab job`: what runs on the compute platform."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, NoAnswer, path_of
from deploy.cli.command_group import CommandGroup, ListRequest, TableFormat
from deploy.cli.session import client, save

_EXIT_CODES = {"succeeded": 0, "failed": 1, "cancelled": 3, "given_up": 4, "held": 5}
"""What the command ends with, by the job's end; 2 is Typer's for a wrong call."""

_TOLD_BY_THE_END = frozenset({"succeeded", "failed", "cancelled", "held"})
_DIFFERENCE = ("job_id", "project_id", "figures", "in_both", "only_here", "only_there")

_GOES_ON = frozenset({"queued", "running", "held"})
_RETRIES = 30
_RETRY_SECONDS = 1.0

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
    state: Annotated[str, typer.Option(help="queued, running, held, given_up, failed, ...")] = "",
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


def _show_replay(job: Answer) -> None:
    compared = job["comparison"] or {"verdict": job["state"], "differences": ()}
    show.record({"id": job["id"], "replays": job["replays"], "verdict": compared["verdict"]})
    if compared["differences"]:
        show.line("\ndifferences")
        show.rows(compared["differences"], ("cause", "name"))


@app.answers("replay", _show_replay)
def replay(api: Client, job_id: str) -> Answer:
    """Repeat a job, wait, and say whether it makes the same again; else what differs."""
    job = api.post("compute", path_of("jobs", job_id, "replay"))
    while job["ended_at"] is None and job["state"] in _GOES_ON:
        time.sleep(_RETRY_SECONDS)
        job = api.get("compute", path_of("jobs", job["id"]))
    return job


@app.command()
def logs(context: typer.Context, job_id: str) -> None:
    """Print the end of what a job wrote."""
    job = client(context).get("compute", path_of("jobs", job_id))
    typer.echo(show.text(job["log_tail"]), nl=False)


@app.command()
def follow(context: typer.Context, job_id: str) -> None:
    """Follow a job to its end: 0 when it succeeded, 1 failed, 3 cancelled, 4 given up, 5 held."""
    raise typer.Exit(_exit_code(_show_until_end(client(context), job_id)))


@app.lists("held", "id", "kind", "project_id", "queued_at")
def held() -> ListRequest:
    """List the jobs whose results wait for a reviewer; for reviewers."""
    return "compute", "/release-requests", {}


def _show_request(request: Answer) -> None:
    show.record(request, leave_out=("log_tail", "outputs", "release", "table", "treatment"))
    release = request["release"] or {}
    if failure := release.get("failure"):
        show.line(f"\nthe treatment failed: {failure}")
    if request["may_mask"]:
        show.line(f"\nwith --decision mask: {release['masking']}")
    outputs = release.get("outputs", ())
    rules = [{"output": output["name"], **rule} for output in outputs for rule in output["rules"]]
    show.line("\nrules")
    show.rows(rules, ("output", "rule", "verdict", "cells", "failed", "told"))
    if differences := release.get("differences"):
        show.line("\ndifferences from earlier results, in units")
        show.rows(differences, _DIFFERENCE)
    if marked := list(_marked_cells(request.get("table") or {"columns": (), "rows": ()})):
        show.line("\nfigures under a rule")
        show.rows(marked, ("row", "column", "value", "rule", "units"))


def _marked_cells(table: Answer) -> Iterator[Answer]:
    """Yield the figures of a table that a rule is on, with what the other cells of the row hold."""
    for row in table["rows"]:
        values = dict(zip(table["columns"], row["values"], strict=True))
        names = ", ".join(str(value) for name, value in values.items() if name not in row["rules"])
        for column, rule in row["rules"].items():
            about = {"row": names, "column": column, "value": values[column]}
            yield {**about, "rule": rule, "units": row["units"][column]}


@app.answers("held-result", _show_request)
def held_result(api: Client, job_id: str) -> Answer:
    """Show the facts of a held result: rules, differences, figures under a rule; for reviewers."""
    request = api.get("compute", path_of("release-requests", job_id))
    return {**request, "table": api.get("compute", path_of("release-requests", job_id, "table"))}


@app.answers("release", _show_request)
def release(
    api: Client,
    job_id: str,
    decision: Annotated[str, typer.Option(help="release, mask or refuse.")],
    reason: Annotated[str, typer.Option(help="In French: the holder reads it.")],
) -> Answer:
    """Let a held result go to its holder, perhaps with cells masked, or keep it; for reviewers."""
    read = api.get("compute", path_of("release-requests", job_id))
    body = {"decision": decision, "reason": reason, "version": read["version"]}
    return api.post("compute", path_of("jobs", job_id, "release"), body)


@app.answers("ask-holder", _show_request)
def ask_holder(
    api: Client,
    job_id: str,
    question: Annotated[str, typer.Option(help="In French, without anything of the data.")],
) -> Answer:
    """Ask the holder of a held result before deciding; for reviewers."""
    path = path_of("jobs", job_id, "release-question")
    return api.post("compute", path, {"question": question})


@app.answers("answer-reviewer", _show)
def answer_reviewer(
    api: Client, job_id: str, answer: Annotated[str, typer.Option(help="In French.")]
) -> Answer:
    """Answer what a reviewer asked about one's held result."""
    return api.post("compute", path_of("jobs", job_id, "release-answer"), {"answer": answer})


@app.answers("applications", _show_applications)
def applications(api: Client) -> Answer:
    """List what a treatment's steps can do; --json has their roles and parameters."""
    return api.get("compute", "/applications")


@app.answers("workspace")
def workspace(api: Client, project_id: str) -> Answer:
    """Show what a project may still compute, and what it does with its data."""
    return api.get("compute", path_of("workspaces", project_id))


@app.answers("ask-quota")
def ask_quota(
    api: Client,
    project_id: str,
    seconds: Annotated[int, typer.Option(help="The quota in all, past jobs included.")],
    reason: Annotated[str, typer.Option(help="In French.")],
) -> Answer:
    """Ask for a larger quota of one's project."""
    path = path_of("workspaces", project_id, "quota-request")
    return api.post("compute", path, {"seconds": seconds, "reason": reason})


@app.lists("quota-requests", "project_id", "title", "quota_seconds", "quota_request.seconds")
def quota_requests() -> ListRequest:
    """List the projects that ask for a larger quota; for reviewers and operators."""
    return "compute", "/quota-requests", {}


@app.answers("decide-quota")
def decide_quota(
    api: Client,
    project_id: str,
    decision: Annotated[str, typer.Option(help="grant or refuse.")],
    reason: Annotated[str, typer.Option(help="In French: the holder reads it.")],
    seconds: Annotated[int, typer.Option(help="The quota from then on, if granted.")] = 0,
) -> Answer:
    """Set a project's quota, asked for or not, or refuse; for reviewers and operators."""
    read = api.get("compute", path_of("quota-requests", project_id))
    body = {"decision": decision, "reason": reason, "version": read["version"]}
    body |= {"seconds": seconds} if seconds else {}
    return api.post("compute", path_of("workspaces", project_id, "quota-decision"), body)


def _show_until_end(api: Client, job_id: str) -> str:
    """Show a job until it ends or the lab gives it up; returns the state that it ended in."""
    with _screen() as screen:
        for kind, data in _events(api, job_id):
            if kind == "log":
                screen.line(data["line"])
            elif kind == "progress":
                screen.progress(data["progress"], data["message"])
            elif kind == "state" and data["state"] not in _TOLD_BY_THE_END:
                screen.line(f"{data['state']}{_because(data)}")
            if data.get("state") == "given_up":
                return "given_up"
            if kind == "end":
                screen.line(_ending(data))
                return str(data["state"])
    return str(api.get("compute", path_of("jobs", job_id))["state"])


def _events(api: Client, job_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all events of a job, from as many streams as needed; a broken stream is reopened.

    It ends where the service says that there is no more. Raises Away once it stays away.
    """
    last, tries, path = "", 0, path_of("jobs", job_id, "events")
    while tries <= _RETRIES:
        try:
            streamed = api.events("compute", path, last)
            if streamed is None:
                return
            for event in streamed:
                last, tries = event.id, 0
                yield event.kind, event.data
        except NoAnswer as away:
            failure = away
        else:
            failure = NoAnswer("the stream of events ends again and again")
        tries += 1
        time.sleep(_RETRY_SECONDS)
    raise failure


@contextmanager
def _screen() -> Iterator["_Lines | _Live"]:
    if not sys.stdout.isatty():
        yield _Lines()
        return
    console = Console(markup=False, highlight=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Live(progress)


class _Lines:
    """One line after the other, for files and programs."""

    def __init__(self) -> None:
        self._message = ""

    def line(self, words: str) -> None:
        """Print it."""
        show.line(words)

    def progress(self, share: float, message: str) -> None:
        """Print how far it is, from 0 to 1, and what it does, once for each."""
        if message and message != self._message:
            show.line(f"{share:4.0%} {message}")
        self._message = message


class _Live:
    """A bar below the lines of the log."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._bar = progress, progress.add_task("", total=1.0)

    def line(self, words: str) -> None:
        """Print it above the bar."""
        self._progress.console.print(show.text(words))

    def progress(self, share: float, message: str) -> None:
        """Move the bar: how far it is, from 0 to 1."""
        self._progress.update(self._bar, completed=share, description=show.text(message))


def _because(data: dict[str, Any]) -> str:
    reason = data["reason"]
    return f": {reason}" if reason else ""


def _ending(data: dict[str, Any]) -> str:
    # Of one that is held nobody is told how long it took.
    seconds = "" if data["state"] == "held" else f" in {data['seconds']:.2f} s"
    ending = f"{data['state']}{seconds}{_because(data)}"
    withheld = f"\n{data['withheld']}" if data["withheld"] else ""
    warning = f"\n{data['warning']}" if data["warning"] else ""
    return f"{ending}{withheld}{warning}"


def _exit_code(state: str) -> int:
    """The command's exit code for a job in that state; raises CallError while it goes on."""
    if state not in _EXIT_CODES:
        raise CallError("the service has nothing more to tell of this job")
    return _EXIT_CODES[state]
