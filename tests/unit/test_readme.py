"""The README and the operating manual say what the code does."""

import inspect
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined
from typer.main import get_command

from deploy.cli.app import app
from deploy.local.ports import Ports
from deploy.topology import SERVICES
from services.compute.applications import check_steps
from services.intake.bodies import SubmitProject
from services.intake.model import can_become
from services.notify.signing import new_secret, sign
from shared.events import Event
from shared.messaging.topology import subscriptions
from shared.settings import PREFIX, Settings
from tests.events import LAB
from tests.metrics import METRICS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "deploy" / "OPERATING.md", ROOT / "CONTRIBUTING.md"]
GUIDE = ROOT / "services" / "catalog" / "README.md"
MANUAL = (ROOT / "deploy" / "OPERATING.md").read_text(encoding="utf-8")
TEXTS = README + MANUAL + GUIDE.read_text(encoding="utf-8")
NAMES = [service.name for service in SERVICES]

INVENTED = re.compile("select|agenda")
"""What the recipes of CONTRIBUTING.md add."""

_ENDS = "\n();<>|&"
"""What ends a command in the shell."""

Edge = tuple[str, str, str]


def blocks(language: str) -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def table(text: str, first: str) -> list[list[str]]:
    """The cells of the table whose first column is headed `first`, without its head."""
    match = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert match, f"no table of {first}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in match[1].splitlines()]


def code(cell: str) -> list[str]:
    """What stands between backticks, outside of fenced blocks."""
    return re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", cell, flags=re.DOTALL))


def edges() -> set[Edge]:
    """Every (source, target, event) of the diagram's arrows from service to service."""
    (diagram,) = blocks("mermaid")
    arrows = re.findall(r"^ *([\w &]+) -->\|(.+)\| (\w+)$", diagram, re.MULTILINE)
    return {
        (source, target, event)
        for sources, label, target in arrows
        for source in sources.split(" & ")
        for event in label.split("<br/>")
    }


def heard() -> Iterator[tuple[str, type[Event]]]:
    """Every event that a service hears; not those that other tests define."""
    for service in SERVICES:
        yield from ((service.name, event) for event in subscriptions(service) if event in LAB)


def entrypoints(service: type, attribute: str) -> Iterator[tuple[str, Any]]:
    """The service's methods with an entrypoint that has such an attribute."""
    for name, method in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if hasattr(entrypoint, attribute):
                yield name, entrypoint


def routes(service: type) -> set[str]:
    """`METHOD /path` of everything the service serves."""
    found = (entrypoint.route for _, entrypoint in entrypoints(service, "route"))
    return {f"{route.method} {route.path}" for route in found}


def methods(service: type) -> set[str]:
    """The service's RPC methods."""
    return {name for name, _ in entrypoints(service, "rpc_consumer")}


def signatures(service: type) -> set[str]:
    """The service's RPC methods with the arguments that a call gives, `=…` behind optional ones."""
    return {f"{name}({', '.join(arguments(getattr(service, name)))})" for name in methods(service)}


def arguments(method: Any) -> Iterator[str]:
    """The names of what is passed, as a list says them."""
    _self, *parameters = inspect.signature(method).parameters.values()
    for one in parameters:
        yield one.name if one.default is one.empty else f"{one.name}=…"


def commands() -> Iterator[list[str]]:
    """The words of every `datalab` call, in the shell blocks and in running text."""
    shell = re.sub(r"<<EOF(.*)\n(?s:.*?)^EOF$", r"\1", "\n".join(blocks("sh")), flags=re.MULTILINE)
    for text in (shell.replace("\\\n", " "), *re.findall(r"`(datalab [^`]+)`", TEXTS)):
        uncommented = re.sub(r"\s#.*", "", text)
        lexer = shlex.shlex(uncommented, posix=True, punctuation_chars=_ENDS)
        lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
        words = iter(lexer)
        for word in words:
            if word == "datalab":
                yield list(itertools.takewhile(lambda one: one[0] not in _ENDS, words))


