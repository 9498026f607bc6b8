"""`datalab member`: the lab's partners."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest

app = CommandGroup("The lab's partners.")


@app.answers("add")
def add(
    api: Client,
    name: str,
    kind: Annotated[str, typer.Option(help="local_authority, company, laboratory, ...")],
    siren: Annotated[str, typer.Option(help="Nine digits, if it has one.")] = "",
    skill: Annotated[list[str], typer.Option(help="May be given several times.")] = [],
    territory: Annotated[list[str], typer.Option(help="INSEE code; several times.")] = [],
    member_id: Annotated[str, typer.Option("--id", help="Its id; made if not given.")] = "",
) -> Answer:
    """Register a member."""
    about = {"name": name, "kind": kind, "siren": siren, "member_id": member_id or None}
    body = {**about, "skills": skill, "territory": territory}
    return api.post("intake", "/members", body)


@app.lists("list", "id", "kind", "name", "siren", "skills", "territory")
def list_(skill: str = "", territory: str = "") -> ListRequest:
    """List members, by skill and territory."""
    return "intake", "/members", {"skill": skill, "territory": territory}


@app.answers("show")
def show_(api: Client, member_id: str) -> Answer:
    """Show a member."""
    return api.get("intake", path_of("members", member_id))


@app.answers("change")
def change(
    api: Client,
    member_id: str,
    siren: Annotated[str, typer.Option(help="Nine digits; empty when it has none.")],
) -> Answer:
    """Note a member's SIREN: nobody decides on a project of their own organisation."""
    return api.patch("intake", path_of("members", member_id), {"siren": siren})


@app.answers("leave")
def leave(
    api: Client,
    member_id: str,
    reason: Annotated[str, typer.Option(help="In French: other members read it.")] = "",
    unregistered: Annotated[
        bool, typer.Option(help="Also an id that was never registered, but holds data.")
    ] = False,
) -> Answer:
    """End a membership: projects are withdrawn, datasets retired, webhooks deleted."""
    body = ({"reason": reason} if reason else {}) | {"unregistered": unregistered}
    return api.post("intake", path_of("members", member_id, "departure"), body)


def _show_receipt(erasure: Answer) -> None:
    show.record(erasure, leave_out=("parts", "elsewhere"))
    for part in erasure["parts"]:
        show.line(f"\n{part['service']}")
        show.rows(part["counts"], ("kind", "count"))
        for kept in part["kept"]:
            show.line(f"kept: {kept}")
    for text in erasure["elsewhere"]:
        show.line(f"\n{text}")


@app.answers("erase", _show_receipt)
def erase(
    api: Client,
    member_id: str,
    reason: Annotated[str, typer.Option(help="In French: who asked for it, and when.")],
) -> Answer:
    """Erase what the lab holds of a member who left."""
    return api.post("intake", "/erasures", {"member_id": member_id, "reason": reason})


@app.answers("receipt", _show_receipt)
def receipt(api: Client, erasure_id: str) -> Answer:
    """Show the receipt of an erasure: what went, what is kept and why, who has not answered."""
    return api.get("intake", path_of("erasures", erasure_id))
