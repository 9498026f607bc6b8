"""What people write for a command: objects in files, and NAME=VALUE."""

import csv
from pathlib import Path
from typing import Any

import typer

from deploy.cli.api_client import CallError
from shared.engine.analysis import yaml_text
from shared.errors import Invalid

_HEADINGS = ("description", "libellé", "libelle", "définition", "definition", "signification")


def read_object(file: typer.FileText) -> dict[str, Any]:
    """The object in a YAML or JSON file, which is YAML too; raises CallError naming the file."""
    try:
        return yaml_text.read_object(file.read(yaml_text.MOST_CHARACTERS + 1))
    except (Invalid, UnicodeDecodeError) as error:
        raise CallError(f"{file.name}: {error}") from error


def pairs(option: str, written: list[str]) -> dict[str, str]:
    """Parse a repeated option NAME=VALUE; raises CallError for one without `=`, or a name twice."""
    for pair in written:
        if "=" not in pair:
            raise CallError(f"{option} is NAME=VALUE, not {pair}")
    values = {name: value for name, _, value in (pair.partition("=") for pair in written)}
    if len(values) < len(written):
        raise CallError(f"{option} gives a name twice: {', '.join(written)}")
    return values


def described(file: Path | None) -> list[dict[str, str]]:
    """Return the columns that a data dictionary describes, without those whose text is blank."""
    if file is None:
        return []
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    first, *_ = text.splitlines() or [""]
    delimiter = next((separator for separator in ";\t" if separator in first), ",")
    columns = []
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    except csv.Error as error:
        raise CallError(f"{file}: {error}") from error
    for number, fields in enumerate(rows, 1):
        if not any(fields):
            continue
        if len(fields) != 2:  # noqa: PLR2004 - a name and a text
            raise CallError(f"{file}: row {number} has {len(fields)} fields in place of 2")
        name, description = (field.strip() for field in fields)
        if description and not (number == 1 and description.lower() in _HEADINGS):
            columns.append({"name": name, "description": description})
    if not columns:
        raise CallError(f"{file} describes no column")
    return columns
