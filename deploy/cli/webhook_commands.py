"""`datalab webhook`: who is told of events."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import path_of
from deploy.cli.session import After, Json, Limit, client

app = typer.Typer(help="Webhook endpoints and what was sent to them.", no_args_is_help=True)

_DELIVERIES = ("id", "type", "state", "tries", "last", "next_attempt_at")


@app.command()
def add(
    context: typer.Context,
    url: str,
    event: Annotated[list[str], typer.Option(help="Event type or pattern: job_*.")] = ["*"],
    description: str = "",
    json: Json = False,
) -> None:
    """Register an endpoint; its secret is shown this once."""
    body = {"url": url, "event_types": event, "description": description}
    show.record(client(context).post("notify", "/endpoints", body), json_wanted=json)


@app.command("list")
def list_(context: typer.Context, after: After = "", limit: Limit = 50, json: Json = False) -> None:
    """List endpoints."""
    answer = client(context).get("notify", "/endpoints", after=after, limit=limit)
    show.page(answer, ("id", "state", "url", "event_types", "reason"), json_wanted=json)


@app.command()
def deliveries(
    context: typer.Context,
    endpoint_id: str,
    state: Annotated[str, typer.Option(help="pending, delivered or abandoned.")] = "",
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List what was sent to an endpoint, newest first."""
    path = path_of("endpoints", endpoint_id, "deliveries")
    answer = client(context).get("notify", path, state=state, after=after, limit=limit)
    if not json:
        for one in answer["items"]:
            last = one["attempts"][-1] if one["attempts"] else {}
            one["tries"] = len(one["attempts"])
            one["last"] = last.get("error") or last.get("status")
    show.page(answer, _DELIVERIES, json_wanted=json)


@app.command()
def replay(context: typer.Context, delivery_id: str, json: Json = False) -> None:
    """Send a delivery again."""
    answer = client(context).post("notify", path_of("deliveries", delivery_id, "replay"))
    show.record(answer, json_wanted=json)


@app.command()
def enable(context: typer.Context, endpoint_id: str, json: Json = False) -> None:
    """Send again to an endpoint that was disabled."""
    path = path_of("endpoints", endpoint_id)
    show.record(client(context).patch("notify", path, {"state": "enabled"}), json_wanted=json)


@app.command()
def remove(context: typer.Context, endpoint_id: str) -> None:
    """Remove an endpoint."""
    client(context).delete("notify", path_of("endpoints", endpoint_id))
    show.line(f"{endpoint_id} is removed.")
