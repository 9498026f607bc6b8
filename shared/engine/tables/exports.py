"""The formats that people take tables away in, and what a table is exported with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.engine.tables.manifest import PARQUET, Column
from shared.events.event import Frozen

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ExportFormat = Literal["csv", "parquet", "xlsx"]

MEDIA_TYPES: Mapping[str, str] = {"csv": CSV, "parquet": PARQUET, "xlsx": XLSX}

STORED = "stored"
"""A file as it lies in the store, for those who ask for no format."""

DOWNLOADS: Mapping[str, str] = {STORED: "application/octet-stream", **MEDIA_TYPES}
"""What a route offers that sends a table: names of formats to media types, the default first."""


def format_of(file: Path) -> str:
    """Return the format that a file's suffix names; empty for another suffix."""
    suffix = file.suffix.lower().removeprefix(".")
    return suffix if suffix in MEDIA_TYPES else ""


_Text = Annotated[str, StringConstraints(max_length=20_000)]


class Line(Frozen):
    """A line of the sheet that says where a table comes from, in French."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    text: _Text


class Export(Frozen):
    """How a table is exported: its format, what its columns hold, and where it comes from."""

    format: ExportFormat
    described: tuple[Column, ...] = Field(
        default=(), description="columns of text that are read as what they were described to hold"
    )
    about: tuple[Line, ...] = Field(default=(), max_length=200)
