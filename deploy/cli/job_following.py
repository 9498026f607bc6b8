"""Follows a job on the terminal: its states and log as they come, and a bar while it goes on."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from deploy.cli import show
from deploy.cli.api_client import CallError, Client, NoAnswer, path_of

EXIT_CODES = {"succeeded": 0, "failed": 1, "cancelled": 3, "given_up": 4}
"""What the command ends with, by the job's end; 2 is Typer's for a wrong call."""

_RETRIES = 30
_RETRY_SECONDS = 1.0


def follow(api: Client, job_id: str) -> str:
    """Show a job until it ends or the lab gives it up; returns the state that it ended in."""
    with _screen() as screen:
        for kind, data in _events(api, job_id):
            if kind == "log":
                screen.line(data["line"])
            elif kind == "progress":
                screen.progress(data["progress"], data["message"])
            elif kind == "state" and data["state"] not in ("succeeded", "failed", "cancelled"):
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
    ending = f"{data['state']} in {data['seconds']:.2f} s{_because(data)}"
    withheld = f"\n{data['withheld']}" if data["withheld"] else ""
    warning = f"\n{data['warning']}" if data["warning"] else ""
    return f"{ending}{withheld}{warning}"


def exit_code(state: str) -> int:
    """The command's exit code for a job in that state; raises CallError while it goes on."""
    if state not in EXIT_CODES:
        raise CallError("the service has nothing more to tell of this job")
    return EXIT_CODES[state]
