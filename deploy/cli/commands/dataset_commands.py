"""`datalab dataset`: the catalogue and access to its data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, CallError, Client, path_of
from deploy.cli.command_group import After, CommandGroup, Limit, ListRequest, TableFormat
from deploy.cli.commands import dataset_owner_commands
from deploy.cli.commands.dataset_owner_commands import ABOUT
from deploy.cli.session import client, save

app = CommandGroup("The catalogue, and access to its data.")
app.add_typer(dataset_owner_commands.app)

_Key = Annotated[str, typer.Option(help="Kind of key column: commune, siren, ...")]


def _show_found(page: Answer, columns: Sequence[str]) -> None:
    show.page(page, columns)
    if page["note"]:
        show.line(page["note"])
    show.line(f"{page['total']} in all")
    facets = (page["facets"] or {}).items()
    counted = [{"facet": name, **value} for name, values in facets for value in values]
    if counted:
        show.line("")
        show.rows(counted, ("facet", "value", "label", "count"))


@app.lists("search", "score", "id", "quality", "title", "reasons", limit=20, display=_show_found)
def search(
    words: Annotated[list[str] | None, typer.Argument(help="All of which occur.")] = None,
    theme: str = "",
    licence: Annotated[str, typer.Option(help="Identifier, title or address.")] = "",
    territory: Annotated[str, typer.Option(help="INSEE code, or SIREN of an EPCI.")] = "",
    key: _Key = "",
    producer: str = "",
    format_: Annotated[str, typer.Option("--format", help="csv, xlsx, geojson, ...")] = "",
    updated_within: Annotated[str, typer.Option(help="week, month or year.")] = "",
    quality: Annotated[int, typer.Option(help="The least, in points of 100.")] = 0,
    joinable_with: Annotated[str, typer.Option(help="Dataset id: what has its keys.")] = "",
    facets: Annotated[bool, typer.Option(help="Count what is found by its properties.")] = False,
) -> ListRequest:
    """Search the catalogue; accents, plurals and slips of the pen make no difference."""
    query = {
        "q": " ".join(words or []),
        "theme": theme,
        "licence": licence,
        "territory": territory,
        "key": key,
        "producer": producer,
        "format": format_,
        "updated_within": updated_within,
        "quality": quality or None,
        "joinable_with": joinable_with,
        "facets": "true" if facets else "",
    }
    return "catalog", "/datasets", query


@app.lists("list", "id", "state", "access", "rows", "keys", "quality", "title")
def list_(
    theme: str = "",
    key: _Key = "",
    owner: Annotated[str, typer.Option(help="Member id of the owner.")] = "",
    state: Annotated[str, typer.Option(help="published, pending, held or rejected.")] = "",
) -> ListRequest:
    """List the catalogue by id."""
    query = {"theme": theme, "key": key, "owner_id": owner, "state": state}
    return "catalog", "/datasets", query


def _show_versions(dataset: Answer) -> None:
    ABOUT(dataset)
    show.line("\nversions")
    columns = ("number", "state", "filename", "file.size", "file.sha256", "reason", "note")
    show.rows(dataset["versions"], columns)
    read = (version["profile"] for version in reversed(dataset["versions"]) if version["profile"])
    newest: Answer = next(read, {})
    if dataset["columns"]:
        show.line("\ncolumns")
        listed = newest.get("columns", dataset["columns"])
        show.rows(listed, ("name", "kind", "meaning.type", "description"))
    if warnings := [
        {"column": column["name"], "message": warning["message"]}
        for column in newest.get("columns", ())
        for warning in column["warnings"]
    ]:
        show.line("\nto know before these columns are used")
        show.rows(warnings, ("column", "message"))
    if totals := newest.get("totals"):
        show.line("\nrows of totals, left out of sums")
        show.rows(totals, ("message",))
    unmet = [criterion for criterion in dataset["criteria"] if not criterion["met"]]
    if unmet:
        show.line("\nto mend")
        show.rows(unmet, ("name", "weight", "advice"))


@app.answers("show", _show_versions)
def show_(api: Client, dataset_id: str) -> Answer:
    """Show a dataset with its versions, and what would make it better."""
    return api.get("catalog", path_of("datasets", dataset_id))


@app.lists("files", "name", "media_type", "size", "width", "height", "sha256", limit=100)
def files(dataset_id: str) -> ListRequest:
    """List the files of a dataset that is no table."""
    return "catalog", path_of("datasets", dataset_id, "files"), {}


@app.answers("repair", ABOUT)
def repair(
    api: Client,
    dataset_id: str,
    column: str,
    repair: Annotated[str, typer.Option(help="As the column's meaning proposes it.")] = (
        "leading_zero"
    ),
) -> Answer:
    """Accept a proposed repair of COLUMN; the file is read anew, as another version."""
    body = {"column": column, "repair": repair}
    return api.post("catalog", path_of("datasets", dataset_id, "repairs"), body)


@app.answers("confirm", ABOUT)
def confirm(
    api: Client,
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
) -> Answer:
    """Publish a held version of one's dataset, which names persons, on a legal basis."""
    fields = {"basis": basis, "purpose": purpose, "note": note, "restrict": restrict}
    path = path_of("datasets", dataset_id, "legal-basis")
    return api.post("catalog", path, {**fields, "version": version})


