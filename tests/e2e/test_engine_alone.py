"""The engine without the lab: the same recipe on the same files makes the same table."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from subprocess import run

import pytest

from deploy.demo import content
from deploy.demo.story import Story
from deploy.local.engine_run import MANIFEST, EngineRun
from shared.engine.analysis.yaml_text import read_object
from shared.errors import Invalid, Rejected

RECIPE = Path(content.__file__).with_name("vacance-par-epci.yaml")
FILES = {
    "logements": content.DATA / content.HOMES_FILE,
    "epci": content.DATA / "epci_2026.csv",
    "communes": content.DATA / "communes_2026.csv",
}


def _without_the_lab() -> str:
    """The command line, in Python, where no package can be imported that only services need."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    lab = {re.split(r"[<\[]", package)[0] for package in project["optional-dependencies"]["lab"]}
    modules = [
        module
        for module, packages in packages_distributions().items()
        if lab & {package.lower() for package in packages}
    ]
    assert {"nameko", "kombu", "pymongo"} <= set(modules)
    blocked = f"sys.modules.update(dict.fromkeys({modules!r}))"
    return f"import sys; {blocked}; from deploy.cli import main; main()"


@pytest.mark.timeout(300)
def test_recipe_makes_the_labs_table_from_files(story: Story, tmp_path: Path) -> None:
    """Byte for byte, with chart, map, report and a manifest; confined or, where it must be, not."""
    (tmp_path / "lab").mkdir()
    table, *_ = story.fetch(tmp_path / "lab")
    inputs = [word for name, file in FILES.items() for word in ("--input", f"{name}={file}")]
    output = tmp_path / "alone"
    words = ["run", str(RECIPE), *inputs, "--output", str(output)]
    command = [sys.executable, "-c", _without_the_lab(), *words]
    answer = run(command, check=False, capture_output=True, text=True)
    assert "3287 lignes agrégées en 71 groupes" in answer.stdout, answer.stderr
    names = {path.name for path in output.iterdir()}
    assert names >= {"result.csv", "result.parquet", "graphique.png", "carte.svg", MANIFEST}
    assert (output / "result.csv").read_bytes() == table.read_bytes()
    bare = EngineRun(lambda _words: None, is_confined=False)
    (output / "result.csv").write_text("of an earlier run")
    bare.run(read_object(RECIPE.read_text()), FILES, {}, output)
    assert (output / "result.csv").read_bytes() == table.read_bytes()


def test_command_of_the_lab_says_which_packages_it_needs() -> None:
    """In one sentence, where only the engine was installed."""
    words = ["parked", "list", "--amqp-uri", "amqp://127.0.0.1:9/"]
    command = [sys.executable, "-c", _without_the_lab(), *words]
    answer = run(command, check=False, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "pip install '.[lab,local]'" in answer.stderr


def test_what_does_not_fit_is_named_and_code_needs_the_sandbox(tmp_path: Path) -> None:
    """A missing input, a wrong value, and people's own code where nothing confines it."""
    recipe, output = read_object(RECIPE.read_text()), tmp_path / "out"
    bare = EngineRun(lambda _words: None, is_confined=False)
    with pytest.raises(Invalid, match=r"inputs\.communes"):
        bare.run(recipe, {name: FILES[name] for name in ("logements", "epci")}, {}, output)
    with pytest.raises(Invalid, match=r"parameters\.barres"):
        bare.run(recipe, FILES, {"barres": "beaucoup"}, output)
    with pytest.raises(Invalid, match=r"columns\.logements\.com"):
        bare.run(recipe, {**FILES, "logements": FILES["epci"]}, {}, output)
    with pytest.raises(Invalid, match="steps"):
        bare.run({**recipe, "steps": []}, FILES, {}, output)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").touch()
    (tmp_path / "mine" / MANIFEST).write_text('{"name": "a web page"}')
    with pytest.raises(OSError, match="other files"):
        bare.run(recipe, FILES, {}, tmp_path / "mine")
    code = {"code": "def run(tables, parameters):\n    return tables['t']\n"}
    step = {"application": "python", "inputs": {"t": "logements"}, "parameters": code}
    with pytest.raises(Rejected, match="bubblewrap"):
        bare.run({**recipe, "steps": [{**step, "output": "o"}]}, FILES, {}, output)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
