"""The documents say what the code does; what deploy.reference writes in them is up to date."""

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from deploy import reference
from deploy.cli.app import app
from deploy.demo import content
from deploy.local.ports import Ports, variable
from deploy.topology import SERVICE_CLASSES
from services.compute.recipes.commands import WriteRecipe
from services.compute.recipes.filling import fill
from services.compute.recipes.model import RecipeVersion
from services.intake.bodies import SubmitProject
from services.notify.sending.signing import new_secret, sign
from services.portal.portal_settings import PortalSettings
from shared.engine.applications import check_steps
from shared.settings import PREFIX, Settings
from shared.stages import STAGES

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / page
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "deploy/OPERATING.md",
        "services/README.md",
        "services/catalog/README.md",
    )
]
README, RECIPES, MANUAL, CALLING, GUIDE = (page.read_text(encoding="utf-8") for page in PAGES)
TEXTS = README + MANUAL + CALLING + GUIDE

INVENTED = re.compile("select|agenda")
"""What the recipes of CONTRIBUTING.md add."""

_ENDS = "\n();<>|&"
"""What ends a command in the shell."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXTS, re.DOTALL | re.MULTILINE)


def table(text: str, first: str) -> list[list[str]]:
    """The cells of the table whose first column is headed `first`, without its head."""
    match = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert match, f"no table of {first}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in match[1].splitlines()]


def code(cell: str) -> list[str]:
    """What stands between backticks, outside of fenced blocks."""
    return re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", cell, flags=re.DOTALL))


def edges() -> Iterator[tuple[str, str]]:
    """Every (stage, stage) of the diagram; an arrow from the frame leaves each stage within."""
    (diagram,) = blocks("mermaid")
    within = re.search(r"^    subgraph open .*?^    end$", diagram, re.DOTALL | re.MULTILINE)
    arrow = re.compile(r"^ *([\w &]+) -->(?:\|.+\|)? (\w+)$", re.MULTILINE)
    assert within
    framed = {target for _, target in arrow.findall(within[0])} | {"submitted"}
    for sources, target in arrow.findall(diagram):
        given = framed if sources == "open" else sources.split(" & ")
        yield from ((source, target) for source in given)


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


@pytest.mark.parametrize("page", reference.PAGES, ids=lambda page: page.name)
def test_reference_is_what_the_code_says(page: Path) -> None:
    """`make docs` writes events, routes, RPC methods, settings, ports and metrics anew."""
    text = page.read_text(encoding="utf-8")
    assert text == reference.written(text)


def test_every_block_of_the_reference_has_its_place() -> None:
    """Each stands in one document."""
    begun = re.findall(r"^<!-- (\w+): ", MANUAL + CALLING, re.MULTILINE)
    assert sorted(begun) == sorted(reference.BLOCKS)


def test_stages_are_those_of_the_code() -> None:
    """The table has them in order, the diagram has what may follow each."""
    assert [row[0] for row in table(README, "stage")] == list(STAGES)
    assert set(edges()) == {
        (stage, after) for stage, terms in STAGES.items() for after in terms.following
    }


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
    """A JSON project has the fields that intake asks for."""
    (project,) = re.findall(r"-d '(\{.*?)'", "\n".join(blocks("sh")), re.DOTALL)
    assert SubmitProject.model_validate_json(project)


def test_published_recipe_makes_a_treatment_that_runs() -> None:
    """The file that the tour and the demo publish has steps that compute can run, in order."""
    recipe = WriteRecipe.model_validate(content.recipe())
    version = {**recipe.model_dump(), "number": 1, "published_at": "2026-01-01T00:00:00Z"}
    inputs = {name: f"dts_{name}" for name in recipe.inputs}
    made = fill(RecipeVersion.model_validate(version), recipe.name, inputs, {"barres": 5})
    check_steps(made.inputs, made.steps)
    assert made.steps[2].parameters["top"] == 5


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
    written = re.findall(r"as `([\w.]+\.py)`|--output (\S+)", README + CALLING)
    names = {f"/{one or other}" for one, other in written}
    assert names
    assert names <= set((ROOT / ".gitignore").read_text().splitlines())


def test_keys_of_submissions_differ_each_time() -> None:
    """The same key would bring the project of the last time back."""
    pattern = r"--idempotency-key (\S+)|Idempotency-Key: (.*?)\""
    shell = re.findall(pattern, README + CALLING)
    assert len(shell) == 2
    assert all("$" in one + other for one, other in shell)


def test_rpc_calls_in_examples_exist() -> None:
    """Every `rpc.service.method(` is a method of that service."""
    called = re.findall(r"rpc\.(\w+)\.(\w+)\(", "\n".join(blocks("python")))
    known = {
        (one.name, method.__name__)
        for one in SERVICE_CLASSES
        for method, _ in reference.methods(one)
    }
    assert called
    assert set(called) <= known


def test_addresses_in_commands_are_routes() -> None:
    """Each URL names a service and a path that is served there."""
    served = {(one.name, route.path) for one in SERVICE_CLASSES for route in reference.routes(one)}
    called = re.findall(r"\$(INTAKE|CATALOG|COMPUTE|NOTIFY)(/[\w/$-]+)", "\n".join(blocks("sh")))
    assert called
    paths = {(name.lower(), re.sub(r"\$\w+", "{project_id}", path)) for name, path in called}
    assert paths <= served


def test_public_catalogue_is_said_to_be_what_needs_no_token() -> None:
    """Route by route, so that nobody takes more or less for open."""
    assert set(code(str(Settings.model_fields["public_catalog"].description))) == {
        f"{route.method} {route.path}"
        for service in SERVICE_CLASSES
        for route in reference.routes(service)
        if route.public
    }


def test_variables_in_text_are_those_that_are_read() -> None:
    """Settings, ports, and what options before a command read: none is missing, none invented.

    Named may be, too, files of settings and what docker-compose.yml reads itself.
    """
    group: Any = get_command(app)
    fields_of = Settings.model_fields | PortalSettings.model_fields
    known = {PREFIX + name.upper() for name in fields_of}
    known |= {parameter.envvar for parameter in group.params if parameter.envvar}
    known |= {variable(port.name) for port in fields(Ports)}
    compose = set(re.findall(r"\${(DATALAB_\w+):-", (ROOT / "docker-compose.yml").read_text()))
    files = {f"{name}_FILE" for name in known}
    named = set(re.findall(r"DATALAB_[A-Z_]+\b", TEXTS))
    assert known <= named
    assert named - {"DATALAB_PORT_"} <= known | compose | files


def test_metrics_in_text_exist() -> None:
    """What is recommended to look at is measured."""
    named = re.findall(r"`(datalab_[a-z_]+)(?:\{[^}]*\})?`", TEXTS)
    assert set(named) <= set(map(reference.exposed, reference.METRICS))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_in_text_exist(page: Path) -> None:
    """Every path of the repository that a page names is there."""
    path = r"(?<![\w./])(?:deploy|services|shared|tests)/[\w/.-]*\w\.[a-z]+\b(?![(/])"
    named = set(re.findall(path, page.read_text(encoding="utf-8")))
    assert named
    assert [
        name for name in sorted(named) if not (ROOT / name).exists() and not INVENTED.search(name)
    ] == []


def test_layout_names_every_folder_of_a_service() -> None:
    """The rooms are those that are there, those of the engine too."""
    layout = {name.strip("`"): text for name, text in table(RECIPES, "folder")}
    engine = ("shared/engine/reading", "shared/engine/running")
    for folder in ("services/catalog", "services/compute", *engine):
        files = [path for path in (ROOT / folder).rglob("*.*") if path.suffix != ".pyc"]
        rooms = {path.parent.name for path in files} - {Path(folder).name}
        assert set(" ".join(code(layout[folder])).split()) == rooms


def test_make_targets_in_text_exist() -> None:
    """Every `make target` is one."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|^|true )make ([a-z-]+)", TEXTS + RECIPES, re.MULTILINE)
    assert named
    assert set(named) <= set(targets)
