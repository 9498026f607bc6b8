"""`datalab harvest`: other catalogues, and what comes of harvesting them."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import path_of
from deploy.cli.session import After, Json, Limit, client

app = typer.Typer(help="Other catalogues, harvested into the lab's own.", no_args_is_help=True)

_SOURCES = ("id", "title", "catalogue", "url", "every_hours", "next_at", "harvest_id")


@app.command()
def add(
    context: typer.Context,
    title: str,
    url: Annotated[str, typer.Option(help="Its first page; none when files are uploaded.")] = "",
    catalogue: Annotated[str, typer.Option(help="dcat or data.gouv.")] = "dcat",
    theme: Annotated[str, typer.Option(help="Of datasets that have none.")] = "non classé",
    licence: Annotated[str, typer.Option(help="Of datasets that have none.")] = "notspecified",
    every_hours: Annotated[int, typer.Option(help="Harvest it so often; 0 for never.")] = 0,
    idempotency_key: Annotated[str, typer.Option(help="Add it once, however often asked.")] = "",
    json: Json = False,
) -> None:
    """Add another catalogue."""
    about = {"title": title, "url": url, "catalogue": catalogue, "theme": theme}
    body = {**about, "licence": licence, "every_hours": every_hours or None}
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
    show.record(client(context).post("catalog", "/sources", body, headers), json_wanted=json)


@app.command()
def change(
    context: typer.Context,
    source_id: str,
    title: str | None = None,
    url: Annotated[str | None, typer.Option(help="Empty when files are uploaded.")] = None,
    theme: Annotated[str | None, typer.Option(help="Of datasets that have none.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of datasets that have none.")] = None,
    every_hours: Annotated[int | None, typer.Option(help="0 for only when asked.")] = None,
    json: Json = False,
) -> None:
    """Change a source; what is not given stays. Its datasets follow with the next harvest."""
    texts = {"title": title, "url": url, "theme": theme, "licence": licence}
    changes: dict[str, object] = {name: text for name, text in texts.items() if text is not None}
    if every_hours is not None:
        changes["every_hours"] = every_hours or None
    answer = client(context).patch("catalog", path_of("sources", source_id), changes)
    show.record(answer, json_wanted=json)


@app.command()
def run(
    context: typer.Context,
    source_id: str,
    file: Annotated[Path | None, typer.Option(help="Harvest this file of it.", exists=True)] = None,
    may_retire_most: Annotated[
        bool, typer.Option(help="Retire what is missing, even if that is most of it.")
    ] = False,
    json: Json = False,
) -> None:
    """Harvest a source now; while that is under way, the answer is that harvest."""
    how = {"may_retire_most": may_retire_most}
    if file:
        answer = client(context).upload("catalog", path_of("sources", source_id, "file"), how, file)
    else:
        answer = client(context).post("catalog", path_of("sources", source_id, "harvest"), how)
    show.record(answer, json_wanted=json)


@app.command("list")
def list_(context: typer.Context, after: After = "", limit: Limit = 50, json: Json = False) -> None:
    """List the other catalogues."""
    answer = client(context).get("catalog", "/sources", after=after, limit=limit)
    show.page(answer, _SOURCES, json_wanted=json)


@app.command("show")
def show_(context: typer.Context, identifier: str, json: Json = False) -> None:
    """Show a harvest (`hrv_...`), or the latest one of a source (`src_...`)."""
    harvest_id = _harvest_of(context, identifier)
    if not harvest_id:
        source = client(context).get("catalog", path_of("sources", identifier))
        show.record(source, json_wanted=json)
        return
    answer = client(context).get("catalog", path_of("harvests", harvest_id))
    show.record(answer, json_wanted=json, leave_out=("refused",))
    if not json and answer["refused"]:
        show.rows(answer["refused"], ("page", "where", "reason"))


@app.command()
def cancel(context: typer.Context, identifier: str, json: Json = False) -> None:
    """Stop a harvest (`hrv_...`), or the latest one of a source; what it took until now stays."""
    path = path_of("harvests", _harvest_of(context, identifier) or identifier, "cancel")
    answer = client(context).post("catalog", path, {})
    show.record(answer, json_wanted=json, leave_out=("refused",))


def _harvest_of(context: typer.Context, identifier: str) -> str:
    """The harvest that a source's id stands for, if any; a harvest's id as it is."""
    if not identifier.startswith("src_"):
        return identifier
    source = client(context).get("catalog", path_of("sources", identifier))
    return str(source["harvest_id"])
