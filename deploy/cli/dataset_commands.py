"""`datalab dataset`: the catalogue and access to its data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.api_client import Client, path_of
from deploy.cli.dataset_description import describe, said
from deploy.cli.dataset_search import search
from deploy.cli.session import After, Json, Limit, client

app = typer.Typer(help="The catalogue, and access to its data.", no_args_is_help=True)

_LISTED = ("id", "state", "access", "rows", "keys", "quality", "title")
_JOINS = ("dataset_id", "columns_here", "columns_there", "containment", "rows_joined", "reason")
_REQUESTS = ("id", "state", "project_title", "dataset_title", "requested_at", "obstacle")
_USES = ("opened_at", "project_title", "holder_id", "kind", "state", "rows", "delivered_as")
_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command()
def add(
    context: typer.Context,
    file: _File,
    title: Annotated[str, typer.Option()],
    theme: Annotated[str, typer.Option()],
    licence: Annotated[str, typer.Option()],
    access: Annotated[str, typer.Option(help="open or restricted.")] = "restricted",
    description: str = "",
    keyword: Annotated[list[str], typer.Option(help="May be given several times.")] = [],
    territory: Annotated[list[str], typer.Option(help="INSEE code; several times.")] = [],
    producer: str = "",
    producer_kind: Annotated[str, typer.Option(help="local_authority, company, ...")] = "",
    source_url: str | None = None,
    temporal_start: Annotated[str, typer.Option(help="First day it is about.")] = "",
    temporal_end: Annotated[str, typer.Option(help="Last day it is about.")] = "",
    frequency: Annotated[str, typer.Option(help="EU code: annual, monthly, never, ...")] = "",
    contact_name: Annotated[str, typer.Option(help="Whom to ask, with one of the next.")] = "",
    contact_email: str = "",
    contact_url: str = "",
    hvd: Annotated[str, typer.Option(help="Category of a high-value dataset.")] = "",
    language: str = "fr",
    json: Json = False,
) -> None:
    """Upload FILE as a new dataset; it is published once it was read."""
    about = {"title": title, "theme": theme, "licence": licence, "access": access}
    metadata = about | {
        "description": description,
        "keywords": keyword,
        "territory": territory,
        "producer": producer,
        "producer_kind": producer_kind or None,
        "source_url": source_url,
        "temporal": said(start=temporal_start, end=temporal_end),
        "frequency": frequency or None,
        "contact": said(name=contact_name, email=contact_email, url=contact_url),
        "hvd": hvd or None,
        "language": language,
    }
    show.record(client(context).upload("catalog", "/datasets", metadata, file), json_wanted=json)


app.command()(search)
app.command()(describe)


@app.command("list")
def list_(
    context: typer.Context,
    theme: str = "",
    key: Annotated[str, typer.Option(help="Kind of key column: commune, siren, ...")] = "",
    owner: Annotated[str, typer.Option(help="Member id of the owner.")] = "",
    state: Annotated[str, typer.Option(help="published, pending, held or rejected.")] = "",
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List the catalogue by id."""
    query = {
        "theme": theme,
        "key": key,
        "owner_id": owner,
        "state": state,
        "after": after,
        "limit": limit,
    }
    show.page(client(context).get("catalog", "/datasets", **query), _LISTED, json_wanted=json)


@app.command("show")
def show_(context: typer.Context, dataset_id: str, json: Json = False) -> None:
    """Show a dataset with its versions, and what would make it better."""
    answer = client(context).get("catalog", path_of("datasets", dataset_id))
    show.record(answer, json_wanted=json, leave_out=("versions", "criteria"))
    if not json:
        show.line("\nversions")
        columns = ("number", "state", "filename", "file.size", "file.sha256", "reason", "note")
        show.rows(answer["versions"], columns)
        _advise(answer["criteria"])


@app.command()
def repair(
    context: typer.Context,
    dataset_id: str,
    column: str,
    repair: Annotated[str, typer.Option(help="As the column's meaning proposes it.")] = (
        "leading_zero"
    ),
    json: Json = False,
) -> None:
    """Accept a proposed repair of COLUMN; the file is read anew, as another version."""
    path = path_of("datasets", dataset_id, "repairs")
    answer = client(context).post("catalog", path, {"column": column, "repair": repair})
    show.record(answer, json_wanted=json, leave_out=("versions", "criteria"))


@app.command()
def confirm(
    context: typer.Context,
    dataset_id: str,
    basis: Annotated[
        str,
        typer.Option(
            help="consent, contract, legal_obligation, vital_interests, public_task or"
            " legitimate_interests: RGPD, article 6(1)."
        ),
    ],
    purpose: Annotated[str, typer.Option(help="What the data is published for; in French.")],
    version: Annotated[int | None, typer.Option(help="By default the newest held one.")] = None,
    note: str = "",
    restrict: Annotated[bool, typer.Option(help="Make an open dataset restricted.")] = False,
    json: Json = False,
) -> None:
    """Publish a held version of one's dataset, which names persons, on a legal basis."""
    said = {"basis": basis, "purpose": purpose, "note": note, "restrict": restrict}
    path = path_of("datasets", dataset_id, "legal-basis")
    answer = client(context).post("catalog", path, {**said, "version": version})
    show.record(answer, json_wanted=json, leave_out=("versions", "criteria"))


