"""`datalab harvest`: other catalogues, and what comes of harvesting them."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import Answer, Client, path_of
from deploy.cli.command_group import CommandGroup, ListRequest

app = CommandGroup("Other catalogues, harvested into the lab's own.")


@app.answers("add")
def add(
    api: Client,
    title: str,
    url: Annotated[str, typer.Option(help="Its first page; none when files are uploaded.")] = "",
    catalogue: Annotated[str, typer.Option(help="dcat or data.gouv.")] = "dcat",
    theme: Annotated[str, typer.Option(help="Of datasets that have none.")] = "non classé",
    licence: Annotated[str, typer.Option(help="Of datasets that have none.")] = "notspecified",
    every_hours: Annotated[int, typer.Option(help="Harvest it so often; 0 for never.")] = 0,
    idempotency_key: Annotated[str, typer.Option(help="Add it once, however often asked.")] = "",
) -> Answer:
    """Add another catalogue."""
    about = {"title": title, "url": url, "catalogue": catalogue, "theme": theme}
    body = {**about, "licence": licence, "every_hours": every_hours or None}
    return api.post("catalog", "/sources", body, idempotency_key)


@app.answers("change")
def change(
    api: Client,
    source_id: str,
    title: str | None = None,
    url: Annotated[str | None, typer.Option(help="Empty when files are uploaded.")] = None,
    theme: Annotated[str | None, typer.Option(help="Of datasets that have none.")] = None,
    licence: Annotated[str | None, typer.Option(help="Of datasets that have none.")] = None,
    every_hours: Annotated[int | None, typer.Option(help="0 for only when asked.")] = None,
) -> Answer:
    """Change a source; what is not given stays. Its datasets follow with the next harvest."""
    texts = {"title": title, "url": url, "theme": theme, "licence": licence}
    changes: dict[str, object] = {name: text for name, text in texts.items() if text is not None}
    if every_hours is not None:
        changes["every_hours"] = every_hours or None
    return api.patch("catalog", path_of("sources", source_id), changes)


@app.answers("run")
def run(
    api: Client,
    source_id: str,
    file: Annotated[Path | None, typer.Option(help="Harvest this file of it.", exists=True)] = None,
    may_retire_most: Annotated[
        bool, typer.Option(help="Retire what is missing, even if that is most of it.")
    ] = False,
) -> Answer:
    """Harvest a source now; while that is under way, the answer is that harvest."""
    how = {"may_retire_most": may_retire_most}
    if file:
        return api.upload("catalog", path_of("sources", source_id, "file"), how, file)
    return api.post("catalog", path_of("sources", source_id, "harvest"), how)


@app.lists("list", "id", "title", "catalogue", "url", "every_hours", "next_at", "harvest_id")
def list_() -> ListRequest:
    """List the other catalogues."""
    return "catalog", "/sources", {}


def _show(answer: Answer) -> None:
    """A harvest; or the source of which there is none yet."""
    show.record(answer, leave_out=("refused",))
    if answer.get("refused"):
        show.rows(answer["refused"], ("page", "where", "reason"))


@app.answers("show", _show)
def show_(api: Client, identifier: str) -> Answer:
    """Show a harvest (`hrv_...`), or the latest one of a source (`src_...`)."""
    harvest_id = _harvest_of(api, identifier)
    if not harvest_id:
        return api.get("catalog", path_of("sources", identifier))
    return api.get("catalog", path_of("harvests", harvest_id))


@app.answers("cancel", lambda harvest: show.record(harvest, leave_out=("refused",)))
def cancel(api: Client, identifier: str) -> Answer:
    """Stop a harvest (`hrv_...`), or the latest one of a source; what it took until now stays."""
    path = path_of("harvests", _harvest_of(api, identifier) or identifier, "cancel")
    return api.post("catalog", path, {})


def _harvest_of(api: Client, identifier: str) -> str:
    """The harvest that a source's id stands for, if any; a harvest's id as it is."""
    if not identifier.startswith("src_"):
        return identifier
    return str(api.get("catalog", path_of("sources", identifier))["harvest_id"])
