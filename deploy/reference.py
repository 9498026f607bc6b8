"""Writes into the documents what the code knows best: events, routes, RPC, settings.

`python -m deploy.reference` (`make docs`) replaces what stands between `<!-- NAME: ... -->` and
`<!-- end of NAME -->`; a unit test fails when that is not what the code says.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import shared.metrics
from deploy import SERVICES
from deploy.local.ports import Ports, variable
from deploy.queues import subscriptions
from deploy.topology import CLIENTS, SERVICE_CLASSES
from services.portal.portal_settings import PortalSettings
from shared.events import LAB_EVENTS, Event
from shared.http.route import Route
from shared.server_settings import ServerSettings
from shared.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "services" / "README.md", ROOT / "deploy" / "OPERATING.md")

METRICS = [
    family
    for module in (
        shared.metrics,
        *(import_module(f"services.{name}.metrics") for name in sorted(SERVICES)),
    )
    for family in vars(module).values()
    if hasattr(family, "_labelnames")
]
"""Every metric that the lab exposes, those of all services first."""

Schema = Mapping[str, Any]


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; `head` has its column names between bars."""
    rule = "|".join("---" for _ in head.split("|"))
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row).strip() for row in rows)
    return "\n".join([f"| {head} |", f"|{rule}|", *(f"| {line} |" for line in lines)])


def entrypoints(service: type, attribute: str) -> Iterator[tuple[Callable[..., Any], Any]]:
    """The service's methods, by name, with each entrypoint that has such an attribute."""
    for _, method in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if hasattr(entrypoint, attribute):
                yield method, entrypoint


def routes(service: type) -> list[Route]:
    """Return all routes that the service serves, by path."""
    served = [entrypoint.route for _, entrypoint in entrypoints(service, "route")]
    return sorted(served, key=lambda route: (route.path, route.method))


def methods(service: type) -> list[tuple[Callable[..., Any], list[Parameter]]]:
    """The service's RPC methods, by name, each with what callers pass."""
    rpc = entrypoints(service, "rpc_consumer")
    return [(method, entrypoint.parameters(method)) for method, entrypoint in rpc]


def _sections(write: Callable[[Any], str]) -> str:
    """What `write` says of each service, below the service's name."""
    every: Iterable[Any] = SERVICE_CLASSES
    return "\n\n".join(f"**{service.name}**\n\n{write(service)}" for service in every)


def _routes(service: type) -> str:
    rows = ((_called(route), _roles(route), _first(route.text)) for route in routes(service))
    return table("route | role | what it does", rows)


def _called(route: Route) -> str:
    return f"`{route.method} {route.path}`"


def _roles(route: Route) -> str:
    return "any, or no token*" if route.public else ", ".join(sorted(route.roles)) or "any"


def _methods(service: type) -> str:
    route_of = {method: entrypoint.route for method, entrypoint in entrypoints(service, "route")}
    rows = (
        (
            f"`{method.__name__}({', '.join(_arguments(parameters))})`",
            f"as {_called(route_of[method])}" if method in route_of else _first(method.__doc__),
        )
        for method, parameters in methods(service)
    )
    return table("method | what it does", rows)


