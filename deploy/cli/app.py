"""The command tree of `datalab`."""

import os
import runpy
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.api_client import CallError, NoAnswer, path_of
from deploy.cli.command_group import CommandGroup, ListRequest
from deploy.cli.commands import (
    account_commands,
    code_commands,
    dataset_commands,
    harvest_commands,
    job_commands,
    member_commands,
    parked_commands,
    project_commands,
    recipe_commands,
    stack_commands,
    treatment_commands,
    webhook_commands,
)
from deploy.cli.session import Session, session
from deploy.local.signing_keys import rotate
from deploy.local.stack import Stack
from shared.auth import OF_MEMBERS, ROLES

_SHORTEST_HOURS, _LONGEST_HOURS = 0.01, 168
"""A token of this machine is not revoked but with all others: programs have keys."""

app = CommandGroup(
    "The data lab's command line: projects, data, jobs, webhooks and the local stack.",
    name="datalab",
    pretty_exceptions_enable=False,
)
app.command()(stack_commands.up)
app.command()(stack_commands.down)
app.command()(stack_commands.status)
app.command()(stack_commands.run)
app.command()(stack_commands.protect)
treatment_commands.add_cross(app)
app.add_typer(project_commands.app, name="project")
app.add_typer(treatment_commands.app, name="treatment")
app.add_typer(member_commands.app, name="member")
app.add_typer(account_commands.app, name="account")
app.add_typer(account_commands.keys, name="key")
app.add_typer(dataset_commands.app, name="dataset")
app.add_typer(harvest_commands.app, name="harvest")
app.add_typer(job_commands.app, name="job")
app.add_typer(recipe_commands.app, name="recipe")
app.add_typer(code_commands.app, name="code")
app.add_typer(webhook_commands.app, name="webhook")
app.add_typer(parked_commands.app, name="parked")


@app.callback()
def options(
    context: typer.Context,
    intake_url: Annotated[str, typer.Option(envvar="DATALAB_URL_INTAKE")] = "",
    catalog_url: Annotated[str, typer.Option(envvar="DATALAB_URL_CATALOG")] = "",
    compute_url: Annotated[str, typer.Option(envvar="DATALAB_URL_COMPUTE")] = "",
    notify_url: Annotated[str, typer.Option(envvar="DATALAB_URL_NOTIFY")] = "",
    token: Annotated[
        str, typer.Option(envvar="DATALAB_TOKEN", help="Bearer token; by default signed locally.")
    ] = "",
    as_member: Annotated[
        str,
        typer.Option(
            "--as",
            envvar="DATALAB_MEMBER",
            help="Member that a token is signed for here, with all roles.",
        ),
    ] = "operator",
    home: Annotated[
        Path, typer.Option(envvar="DATALAB_HOME", help="Folder of the local stack.")
    ] = Path(".datalab"),
) -> None:
    """Without addresses and token, the local stack's are used."""
    urls = {"intake": intake_url, "catalog": catalog_url}
    urls |= {"compute": compute_url, "notify": notify_url}
    # `up`, `down`, `status` and the demo take their folder from there.
    os.environ["DATALAB_HOME"] = str(home)
    context.obj = Session(home=home, token=token, member=as_member, urls=urls)


@app.lists("timeline", "at", "type", "summary")
def timeline(project_id: str) -> ListRequest:
    """What happened to a project, by time."""
    return "notify", path_of("projects", project_id, "timeline"), {}


@app.command()
def token(
    context: typer.Context,
    member_id: str,
    role: Annotated[
        list[str], typer.Option(help="holder, owner, reviewer, operator or committee.")
    ],
    hours: Annotated[float, typer.Option(help="How long it is valid, a week at most.")] = 12,
) -> None:
    """Sign a token for a member with the local stack's key; intake says whether there is one."""
    for role_name in role:
        if role_name not in ROLES:
            raise typer.BadParameter(f"{role_name} is none of {', '.join(sorted(ROLES))}")
    if not _SHORTEST_HOURS <= hours <= _LONGEST_HOURS:
        raise CallError(f"--hours must be from {_SHORTEST_HOURS} to {_LONGEST_HOURS}")
    current = session(context)
    if OF_MEMBERS & set(role):
        with suppress(NoAnswer):
            current.client().get("intake", path_of("members", member_id))
    typer.echo(current.sign(member_id, tuple(role), timedelta(hours=hours)))


@app.command()
def rotate_key(context: typer.Context) -> None:
    """Sign tokens with a new key from now on; those of the key before stay valid."""
    rotate(session(context).home / "keys")
    typer.echo("Tokens are signed with a new key; those of the key before it stay valid.")


@app.command()
def portal(
    context: typer.Context,
    as_member: Annotated[str, typer.Option("--as", help="Member to sign in as.")] = "",
    role: Annotated[list[str], typer.Option(help="Roles to sign in with; all by default.")] = [],
    portal_url: Annotated[str, typer.Option(envvar="DATALAB_URL_PORTAL")] = "",
) -> None:
    """Print a link by which somebody enters the portal, once and within ten minutes."""
    current = session(context)
    body = {"member_id": as_member or current.member, "roles": role or sorted(ROLES)}
    link = current.client().post("intake", "/sign-in-links", body)
    address = portal_url or Stack.remembered(current.home, {}).portal_url
    typer.echo(f"{address}/connexion/lien?code={link['text']}")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def demo(context: typer.Context) -> None:
    """Play the whole story on real data; `datalab demo --help` says how."""
    sys.argv[:] = ["datalab demo", *context.args]
    # By name: the demo may know the services, which this package must not import.
    runpy.run_module("deploy.demo", run_name="__main__")