@app.command()
def screen(
    context: typer.Context,
    dataset_ids: Annotated[list[str] | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is published.")] = False,
) -> None:
    """Have datasets read and screened for personal data anew: those that name persons are held."""
    calls = client(context)
    for dataset_id in [*(dataset_ids or ()), *(_published(calls) if everything else ())]:
        calls.post("catalog", path_of("datasets", dataset_id, "screening"))
        show.line(dataset_id)


def _published(calls: Client) -> Iterator[str]:
    after = ""
    while after is not None:
        page = calls.get("catalog", "/datasets", after=after, limit=100)
        yield from (item["id"] for item in page["items"] if item["version"])
        after = page["next"]


@app.command()
def export(
    context: typer.Context,
    dataset_id: Annotated[str, typer.Argument(help="One dataset instead of the catalogue.")] = "",
    syntax: Annotated[str, typer.Option("--format", help="turtle, jsonld or rdfxml.")] = "turtle",
    after: After = "",
    limit: Limit = 100,
) -> None:
    """Print a page of the catalogue, or one dataset, in DCAT-AP 3."""
    if dataset_id:
        path = path_of("datasets", dataset_id)
        show.raw(client(context).text("catalog", path, format=syntax))
    else:
        query = {"format": syntax, "after": after, "limit": limit}
        show.raw(client(context).text("catalog", "/catalog", **query))


@app.command()
def joins(
    context: typer.Context,
    dataset_id: str,
    column: Annotated[str, typer.Option(help="By this column of the dataset.")] = "",
    containment: Annotated[
        float, typer.Option(help="At least this share of one side is on the other, 0 to 1.")
    ] = 0.0,
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List what a dataset can be joined with, the best first."""
    query = {"column": column, "containment": containment, "after": after, "limit": limit}
    answer = client(context).get("catalog", path_of("datasets", dataset_id, "joins"), **query)
    show.page(answer, _JOINS, json_wanted=json)


@app.command()
def crossing(context: typer.Context, dataset_ids: list[str], json: Json = False) -> None:
    """Judge a crossing before it runs: its licence, and what its data tells about persons."""
    answer = client(context).get("catalog", "/crossing", dataset_id=dataset_ids)
    told = {name: answer[name] for name in ("privacy", "privacy_notice")}
    show.record(answer["licence"] | told, json_wanted=json)


@app.command()
def download(
    context: typer.Context,
    dataset_id: str,
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False)],
    name: Annotated[
        str, typer.Option(help="A file of a project's result, instead of the Parquet table.")
    ] = "",
) -> None:
    """Save a dataset's table, or a file that came with it."""
    path = path_of("datasets", dataset_id, *(("files", name) if name else ("table",)))
    size = client(context).download("catalog", path, output)
    show.line(f"{output}: {size} bytes")


@app.command()
def uses(
    context: typer.Context,
    dataset_id: str,
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List who used one's dataset, for which project and with what result, newest first."""
    path = path_of("datasets", dataset_id, "uses")
    answer = client(context).get("catalog", path, after=after, limit=limit)
    show.page(answer, _USES, json_wanted=json)


@app.command("access-requests")
def access_requests(
    context: typer.Context,
    waiting: Annotated[bool, typer.Option(help="Only those without a decision.")] = False,
    after: After = "",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List the requests for one's restricted data."""
    query = {"waiting": "true" if waiting else "", "after": after, "limit": limit}
    answer = client(context).get("catalog", "/access-requests", **query)
    show.page(answer, _REQUESTS, json_wanted=json)


@app.command()
def decide(
    context: typer.Context,
    request_id: str,
    decision: Annotated[str, typer.Option(help="grant, refuse or revoke.")],
    reason: Annotated[str, typer.Option(help="In French; a refusal or revocation needs one.")] = "",
    purpose: Annotated[str, typer.Option(help="What a grant is for, in French.")] = "",
    until: Annotated[str, typer.Option(help="The last day of a grant: 2026-12-31.")] = "",
    json: Json = False,
) -> None:
    """Grant or refuse a project's request for one's data, or revoke what was granted."""
    path = path_of("access-requests", request_id, "decision")
    said = {"decision": decision, "reason": reason, "purpose": purpose, "until": until or None}
    answer = client(context).post("catalog", path, said)
    show.record(answer, json_wanted=json)


def _advise(criteria: list[dict[str, Any]]) -> None:
    unmet = [one for one in criteria if not one["met"]]
    if unmet:
        show.line("\nto mend")
        show.rows(unmet, ("name", "weight", "advice"))


@app.command("take-in")
def take_in(
    context: typer.Context,
    dataset_id: str,
    url: Annotated[str, typer.Option(help="One of its distributions; else the best table.")] = "",
    json: Json = False,
) -> None:
    """Fetch the data of a harvested dataset of one's own into the lab."""
    path = path_of("datasets", dataset_id, "take-in")
    answer = client(context).post("catalog", path, {"url": url})
    show.record(answer, json_wanted=json, leave_out=("versions", "harvested"))
