"""What a command is made of: its own parameters, and those that all of its kind have."""

from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from deploy.cli.api_client import Client
from deploy.cli.command_group import CommandGroup, ListRequest


@pytest.fixture
def command() -> Any:
    """A group of one command of each kind."""
    guests = CommandGroup("Guests.")

    @guests.answers("show")
    def show(api: Client, guest_id: str) -> Any:
        """Show a guest."""
        return api.get("agenda", f"/guests/{guest_id}")

    @guests.lists("list", "id", limit=20)
    def list_(city: Annotated[str, typer.Option(help="Where from.")] = "") -> ListRequest:
        """List guests."""
        return "agenda", "/guests", {"city": city}

    return get_command(guests)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("show", ["guest_id", "json"]), ("list", ["city", "after", "limit", "json"])],
)
def test_options_that_all_have_follow_the_command_s_own(
    command: Any, name: str, parameters: list[str]
) -> None:
    """The client is given by us: nobody types it."""
    assert [param.name for param in command.commands[name].params] == parameters
