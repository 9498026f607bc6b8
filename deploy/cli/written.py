"""What people write for a command: objects in files, and NAME=VALUE."""

import json
from typing import Any

import typer
import yaml  # type: ignore[import-untyped]

from deploy.cli.api_client import CallError


def read_object(file: typer.FileText) -> dict[str, Any]:
    """The object in a YAML or JSON file, which is YAML too; raises CallError naming the file."""
    try:
        value = yaml.safe_load(file)
    except yaml.YAMLError as error:
        raise CallError(f"{file.name} is neither JSON nor YAML: {error}") from error
    if not isinstance(value, dict):
        raise CallError(f"{file.name} must hold a JSON object")
    try:
        # YAML writes dates, and values that hold themselves, for which JSON has no words.
        read: dict[str, Any] = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise CallError(f"{file.name} is no JSON object: {error}") from error
    return read


def pairs(option: str, written: list[str]) -> dict[str, str]:
    """NAME=VALUE of a repeated option; raises CallError for one without `=`."""
    for one in written:
        if "=" not in one:
            raise CallError(f"{option} is NAME=VALUE, not {one}")
    return {name: value for name, _, value in (one.partition("=") for one in written)}


def value_of(written: str) -> object:
    """The number, truth value or text that is written."""
    value = yaml.safe_load(written)
    return value if isinstance(value, int | float | bool) else written
