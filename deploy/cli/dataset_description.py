"""`datalab dataset describe`: mend what is said of one's dataset."""

from typing import Annotated

import typer

from deploy.cli import show
from deploy.cli.api_client import path_of
from deploy.cli.session import Json, client

_EMPTY = "Empty takes it away."
_Optional = Annotated[str | None, typer.Option(help=_EMPTY)]


def describe(
    context: typer.Context,
    dataset_id: str,
    title: str | None = None,
    theme: str | None = None,
    licence: str | None = None,
    access: Annotated[str | None, typer.Option(help="open or restricted.")] = None,
    description: str | None = None,
    keyword: Annotated[list[str], typer.Option(help="All of them: several times.")] = [],
    territory: Annotated[list[str], typer.Option(help="All INSEE codes: several times.")] = [],
    producer: str | None = None,
    producer_kind: _Optional = None,
    source_url: _Optional = None,
    temporal_start: Annotated[str, typer.Option(help="First day; without end, an open one.")] = "",
    temporal_end: Annotated[str, typer.Option(help="Last day it is about.")] = "",
    frequency: _Optional = None,
    contact_name: Annotated[str, typer.Option(help="Whom to ask, with one of the next.")] = "",
    contact_email: str = "",
    contact_url: str = "",
    hvd: _Optional = None,
    language: str | None = None,
    json: Json = False,
) -> None:
    """Change what is said of one's dataset; what is not given stays."""
    texts = {"title": title, "theme": theme, "licence": licence, "access": access}
    texts |= {"description": description, "producer": producer, "language": language}
    optional = {"source_url": source_url, "frequency": frequency, "hvd": hvd}
    optional["producer_kind"] = producer_kind
    whole = {
        "keywords": keyword,
        "territory": territory,
        "temporal": said(start=temporal_start, end=temporal_end),
        "contact": said(name=contact_name, email=contact_email, url=contact_url),
    }
    changes: dict[str, object] = {name: text for name, text in texts.items() if text is not None}
    changes |= {name: text or None for name, text in optional.items() if text is not None}
    changes |= {name: value for name, value in whole.items() if value}
    answer = client(context).patch("catalog", path_of("datasets", dataset_id), changes)
    show.record(answer, json_wanted=json, leave_out=("versions", "criteria"))


def said(**fields: str) -> dict[str, str] | None:
    """The fields that were given; None when none was."""
    return {name: value for name, value in fields.items() if value} or None
