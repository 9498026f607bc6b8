"""What owners are asked: `datalab dataset access-request`, `decide`."""

import sys
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import CommandGroup

app = CommandGroup("What projects ask of owners.")


def _show_request(request: Answer) -> None:
    """Show a request field by field, what is asked in sentences, and the fingerprint of that."""
    show.record(request, leave_out=("asked", "code", "licence", "privacy", "fingerprint"))
    for code in request["code"]:
        show.line(f"\ncode of the step {code['step']} ({code['sha256']}):")
        show.line(code["text"])
    for sentence in (*request["asked"], request["licence"], request["privacy"]):
        show.line(sentence)
    show.line("Its fingerprint, for `datalab dataset decide --fingerprint`:")
    # Whole, however narrow the terminal is: it is there to be copied.
    show.raw(f"{show.text(request['fingerprint'])}\n")


@app.answers("access-request", _show_request)
def access_request(api: Client, request_id: str) -> Answer:
    """Show what a project asks of one's data: who, why, which columns, what comes out."""
    return api.get("catalog", path_of("access-requests", request_id))


def _agreed_to(api: Client, request_id: str) -> str:
    """The fingerprint of a request whose sentences somebody read just now, and said yes to."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CallError(
            f"a grant is for what was read: read `datalab dataset access-request {request_id}`,"
            " and give its --fingerprint"
        )
    request = api.get("catalog", path_of("access-requests", request_id))
    _show_request(request)
    if not typer.confirm("Grant this?"):
        raise CallError("nothing was granted")
    return str(request["fingerprint"])


@app.answers("decide")
def decide(
    api: Client,
    request_id: str,
    decision: Annotated[str, typer.Option(help="grant, refuse or revoke.")],
    reason: Annotated[str, typer.Option(help="In French; a refusal or revocation needs one.")] = "",
    purpose: Annotated[str, typer.Option(help="What a grant is for, in French.")] = "",
    until: Annotated[str, typer.Option(help="The last day of a grant: 2026-12-31.")] = "",
    conditions: Annotated[str, typer.Option(help="What is to be kept to, in French.")] = "",
    treatment: Annotated[
        str, typer.Option(help="shown: for what is asked only; any: whatever the project does.")
    ] = "shown",
    column: Annotated[
        list[str],
        typer.Option(help="What a grant is for, if not for all that is read; several times."),
    ] = [],
    fingerprint: Annotated[
        str, typer.Option(help="Of the request that was read; else a terminal shows it and asks.")
    ] = "",
) -> Answer:
    """Grant or refuse a project's request for one's data, or revoke what was granted."""
    path = path_of("access-requests", request_id)
    if decision == "grant" and not fingerprint:
        fingerprint = _agreed_to(api, request_id)
    fields = {"decision": decision, "reason": reason, "purpose": purpose, "until": until or None}
    fields |= {"conditions": conditions, "treatment": treatment, "fingerprint": fingerprint}
    part = {"columns": column} if column else {}
    return api.post("catalog", f"{path}/decision", {**fields, **part})
