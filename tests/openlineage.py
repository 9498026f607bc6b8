"""Checks events against the JSON schemas that OpenLineage publishes."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

_SCHEMAS = Path(__file__).parent / "data/openlineage"


@cache
def _registry() -> Registry[Any]:
    schemas = (json.loads(path.read_text()) for path in sorted(_SCHEMAS.glob("*.json")))
    return Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )


def faults(event: dict[str, Any]) -> list[str]:
    """What is wrong with a run event, and with each of its facets by the schema that it names."""
    checked = [(event["schemaURL"], event)]
    checked += [(facet["_schemaURL"], facet) for facet in facets(event)]
    return [
        f"{address}: {error.message}"
        for address, content in checked
        for error in Draft202012Validator(
            {"$ref": address},
            registry=_registry(),
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        ).iter_errors(content)
    ]


def facets(content: Any) -> Iterator[dict[str, Any]]:
    """All facets of an event, wherever they stand in it."""
    parts = content if isinstance(content, list) else []
    if isinstance(content, dict):
        parts = list(content.values())
        if "_schemaURL" in content:
            yield content
    for part in parts:
        yield from facets(part)


def tags(dataset: dict[str, Any]) -> dict[str, str]:
    """The tags of a dataset by their keys."""
    named = dataset["facets"].get("tags", {"tags": []})["tags"]
    return {tag["key"]: tag["value"] for tag in named}
