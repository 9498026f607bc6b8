"""`datalab webhook`: who is told of events."""

from collections.abc import Sequence
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.session import client

app = CommandGroup("Webhook endpoints and what was sent to them.")


def _show_deliveries(page: Answer, columns: Sequence[str]) -> None:
    for delivery in page["items"]:
        last = delivery["attempts"][-1] if delivery["attempts"] else {}
        delivery["tries"] = len(delivery["attempts"])
        delivery["last"] = last.get("error") or last.get("status")
    show.page(page, columns)


@app.answers("add")
def add(
    api: Client,
    url: str,
    event: Annotated[list[str], typer.Option(help="Event type or pattern: job_*.")] = ["*"],
    description: str = "",
) -> Answer:
    """Register an endpoint; its secret is shown this once."""
    body = {"url": url, "event_types": event, "description": description}
    return api.post("notify", "/endpoints", body)


@app.lists("list", "id", "state", "url", "event_types", "reason")
def list_() -> ListRequest:
    """List endpoints."""
    return "notify", "/endpoints", {}


@app.lists(
    "deliveries",
    "id",
    "type",
    "state",
    "tries",
    "last",
    "next_attempt_at",
    display=_show_deliveries,
)
def deliveries(
    endpoint_id: str,
    state: Annotated[str, typer.Option(help="pending, delivered or abandoned.")] = "",
) -> ListRequest:
    """List what was sent to an endpoint, newest first."""
    return "notify", path_of("endpoints", endpoint_id, "deliveries"), {"state": state}


@app.answers("replay")
def replay(api: Client, delivery_id: str) -> Answer:
    """Send a delivery again."""
    return api.post("notify", path_of("deliveries", delivery_id, "replay"))


@app.answers("enable")
def enable(api: Client, endpoint_id: str) -> Answer:
    """Send again to an endpoint that was disabled."""
    return api.patch("notify", path_of("endpoints", endpoint_id), {"state": "enabled"})


@app.command()
def remove(context: typer.Context, endpoint_id: str) -> None:
    """Remove an endpoint."""
    client(context).delete("notify", path_of("endpoints", endpoint_id))
    show.line(f"{endpoint_id} is removed.")
