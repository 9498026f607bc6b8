"""`datalab parked`: events that could not be handled, for operators with access to the broker."""

import warnings
from functools import partial
from types import ModuleType
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.command_group import CommandGroup, Json
from deploy.cli.session import session

app = CommandGroup("Events that could not be handled.")

_LISTED = ("id", "queue", "parked_at", "reason")
_Broker = Annotated[
    str,
    typer.Option(
        envvar="DATALAB_AMQP_URI",
        help="The broker; by default the local stack's.",
        show_default=False,
    ),
]


@app.command("list")
def list_(context: typer.Context, amqp_uri: _Broker = "", json: Json = False) -> None:
    """List parked events, oldest first."""
    events = _parked().parked(amqp_uri or session(context).amqp_uri())
    answer = {"items": [event.model_dump() for event in events]}
    show.answer(answer, partial(show.page, columns=_LISTED), json=json)


@app.command("show")
def show_(
    context: typer.Context, event_id: str, amqp_uri: _Broker = "", json: Json = False
) -> None:
    """Show a parked event with its body."""
    event = _parked().show(amqp_uri or session(context).amqp_uri(), event_id)
    show.answer(event.model_dump(), show.record, json=json)


@app.command()
def replay(
    context: typer.Context,
    event_id: Annotated[str | None, typer.Argument(help="All of them without one.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only those of this queue.")] = None,
    amqp_uri: _Broker = "",
) -> None:
    """Put parked events back into their queues."""
    uri = amqp_uri or session(context).amqp_uri()
    count = _parked().replay(uri, event_id, queue)
    singular = "1 event is back in its queue."
    show.line(singular if count == 1 else f"{count} events are back in their queues.")


@app.command()
def drop(
    context: typer.Context,
    event_id: str,
    queue: Annotated[str | None, typer.Option(help="Only in this queue.")] = None,
    amqp_uri: _Broker = "",
) -> None:
    """Discard a parked event for good."""
    count = _parked().drop(amqp_uri or session(context).amqp_uri(), event_id, queue)
    show.line("1 event was dropped." if count == 1 else f"{count} events were dropped.")


def _parked() -> ModuleType:
    """The messaging, loaded late: it is heavy and warns of its own foundation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from deploy import parked  # noqa: PLC0415

    return parked
