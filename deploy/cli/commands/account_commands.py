"""`datalab account` and `key`: persons who act for members, and what programs show instead."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.session import client

app = CommandGroup("Persons who act for members.")
keys = CommandGroup("Keys of programs.")

_Role = Annotated[list[str], typer.Option(help="holder, owner, reviewer or operator; several.")]


@app.answers("open")
def open_(api: Client, member_id: str, name: str, mail: str, role: _Role) -> Answer:
    """Open an account for a person, whom the provider knows by that address."""
    body = {"member_id": member_id, "name": name, "mail": mail, "roles": role}
    return api.post("intake", "/accounts", body)


@app.lists("list", "id", "member_id", "name", "mail", "roles", "signed_in_at")
def list_(member: Annotated[str, typer.Option(help="Of this member alone.")] = "") -> ListRequest:
    """List accounts, oldest first."""
    return "intake", "/accounts", {"member_id": member}


@app.answers("change")
def change(api: Client, account_id: str, role: _Role) -> Answer:
    """Change what a person may do; its sessions and keys end."""
    return api.patch("intake", path_of("accounts", account_id), {"roles": role})


@app.command()
def erase(context: typer.Context, account_id: str) -> None:
    """Erase an account; its sessions and keys end."""
    client(context).delete("intake", path_of("accounts", account_id))
    show.line(f"{account_id} is erased.")


@keys.lists(
    "list", "id", "name", "member_id", "maker_id", "roles", "used_at", "ends_at", "ended_at"
)
def list_keys(
    mine: Annotated[bool, typer.Option("--mine", help="Of one's own member alone.")] = False,
) -> ListRequest:
    """List everybody's keys, oldest first: maker, member, roles, last use, end."""
    return "intake", "/keys", {"whose": "member" if mine else "all"}


@keys.answers("revoke")
def revoke_key(api: Client, key_id: str) -> Answer:
    """Revoke a key, and with it those that were made by it; within a minute it opens nothing."""
    return api.post("intake", path_of("keys", key_id, "revocation"), {})
