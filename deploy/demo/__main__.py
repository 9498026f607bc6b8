"""`make demo`: start the stack, play the story, say what happened, stop the stack.

With `--running` it plays against services that run already, elsewhere too (`--key` is then the
private key that signs the tokens they accept, `--listen` an address they can reach).
"""

import csv
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy import PORTAL
from deploy.cli.api_client import CallError, Client
from deploy.demo.board import Board
from deploy.demo.partner import Partner
from deploy.demo.story import Story, StoryError, explained, wait
from deploy.local import StackError
from deploy.local.ports import ports_from
from deploy.local.stack import Stack
from shared.auth import issue_token

_LIFETIME = timedelta(hours=1)
_TOP = 10


def main(
    home: Annotated[
        Path, typer.Option(envvar="DATALAB_HOME", help="Folder of the stack's state.")
    ] = Path(".datalab"),
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
    running: Annotated[
        bool, typer.Option("--running", help="Start nothing: the services run already.")
    ] = False,
    key: Annotated[Path | None, typer.Option(help="Private key of the tokens' signature.")] = None,
    listen: Annotated[str, typer.Option(help="Address the partner listens on.")] = "127.0.0.1",
) -> None:
    """Play the story of one project on real data, from nothing to a delivered service."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        stack = Stack.remembered(home, os.environ) if running else _stack(home)
        with nullcontext() if running else _up(console, stack, keep=keep):
            urls = _urls(stack)
            with explained(urls, home):
                _play(console, urls, key or stack.plan.keys.private, listen, home / "demo")
    except (StackError, StoryError, CallError, OSError) as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if not running and not keep:
        console.print("The stack is stopped; `make up` starts it again on the same data.")


@contextmanager
def _up(console: Console, stack: Stack, *, keep: bool) -> Iterator[None]:
    """The stack runs within; afterwards it is stopped, since it was started here."""
    with console.status("starting the stack") as spinner:
        stack.up(spinner.update)
    try:
        yield
    finally:
        if not keep:
            with console.status("stopping the stack"):
                stack.down()


def _stack(home: Path) -> Stack:
    # The partner is a server on this machine, which a real lab would refuse to call.
    shown = {"DATALAB_WEBHOOK_PRIVATE_ADDRESSES": "true", "DATALAB_RENEWAL_WAIT_SECONDS": "1"}
    environ = {**shown, **os.environ}
    return Stack(home, ports_from(environ), environ)


def _urls(stack: Stack) -> Mapping[str, str]:
    local = {**stack.urls(), PORTAL: stack.portal_url}.items()
    return {name: os.environ.get(f"DATALAB_URL_{name.upper()}") or url for name, url in local}


def _play(console: Console, urls: Mapping[str, str], key: Path, listen: str, folder: Path) -> None:
    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/dim]  {text}")

    partner = Partner(listen)
    try:
        story = Story(_clients(urls, key), partner, tell)
        jobs = partial(story.staff.get, "compute")
        board = Board(
            partner.received, lambda: story.project_id, lambda job_id: jobs(f"/jobs/{job_id}")
        )
        with board.displayed(console):
            story.play(f"http://{listen}:{partner.port}/events")
            wait("the partner hears of the end", lambda: "project_delivered" in partner.types)
            story.stop_listening()
    finally:
        partner.close()
    table, *pictures = story.fetch(folder)
    _show(console, table)
    console.print(
        f"The partner received {len(partner.received)} signed events, refused {partner.refused}."
    )
    console.print(
        f"Result: {table}, with {', '.join(picture.name for picture in pictures)} beside it"
    )
    console.print(f"Page: {urls[PORTAL]}/projets/{story.project_id}")
    console.print(f"A way in: .venv/bin/datalab portal --as {story.members['agency']}")
    console.print(f"Dataset: {urls['catalog']}/datasets/{story.result_id}")
    console.print(f"Timeline: .venv/bin/datalab timeline {story.project_id}")


def _clients(urls: Mapping[str, str], key: Path) -> Callable[..., Client]:
    def client_for(member_id: str, *roles: str) -> Client:
        token = issue_token(key, member_id, roles, _LIFETIME)
        return Client(urls, lambda: token)

    return client_for


def _show(console: Console, table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    rows.sort(key=lambda row: float(row["taux_vacance"].replace(",", ".")), reverse=True)
    ranking = Table("EPCI", "logements", "vacants", "%", title=f"{len(rows)} EPCI, the ten highest")
    for row in rows[:_TOP]:
        ranking.add_row(
            row["nom_epci"], row["logements"], row["logements_vacants"], row["taux_vacance"]
        )
    console.print(ranking)


if __name__ == "__main__":
    typer.run(main)
