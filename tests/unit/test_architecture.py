"""What the code keeps to, beyond the import contracts that `make lint` checks."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from deploy import PORTAL
from tests import forks

ROOT = Path(__file__).parents[2]
ALL = sorted({path.parent.name for path in (ROOT / "services").glob("*/*.py")})
SERVICES = [name for name in ALL if name != PORTAL]
PRODUCT = sorted(
    path.relative_to(ROOT)
    for package in ("shared", "services", "deploy")
    for path in (ROOT / package).rglob("*.py")
)
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))

LONGEST_MODULE = 500
LONGEST_FUNCTION = 40
LARGEST_FOLDER = 15
LONGEST_CHAIN = 12
MOST_POOR_NAMES = {"product": 2, "tests": 10}
"""In 1,000 lines: some are fields of documents and messages, which keep their names."""

POOR_NAMES = frozenset(
    ("one", "it", "told", "found", "made", "said", "known", "shown", "given", "wanted", "each")
)

AGGREGATES = {
    Path("services/catalog/access/model.py"),
    Path("services/catalog/datasets/model.py"),
    Path("services/compute/jobs/model.py"),
    Path("services/intake/model.py"),
}
"""One document with its rules is one class, longer than other modules may be."""

ENVIRONMENT = {Path("shared/settings.py")}

RAW = {"consume", "event_handler", "http", "once", "rpc", "timer", "EventDispatcher", "RpcProxy"}
"""nameko's own entrypoints and clients, which lose messages or have no deadline."""


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse((ROOT / path).read_text())