def _arguments(parameters: Sequence[Parameter]) -> Iterator[str]:
    """Yield a method's parameters; `=…` marks optional ones, `*` precedes keyword-only ones."""
    by_name = [parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    for parameter in parameters:
        if by_name and parameter is by_name[0]:
            yield "*"
        yield parameter.name if parameter.default is parameter.empty else f"{parameter.name}=…"


def _questions() -> str:
    """Return the table of what the services ask each other, and do not hear by events."""
    method_of = {
        f"{service.name}.{method.__name__}": method
        for service in SERVICE_CLASSES
        for method, _ in methods(service)
    }
    asked = {
        (name, f"{client.service}.{method}")
        for name, clients in CLIENTS.items()
        for client in clients
        for method in client.methods
    }
    rows = ((name, f"`{call}`", _first(method_of[call].__doc__)) for name, call in sorted(asked))
    return table("service | asks | what it is told", rows)


def _events(service: Any) -> str:  # noqa: ANN401 - a service class has a name
    rows = (
        (
            f"`{event.topic}`",
            _first(event.__doc__),
            _listeners(event),
            ", ".join(f"`{name}`" for name in event.model_fields),
        )
        for event in LAB_EVENTS
        if event.source == service.name
    )
    return table("event | what it tells | heard by | `data`", rows)


def _listeners(event: type[Event]) -> str:
    """The services that hear the event, but for notify, which hears every one."""
    heard = [service.name for service in SERVICE_CLASSES if event in subscriptions(service)]
    return ", ".join(sorted(set(heard) - {"notify"})) or "-"


def _fields() -> str:
    """Return the table of fields in events and their objects, except plain strings."""
    owners_by_field: dict[tuple[str, str, str], list[str]] = {}
    for owner, schema in _schemas():
        for name, field in schema["properties"].items():
            entry = (name, _type(field), field.get("description", ""))
            owners_by_field.setdefault(entry, []).append(owner)
    names = [name for name, _, _ in owners_by_field]
    rows = (
        (f"`{name}`", kind, meaning, ", ".join(owners) if names.count(name) > 1 else "")
        for (name, kind, meaning), owners in sorted(owners_by_field.items())
        if meaning or kind != "string"
    )
    return table("field | type | meaning | only in", rows)


def _schemas() -> Iterator[tuple[str, Schema]]:
    """Events by topic and the objects in their data by name, each once."""
    values: dict[str, Schema] = {}
    for event in LAB_EVENTS:
        schema = event.model_json_schema()
        values |= schema.get("$defs", {})
        yield f"`{event.topic}`", schema
    yield from ((f"_{name}_", schema) for name, schema in sorted(values.items()))


def _type(field: Schema) -> str:
    """Describe a JSON type in words; the lab's own objects by their names."""
    if "anyOf" in field:
        return " or ".join(map(_type, field["anyOf"]))
    if "$ref" in field:
        return f"_{field['$ref'].rsplit('/', 1)[-1]}_"
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if field.get("type") == "array":
        return f"array of {_type(field['items'])}"
    return f"`{field['const']}`" if "const" in field else str(field["type"])


def _objects() -> str:
    """Return the table of objects in the data of events."""
    rows = (
        (
            name,
            _first(schema["description"]),
            ", ".join(f"`{property_name}`" for property_name in schema["properties"]),
        )
        for name, schema in _schemas()
        if name.startswith("_")
    )
    return table("object | what it is | fields", rows)


def _portal_settings() -> str:
    """What the portal reads, beside what it shares with the services."""
    fields, common = PortalSettings.model_fields, ServerSettings.model_fields
    return _settings_of({name: field for name, field in fields.items() if name not in common})


def _settings_of(fields: Mapping[str, FieldInfo]) -> str:
    rows = (
        (f"`{PREFIX}{name.upper()}`", _default(field.default), str(field.description))
        for name, field in fields.items()
    )
    return table("variable | default | meaning", rows)


def _default(default: object) -> str:
    """A setting's default as one writes it into the environment."""
    if default is PydanticUndefined:
        return "required"
    if default in {"", None}:
        return "none"
    plain = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"`{plain.lower() if isinstance(default, bool) else plain}`"


def _ports() -> str:
    rows = ((name, str(port), f"`{variable(name)}`") for name, port in asdict(Ports()).items())
    return table("what listens | port | variable", rows)


def _metrics() -> str:
    rows = (
        (f"`{exposed(metric)}`", ", ".join(metric._labelnames), metric._documentation.rstrip("."))  # noqa: SLF001
        for metric in METRICS
    )
    return table("family | labels | meaning", rows)


def exposed(family: Any) -> str:  # noqa: ANN401
    """The name under which `/metrics` shows a family."""
    (described,) = family.describe()
    return f"{described.name}{'_total' if described.type == 'counter' else ''}"


def _first(text: str | None) -> str:
    """A docstring's first line, without its full stop."""
    return (text or "").strip().split("\n")[0].rstrip(".")


BLOCKS: Mapping[str, Callable[[], str]] = {
    "routes": lambda: _sections(_routes),
    "methods": lambda: _sections(_methods),
    "questions": _questions,
    "events": lambda: _sections(_events),
    "fields": _fields,
    "objects": _objects,
    "settings": lambda: _settings_of(Settings.model_fields),
    "portal_settings": _portal_settings,
    "ports": _ports,
    "metrics": _metrics,
}


def written(text: str) -> str:
    """The document with each of its blocks as the code has it now."""
    block = re.compile(r"(<!-- (\w+): [^>]*-->\n).*?(<!-- end of \2 -->)", re.DOTALL)
    return block.sub(lambda match: f"{match[1]}\n{BLOCKS[match[2]]()}\n\n{match[3]}", text)


def main() -> None:
    """Bring every document up to date."""
    for page in PAGES:
        page.write_text(written(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
