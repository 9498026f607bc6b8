"""`datalab key`: what programs show in place of a person, to be seen and ended."""

from typing import Annotated

import typer

from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest

app = CommandGroup("Keys of programs.")

_COLUMNS = ("id", "name", "member_id", "maker_id", "roles", "used_at", "ends_at", "ended_at")


@app.lists("list", *_COLUMNS)
def list_(
    mine: Annotated[bool, typer.Option("--mine", help="Of one's own member alone.")] = False,
) -> ListRequest:
    """List everybody's keys, oldest first: maker, member, roles, last use, end."""
    return "intake", "/keys", {"whose": "member" if mine else "all"}


@app.answers("revoke")
def revoke(api: Client, key_id: str) -> Answer:
    """Revoke a key, and with it those that were made by it; within a minute it opens nothing."""
    return api.post("intake", path_of("keys", key_id, "revocation"), {})