@pytest.fixture(scope="module", autouse=True)
def _forget_trees() -> Iterator[None]:
    """Those of all modules fill a quarter of a gigabyte."""
    yield
    tree_of.cache_clear()


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Every import of a module as (module, name), wherever in it the import stands."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    """Every function and method of a module."""
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef))


def reads_environment(node: ast.AST) -> bool:
    """Whether an expression is `os.environ` or one of its kin."""
    names = {"environ", "environb", "getenv", "getenvb"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return (
        isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == "os"
    )


def test_nameko_is_used_by_messaging_and_http_only() -> None:
    """Services know our decorators; what they run on can be exchanged in two packages."""
    users = {
        path.parts[:2]
        for path in PRODUCT
        for module, _ in imports_of(path)
        if module.split(".")[0] == "nameko"
    }
    assert users == {("shared", "messaging"), ("shared", "http")}


def test_nameko_is_never_used_raw() -> None:
    """Its own handlers acknowledge what failed, and its calls wait for ever."""
    raw = [
        (path, module, name)
        for path in PRODUCT
        for module, name in imports_of(path)
        if module.split(".")[0] == "nameko" and name in RAW
    ]
    assert raw == []


@pytest.mark.parametrize("service", SERVICES)
def test_entrypoints_are_decorated_by_ours(service: str) -> None:
    """`on`, `rpc` and `http` mean one thing in every service."""
    folder = Path("services", service)
    paths = [path for path in PRODUCT if path.parent == folder / "entrypoints"]
    sources = {
        name: module
        for path in [folder / "service.py", *paths]
        for module, name in imports_of(path)
        if name in {"on", "rpc", "http"}
    }
    ours = {"on": "shared.messaging", "rpc": "shared.messaging", "http": "shared.http"}
    assert sources
    assert sources.items() <= ours.items()


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files(service: str) -> None:
    """Who knows one service finds the way in all."""
    here = {path.name for path in (ROOT / "services" / service).glob("*.py")}
    all_rooms = {path.name for path in (ROOT / "services" / service).rglob("*.py")}
    assert here >= {"__init__.py", "service.py"}
    assert all_rooms >= {"model.py", "views.py"}


@pytest.mark.parametrize("service", ALL)
def test_every_service_says_what_it_owns(service: str) -> None:
    """Its front page; the events are in services/README.md."""
    assert "owns" in (ast.get_docstring(tree_of(Path("services", service, "__init__.py"))) or "")


def test_no_module_is_called_after_nothing() -> None:
    """A name says what a module is for."""
    names = {"utils", "helpers", "common", "misc", "base"}
    assert [
        path for path in PRODUCT if names & {part.removesuffix(".py") for part in path.parts}
    ] == []


def test_environment_is_read_by_the_settings_only() -> None:
    """A process knows what it is told at the start; deployment and command line tell it."""
    readers = {
        path
        for path in PRODUCT
        for node in ast.walk(tree_of(path))
        if path.parts[0] != "deploy" and reads_environment(node)
    }
    assert readers == ENVIRONMENT


def test_modules_open_with_one_line_that_says_what_they_are() -> None:
    """A reader of a folder reads the first lines."""
    silent = []
    for path in [*PRODUCT, *TESTS]:
        lines = (ast.get_docstring(tree_of(path)) or "").split("\n")
        if not lines[0] or any(lines[1:2]):
            silent.append(path)
    assert silent == []


@pytest.mark.parametrize(
    ("part", "paths"), [("product", PRODUCT), ("tests", TESTS)], ids=["product", "tests"]
)
def test_names_say_what_a_value_is(part: str, paths: list[Path]) -> None:
    """A noun, with its unit or role: what stands here says nothing of a value."""
    counts = {path: sum(map(_is_poor, ast.walk(tree_of(path)))) for path in paths}
    lines = sum(len((ROOT / path).read_text().splitlines()) for path in paths)
    worst = sorted(counts.items(), key=lambda entry: -entry[1])[:5]
    assert 1000 * sum(counts.values()) <= MOST_POOR_NAMES[part] * lines, worst


def _is_poor(node: ast.AST) -> bool:
    match node:
        case (
            ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=name)
        ):
            return name in POOR_NAMES
    return False


def test_nobody_asks_for_an_application_by_its_name() -> None:
    """What a rule needs of it is a trait: who adds one says it there, and nowhere else."""
    folders = ROOT / "shared" / "engine" / "applications"
    names = {path.name for path in folders.iterdir() if (path / "application.py").exists()}
    asked = [
        f"{path}:{node.lineno}"
        for path in PRODUCT
        if not (len(path.parts) > 4 and path.parts[:3] == ("shared", "engine", "applications"))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Compare | ast.Match) and _asks_for_application(node, names)
    ]
    assert asked == []


def _asks_for_application(node: ast.Compare | ast.Match, names: set[str]) -> bool:
    """Whether it compares the name of an application."""
    if isinstance(node, ast.Match):
        return _is_application(node.subject)
    sides = [node.left, *node.comparators]
    named = {ast.unparse(side) for side in sides} & {f"{name.upper()}.name" for name in names}
    # Whether there is one of that name at all is another question.
    is_known = any(ast.unparse(side) == "APPLICATIONS" for side in sides)
    return bool(named) or (any(map(_is_application, sides)) and not is_known)


def _is_application(node: ast.AST) -> bool:
    return ast.unparse(node).endswith((".application", "['application']"))


def test_modules_fit_into_a_head() -> None:
    """Longer ones are two."""
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in PRODUCT}
    assert {path for path, length in lengths.items() if length > LONGEST_MODULE} <= AGGREGATES


def test_folders_fit_into_a_glance() -> None:
    """A larger one holds two subjects."""
    files = Counter(path.parent for path in [*PRODUCT, *TESTS])
    assert {folder: count for folder, count in files.items() if count > LARGEST_FOLDER} == {}


def test_functions_fit_on_a_screen() -> None:
    """Longer ones hide a second one."""
    long = [
        f"{path}:{function.lineno} {function.name}"
        for path in [*PRODUCT, *TESTS]
        for function in functions_of(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_chains_of_imports_are_short() -> None:
    """Who changes a module has to know what it rests on."""
    graph = grimp.build_graph("services", "shared", "deploy", cache_dir=None)

    @cache
    def longest(module: str) -> list[str]:
        below = map(longest, graph.find_modules_directly_imported_by(module))
        return [module, *max(below, key=len, default=[])]

    chain = max(map(longest, graph.modules), key=len)
    assert len(chain) <= LONGEST_CHAIN, chain


def test_fixtures_of_a_package_stand_in_one() -> None:
    """In a folder without `__init__.py` pytest keeps them to the end of the whole run."""
    of_packages = [path for path in TESTS if 'scope="package"' in path.read_text("utf-8")]
    folders = {path.parent for path in of_packages if path.name == "conftest.py"}
    assert folders
    assert [path for path in folders if not (path / "__init__.py").exists()] == []


def test_tests_neither_mock_nor_sleep() -> None:
    """They use real servers or hand-written fakes, and wait for conditions."""
    tests = [path for path in TESTS if path.name.startswith("test_") or path.name == "conftest.py"]
    shortcuts = [
        f"{path}:{node.lineno}"
        for path in tests
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name | ast.Attribute)
        and ast.unparse(node).split(".")[-1] in {"monkeypatch", "sleep", "mock", "MagicMock"}
    ]
    assert shortcuts == []


def test_fork_servers_of_tests_load_modules_that_exist() -> None:
    """One that was moved would end the server, and each test that forks from it."""
    names = {name.partition(":")[0] for name in f"{forks.COMMANDS} {forks.SERVICES}".split()}
    ours = [name for name in names if name.partition(".")[0] in ("deploy", "services", "shared")]
    paths = {name: ROOT.joinpath(*name.split(".")) for name in ours}
    assert len(paths) > 5
    assert [name for name, path in paths.items() if not path.with_suffix(".py").exists()] == []
