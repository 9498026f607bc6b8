"""`datalab account`: persons who act for members, signing in at the lab's identity provider."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.session import client

app = CommandGroup("Persons who act for members.")

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