def parsed(command: Any, words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """What the command's parser makes of these words, and the words it leaves."""
    context = command.context_class(command, info_name=command.name)
    given, rest, _ = command.make_parser(context).parse_args(list(words))
    return given, rest


def as_written(default: object) -> str:
    """A setting's default as one writes it into the environment."""
    if default is PydanticUndefined:
        return "required"
    if default in {"", None}:
        return "none"
    plain = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
    return f"`{plain.lower() if isinstance(default, bool) else plain}`"


def exposed(family: Any) -> str:
    """The name under which `/metrics` shows a family."""
    return f"{family._name}_total" if family._type == "counter" else str(family._name)


def test_diagram_has_every_event_between_services() -> None:
    """An arrow for each event that a service other than notify hears, and none besides."""
    expected = {
        (event.source, service, event.__name__) for service, event in heard() if service != "notify"
    }
    drawn = {edge for edge in edges() if edge[1] in NAMES and edge[1] != "notify"}
    assert drawn == expected


def test_diagram_leads_every_source_to_notify() -> None:
    """Notify, which hears everything, is one arrow for all."""
    assert {edge for edge in edges() if edge[1] == "notify"} == {
        (name, "notify", "every event") for name in NAMES
    }
    assert [event for service, event in heard() if service == "notify"] == sorted(
        LAB, key=lambda event: event.topic
    )


def test_diagram_s_call_is_an_rpc_method() -> None:
    """The dashed arrow names something that can be called."""
    calls = re.findall(r"(\w+) -\.->\|RPC (\w+)\| (\w+)", blocks("mermaid")[0])
    by_name = {service.name: service for service in SERVICES}
    assert calls
    assert all(method in methods(by_name[target]) for _, method, target in calls)


def test_events_for_notify_alone_are_named() -> None:
    """The sentence below the diagram has the events that no arrow has."""
    sentence = re.search(r"Only notify and partners listen to (.*?)\.", README, re.DOTALL)
    assert sentence
    drawn = {event for _, _, event in edges()}
    said = re.findall(r"[A-Z]\w+", sentence[1])
    assert sorted(said) == sorted(event.__name__ for event in LAB if event.__name__ not in drawn)


def test_stages_are_those_of_the_stage_table() -> None:
    """In order, with what may follow."""
    rows = {row[0]: set(row[3].split(", ")) - {"-"} for row in table(README, "stage")}
    assert list(rows) == list(can_become)
    assert rows == {stage: set(following) for stage, following in can_become.items()}


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_every_route_is_listed(service: Any) -> None:
    """No more and no fewer than the service has."""
    rows = {row[0]: row[1] for row in table(README, "service")}
    assert service.name in rows, f"README's table of services has no row for {service.name}"
    assert set(code(rows[service.name])) == routes(service)


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_every_rpc_method_is_listed_with_its_arguments(service: Any) -> None:
    """No more and no fewer than the service has, in the order and by the names of the code."""
    (line,) = re.findall(rf"^- \*\*{service.name}\*\*: (`.*)$", README, re.MULTILINE)
    assert set(code(line)) == signatures(service)


def test_addresses_in_commands_are_routes() -> None:
    """Each URL names a port of the local stack and a path that is served there."""
    ports = {getattr(Ports(), service.name): service for service in SERVICES}
    called = re.findall(r"http://127\.0\.0\.1:(80\d\d)(/[\w/$-]+)", "\n".join(blocks("sh")))
    assert called
    for port, path in called:
        served = {route.split()[1] for route in routes(ports[int(port)])}
        assert re.sub(r"\$\w+", "{project_id}", path) in served


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_command_exists_with_these_options(words: list[str]) -> None:
    """The command line takes these words; `a|b` stands for several commands."""
    command: Any = get_command(app)
    given, rest = parsed(command, words)
    while rest and hasattr(command, "commands"):
        *others, name = rest[0].split("|")
        assert {*others, name} <= set(command.commands)
        command = command.commands[name]
        given, rest = parsed(command, rest[1:])
    if len(words) > 1 and "|" not in words[1]:
        assert rest == []
        needed = {parameter.name for parameter in command.params if parameter.required}
        assert needed <= {name for name, value in given.items() if value}


def test_projects_in_commands_can_be_submitted() -> None:
    """Each JSON project has the fields that intake asks for, and steps that compute can run."""
    shell = "\n".join(blocks("sh"))
    texts = re.findall(r"^(\{.*?)^EOF$|-d '(\{.*?)'", shell, re.DOTALL | re.MULTILINE)
    projects = [json.loads((one or other).replace("$EPCI", "dts_1")) for one, other in texts]
    checked = [SubmitProject.model_validate(project) for project in projects]
    assert len(checked) == 2
    for project in checked:
        if project.treatment:
            check_steps(project.treatment.inputs, project.treatment.steps)


def test_python_in_the_readme_verifies_our_signatures() -> None:
    """The few lines accept what notify signs, and nothing that was changed or is old."""
    source = next(block for block in blocks("python") if "def verify" in block)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(source, names)  # noqa: S102 - it is what readers are asked to run
    verify, secret, body = names["verify"], new_secret(), b'{"type": "project_submitted"}'
    headers = sign(secret, "dlv_1", datetime.now(UTC), body)
    assert verify(secret, headers, body)
    assert not verify(secret, headers, body + b" ")
    assert not verify(new_secret(), headers, body)
    assert not verify(secret, sign(secret, "dlv_1", datetime(2026, 1, 1, tzinfo=UTC), body), body)


def test_files_that_readers_write_are_ignored_by_git() -> None:
    """Who tries the examples in a clone has nothing new to commit."""
    written = re.findall(r"as `([\w.]+)`|--output (\S+)", README)
    names = {f"/{one or other}" for one, other in written}
    assert names
    assert names <= set((ROOT / ".gitignore").read_text().splitlines())


def test_keys_of_submissions_differ_each_time() -> None:
    """The same key would bring the project of the last time back."""
    shell = re.findall(r"--idempotency-key (\S+)|Idempotency-Key: (.*?)\"", "\n".join(blocks("sh")))
    assert len(shell) == 2
    assert all("$" in one + other for one, other in shell)


def test_rpc_calls_in_the_readme_exist() -> None:
    """Every `rpc.service.method(` is a method of that service."""
    called = re.findall(r"rpc\.(\w+)\.(\w+)\(", "\n".join(blocks("python")))
    by_name = {service.name: service for service in SERVICES}
    assert called
    assert all(method in methods(by_name[service]) for service, method in called)


def test_settings_are_listed_with_default_and_meaning() -> None:
    """In the order of the class; the meaning is the field's description where it has one."""
    rows = {code(row[0])[0]: row[1:] for row in table(README, "variable")}
    assert list(rows) == [PREFIX + name.upper() for name in Settings.model_fields]
    for (default, meaning), field in zip(
        rows.values(), Settings.model_fields.values(), strict=True
    ):
        assert default == as_written(field.default)
        assert meaning == (field.description or meaning)
        assert meaning


def test_public_catalogue_is_said_to_be_what_needs_no_token() -> None:
    """Route by route, so that nobody takes more or less for open."""
    rows = {code(row[0])[0]: row[2] for row in table(README, "variable")}
    assert set(code(rows["DATALAB_PUBLIC_CATALOG"])) == {
        f"{entrypoint.route.method} {entrypoint.route.path}"
        for service in SERVICES
        for _, entrypoint in entrypoints(service, "route")
        if entrypoint.route.public
    }


def test_ports_are_listed_with_their_numbers() -> None:
    """`name number` for each, in the order of the class."""
    sentence = re.search(r"each set by `DATALAB_PORT_<NAME>`:(.*?)\.", README, re.DOTALL)
    assert sentence
    assert re.findall(r"(\w+)\s(\d{4})\b", sentence[1]) == [
        (name, str(number)) for name, number in asdict(Ports()).items()
    ]


def test_variables_of_the_command_line_are_named() -> None:
    """Each environment variable that an option before the command reads."""
    group: Any = get_command(app)
    variables = {parameter.envvar for parameter in group.params if parameter.envvar}
    assert variables <= set(code(README))


def test_variables_in_text_exist() -> None:
    """No page names a setting that nothing reads."""
    group: Any = get_command(app)
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {parameter.envvar for parameter in group.params if parameter.envvar}
    known |= {"DATALAB_PORT_", "DATALAB_PORT_PROMETHEUS"}
    assert set(re.findall(r"DATALAB_[A-Z_]+", TEXTS)) <= known


def test_metrics_are_listed_with_labels_and_meaning() -> None:
    """Every family, those of all services first."""
    expected = [
        [exposed(family), ", ".join(family._labelnames), family._documentation.rstrip(".")]
        for family in METRICS
    ]
    assert [[*code(row[0]), *row[1:]] for row in table(MANUAL, "family")] == expected


def test_metrics_in_text_exist() -> None:
    """What is recommended to look at is measured."""
    listed = {code(row[0])[0] for row in table(MANUAL, "family")}
    named = re.findall(r"`(datalab_[a-z_]+)(?:\{[^}]*\})?`", TEXTS)
    assert set(named) <= listed


@pytest.mark.parametrize("page", [*PAGES, GUIDE], ids=lambda page: page.parent.name)
def test_files_in_text_exist(page: Path) -> None:
    """Every path of the repository that a page names is there."""
    path = r"(?<![\w./])(?:deploy|services|shared|tests)/[\w/.-]*\w\.[a-z]+\b(?![(/])"
    named = set(re.findall(path, page.read_text(encoding="utf-8")))
    assert named
    assert [
        name for name in sorted(named) if not (ROOT / name).exists() and not INVENTED.search(name)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_in_text_exist(page: Path) -> None:
    """Every `make target` is one."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|^|true )make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)
