"""`datalab dataset search`: what fits, why, and what to narrow it by."""

from typing import Annotated, Any

import typer

from deploy.cli import show
from deploy.cli.session import After, Json, Limit, client

_RANKED = ("score", "id", "quality", "title", "reasons")
_COUNTED = ("facet", "value", "label", "count")


def search(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(help="All of which occur.")] = None,
    theme: str = "",
    licence: Annotated[str, typer.Option(help="Identifier, title or address.")] = "",
    territory: Annotated[str, typer.Option(help="INSEE code of a department or commune.")] = "",
    key: Annotated[str, typer.Option(help="Kind of key column: commune, siren, ...")] = "",
    producer: str = "",
    format_: Annotated[str, typer.Option("--format", help="csv, xlsx, geojson, ...")] = "",
    updated_within: Annotated[str, typer.Option(help="week, month or year.")] = "",
    quality: Annotated[int, typer.Option(help="The least, in points of 100.")] = 0,
    joinable_with: Annotated[str, typer.Option(help="Dataset id: what has its keys.")] = "",
    facets: Annotated[bool, typer.Option(help="Count what is found by its properties.")] = False,
    after: After = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
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
        "after": after,
        "limit": limit,
    }
    answer = client(context).get("catalog", "/datasets", **query)
    show.page(answer, _RANKED, json_wanted=json)
    if not json:
        if answer["note"]:
            show.line(answer["note"])
        show.line(f"{answer['total']} in all")
        _show_facets(answer["facets"] or {})


def _show_facets(facets: dict[str, list[dict[str, Any]]]) -> None:
    counted = [{"facet": name, **value} for name, values in facets.items() for value in values]
    if counted:
        show.line("")
        show.rows(counted, _COUNTED)
