"""The OpenAPI 3.1 document of a service, from the models its routes use."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter

from shared.http import problem
from shared.http.problem import Problem
from shared.http.route import BYTES, EVENTS, METADATA, Download, EventStream, Route, Text

Json = dict[str, Any]
_Mode = Literal["validation", "serialization"]
_REF = "#/components/schemas/{model}"
_PROBLEMS = {
    "401": "No valid bearer token.",
    "403": "The token's role does not allow this.",
    "404": "No such thing.",
    "406": "No format that was asked for.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "422": "A value is wrong; `field` names it.",
    "default": "Any other problem.",
}


def document(service: str, version: str, routes: Mapping[str, Route]) -> bytes:
    """The document as JSON; `routes` by the name of the method that serves them."""
    schemas = _Schemas(list(routes.values()))
    paths: dict[str, Json] = {}
    for name, route in routes.items():
        operation = _operation(service, name, route, schemas)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": f"Data lab: {service}", "version": version},
            "servers": [{"url": "/"}],
            "security": [{"token": []}],
            "paths": paths,
            "components": {
                "schemas": schemas.components,
                "responses": {
                    "Problem": _content("A problem.", problem.MEDIA_TYPE, schemas.problem)
                },
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                },
            },
        }
    ).encode()


class _Schemas:
    """The JSON schemas of every model, and where each stands in the document."""

    def __init__(self, routes: list[Route]) -> None:
        inputs: dict[tuple[int, _Mode], TypeAdapter[Any]] = {}
        models: list[tuple[Any, _Mode]] = [(Problem, "serialization")]
        for route in routes:
            models += [(route.body, "validation"), (route.query, "validation")]
            models += [(route.returns, "serialization")]
        for model, mode in models:
            if model is not None and model not in {Download, EventStream, Text}:
                inputs[id(model), mode] = TypeAdapter(model)
        listed = [(key, mode, adapter) for (key, mode), adapter in inputs.items()]
        self._schemas, definitions = TypeAdapter.json_schemas(listed, ref_template=_REF)
        self.components: Json = definitions.get("$defs", {})
        for name, schema in self.components.items():
            # A model that is sent in one form and answered in another has a name for each.
            schema["title"] = name
        self.problem = self.of(Problem, "serialization")

    def of(self, model: object, mode: _Mode) -> Json:
        """The schema of `model`, mostly a reference."""
        return self._schemas[id(model), mode]

    def properties(self, model: object) -> list[tuple[str, Json, bool]]:
        """Name, schema and whether it is required, of each of a query model's fields."""
        schema = self.of(model, "validation")
        schema = self.components[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        required = schema.get("required", [])
        return [
            (name, field_schema, name in required)
            for name, field_schema in schema["properties"].items()
        ]


def _operation(service: str, name: str, route: Route, schemas: _Schemas) -> Json:
    summary, _, description = route.text.partition("\n")
    operation: Json = {
        "operationId": name,
        "tags": [service],
        "summary": summary.rstrip("."),
        "parameters": _parameters(route, schemas),
        "responses": {**_success(route, schemas), **_problems(route)},
    }
    texts = [description.strip()]
    if route.roles:
        texts.append(f"Roles: {', '.join(sorted(route.roles))}.")
    if any(texts):
        operation["description"] = "\n\n".join(filter(None, texts))
    if route.public:
        operation["security"] = [{"token": []}, {}]
    if route.body:
        operation["requestBody"] = {"required": True, "content": _request(route, schemas)}
    return operation


def _parameters(route: Route, schemas: _Schemas) -> list[Json]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.parameters
    ]
    if route.query is None:
        return path
    return path + [
        {"name": name, "in": "query", "required": required, "schema": schema}
        for name, schema, required in schemas.properties(route.query)
    ]


def _request(route: Route, schemas: _Schemas) -> Json:
    body = schemas.of(route.body, "validation")
    if not route.upload:
        return {"application/json": {"schema": body}}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    form = {
        "type": "object",
        "required": [METADATA, route.upload],
        "properties": {METADATA: body, route.upload: file},
    }
    encoding = {METADATA: {"contentType": "application/json"}}
    return {"multipart/form-data": {"schema": form, "encoding": encoding}}


def _success(route: Route, schemas: _Schemas) -> Json:
    if route.returns is None:
        return {"204": {"description": "Done."}}
    if route.returns is Download:
        kinds: Json = {kind: {"schema": {}} for kind in (*route.sends, BYTES)}
        return {str(route.status): {"description": "The file.", "content": kinds}}
    if route.returns is EventStream:
        return {
            "200": {"description": "The events.", "content": {EVENTS: {"schema": {}}}},
            "204": {"description": "There will be none after `Last-Event-ID`."},
        }
    schema = None if route.returns is Text else schemas.of(route.returns, "serialization")
    answer = _content("Done.", "application/json", schema or {})
    if route.formats:
        answer["content"] = {
            media_type: {"schema": schema if media_type == "application/json" else {}}
            for media_type in route.formats.values()
        }
    return {str(route.status): answer}


def _problems(route: Route) -> Json:
    relevant = {"401", "default"}
    relevant |= {"403"} if route.roles else set()
    relevant |= {"404"} if route.parameters else set()
    relevant |= {"406"} if route.formats and route.returns is not Download else set()
    relevant |= {"413", "415", "422"} if route.body else set()
    relevant |= {"422"} if route.query else set()
    return {
        status: {"$ref": "#/components/responses/Problem", "description": text}
        for status, text in _PROBLEMS.items()
        if status in relevant
    }


def _content(description: str, media_type: str, schema: Json) -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}