@app.command()
def screen(
    context: typer.Context,
    dataset_ids: Annotated[list[str] | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is published.")] = False,
) -> None:
    """Have datasets read and screened for personal data anew: those that name persons are held."""
    if not dataset_ids and not everything:
        raise CallError("give the ids of datasets, or --all")
    api = client(context)
    listed = api.every("catalog", "/datasets", limit=100) if everything else ()
    for dataset_id in [
        *(dataset_ids or ()),
        *(dataset["id"] for dataset in listed if dataset["version"]),
    ]:
        api.post("catalog", path_of("datasets", dataset_id, "screening"))
        show.line(dataset_id)


@app.command()
def export(
    context: typer.Context,
    dataset_id: Annotated[str, typer.Argument(help="One dataset instead of the catalogue.")] = "",
    syntax: Annotated[str, typer.Option("--format", help="turtle, jsonld or rdfxml.")] = "turtle",
    after: After = "",
    limit: Limit = 100,
) -> None:
    """Print a page of the catalogue, or one dataset, in DCAT-AP 3."""
    path = path_of("datasets", dataset_id) if dataset_id else "/catalog"
    query = {} if dataset_id else {"after": after, "limit": limit}
    show.raw(client(context).text("catalog", path, format=syntax, **query))


@app.lists(
    "joins", "dataset_id", "columns_here", "columns_there", "share_of_rows", "rows_joined", "reason"
)
def joins(
    dataset_id: str,
    column: Annotated[str, typer.Option(help="By this column of the dataset.")] = "",
    containment: Annotated[
        float, typer.Option(help="At least this share of one side is on the other, 0 to 1.")
    ] = 0.0,
) -> ListRequest:
    """List what a dataset can be joined with, the best first."""
    query = {"column": column, "containment": containment}
    return "catalog", path_of("datasets", dataset_id, "joins"), query


@app.answers("crossing")
def crossing(api: Client, dataset_ids: list[str]) -> Answer:
    """Judge a crossing before it runs: its licence, and what its data tells about persons."""
    judged = api.get("catalog", "/crossing", dataset_id=dataset_ids)
    return judged["licence"] | {name: judged[name] for name in ("privacy", "privacy_notice")}


@app.command()
def download(
    context: typer.Context,
    dataset_id: str,
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False)],
    name: Annotated[
        str, typer.Option(help="A file of a project's result, or an upload of files, by its name.")
    ] = "",
    format_: TableFormat = "",
    version: Annotated[int | None, typer.Option(help="By its number; else the newest.")] = None,
) -> None:
    """Save a dataset's table, or a file that came with it."""
    from shared.engine.tables.exports import format_of  # noqa: PLC0415 - only who saves pays for it

    path = path_of("datasets", dataset_id, *(("files", name) if name else ("table",)))
    table_format = format_ or ("" if name else format_of(output))
    save(context, "catalog", path, output, format=table_format, version=version)


@app.answers("difference")
def difference(
    api: Client,
    dataset_id: str,
    since: Annotated[
        int | None, typer.Option("--from", help="Else the version published before the other.")
    ] = None,
    version: Annotated[int | None, typer.Option("--to", help="Else the newest version.")] = None,
) -> Answer:
    """Tell what a version changed of another: columns, rows, and the figures that moved most."""
    query = {"from": since, "to": version}
    return api.get("catalog", path_of("datasets", dataset_id, "difference"), **query)


@app.lists(
    "uses", "opened_at", "project_title", "holder_id", "kind", "state", "rows", "delivered_as"
)
def uses(dataset_id: str) -> ListRequest:
    """List who used one's dataset, for which project and with what result, newest first."""
    return "catalog", path_of("datasets", dataset_id, "uses"), {}


@app.lists("releases", "reserved_at", "state", "project_id", "job_id", "by", "figures", "units")
def releases(dataset_id: str) -> ListRequest:
    """List what left of one's restricted dataset, or waits for a reviewer, newest first."""
    return "catalog", path_of("datasets", dataset_id, "releases"), {}


@app.lists(
    "access-requests", "id", "state", "project_title", "dataset_title", "requested_at", "obstacle"
)
def access_requests(
    waiting: Annotated[bool, typer.Option(help="Only those without a decision.")] = False,
) -> ListRequest:
    """List the requests for one's restricted data."""
    return "catalog", "/access-requests", {"waiting": "true" if waiting else ""}


@app.answers("take-in", lambda dataset: show.record(dataset, leave_out=("versions", "harvested")))
def take_in(
    api: Client,
    dataset_id: str,
    url: Annotated[str, typer.Option(help="One of its distributions; else the best table.")] = "",
) -> Answer:
    """Fetch the data of a harvested dataset of one's own into the lab."""
    return api.post("catalog", path_of("datasets", dataset_id, "take-in"), {"url": url})
