"""`datalab member`: the lab's partners."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import path_of
from deploy.cli.session import After, Json, Limit, client

app = typer.Typer(help="The lab's partners.", no_args_is_help=True)


@app.command()
def add(
    context: typer.Context,
    name: str,
    kind: Annotated[str, typer.Option(help="local_authority, company, laboratory, ...")],
    skill: Annotated[list[str], typer.Option(help="May be given several times.")] = [],
    territory: Annotated[list[str], typer.Option(help="INSEE code; several times.")] = [],
    json: Json = False,
) -> None:
    """Register a member."""
    body = {"name": name, "kind": kind, "skills": skill, "territory": territory}
    show.record(client(context).post("intake", "/members", body), json_wanted=json)


@app.command("list")
def list_(
    context: typer.Context,
    skill: str = "",
    territory: str = "",
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List members, by skill and territory."""
    query = {"skill": skill, "territory": territory, "after": after, "limit": limit}
    answer = client(context).get("intake", "/members", **query)
    show.page(answer, ("id", "kind", "name", "skills", "territory"), json_wanted=json)


@app.command("show")
def show_(context: typer.Context, member_id: str, json: Json = False) -> None:
    """Show a member."""
    answer = client(context).get("intake", path_of("members", member_id))
    show.record(answer, json_wanted=json)
