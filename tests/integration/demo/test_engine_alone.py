"""The engine without the lab: a recipe is run on files of this machine, confined or not."""

import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from deploy.local.engine_run import MANIFEST, EngineRun
from shared.errors import Invalid, Rejected

RECIPE: dict[str, Any] = {
    "name": "logements-vides",
    "title": "Logements vides par commune",
    "description": "Additionne des logements vides.",
    "inputs": {"parc": {"title": "Le parc", "columns": {"com": "commune", "vides": ""}}},
    "parameters": {"nombre": {"title": "Un nombre", "type": "integer", "default": 10}},
    "steps": [
        {
            "application": "aggregate",
            "inputs": {"table": "parc"},
            "parameters": {"by": ["com"], "sums": ["vides"]},
            "output": "resultat",
        }
    ],
}


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The recipe's input."""
    file = tmp_path_factory.mktemp("files") / "parc.csv"
    rows = (f"{14_101 + number % 9};{number}" for number in range(60))
    file.write_text("\n".join(["com;vides", *rows]), encoding="utf-8")
    return {"parc": file}


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


def test_recipe_makes_one_table_from_files_confined_or_not(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """Byte for byte, by a command that finds nothing of the lab, in place of an earlier run's."""
    path, output = tmp_path / "recipe.json", tmp_path / "alone"
    path.write_text(json.dumps(RECIPE))
    inputs = [word for name, file in files.items() for word in ("--input", f"{name}={file}")]
    words = ["run", str(path), *inputs, "--output", str(output)]
    command = [sys.executable, "-c", _without_the_lab(), *words]
    answer = run(command, check=False, capture_output=True, text=True)
    assert "60 lignes agrégées en 9 groupes" in answer.stdout, answer.stderr
    names = {path.name for path in output.iterdir()}
    assert names >= {"result.csv", "result.parquet", MANIFEST}
    table = (output / "result.csv").read_bytes()
    bare = EngineRun(lambda _words: None, is_confined=False)
    (output / "result.csv").write_text("of an earlier run")
    bare.run(RECIPE, files, {}, output)
    assert (output / "result.csv").read_bytes() == table


def test_owner_tries_what_may_be_shown_of_a_file(tmp_path: Path) -> None:
    """Small cells are empty in the tables, and a policy that does not fit is refused."""
    policy, file, output = tmp_path / "policy.yaml", tmp_path / "foyers.csv", tmp_path / "out"
    dimension = {"column": "statut", "levels": ["value"]}
    policy.write_text(json.dumps({"unit": ["dossier"], "dimensions": [dimension]}))
    rows = (f"D{number};{'hébergé' if number < 4 else 'ab'[number % 2]}" for number in range(60))
    file.write_text("\n".join(["dossier;statut", *rows]), encoding="utf-8")
    words = ["protect", str(file), "--policy", str(policy), "--output", str(output)]
    command = [sys.executable, "-c", _without_the_lab(), *words]
    answer = run(command, check=False, capture_output=True, text=True)
    assert "2 tableaux d'au plus 1 dimension à la fois : 2 cases" in answer.stdout, answer.stderr
    assert (output / "tableaux.csv").read_text().splitlines() == [
        "tableau;statut;nombre",
        "ensemble;;60",
        "statut;a;",
        "statut;b;28",
        "statut;hébergé;",
    ]
    policy.write_text(json.dumps({"unit": ["nir"], "dimensions": [dimension]}))
    answer = run(command, check=False, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "unit.0: les données n'ont pas de colonne « nir »" in answer.stderr


def test_owner_tries_tables_with_noise(tmp_path: Path) -> None:
    """In the engine's own sandbox: all cells are there, beside how far each may be off."""
    policy, file, output = tmp_path / "policy.yaml", tmp_path / "foyers.csv", tmp_path / "out"
    dimension = {"column": "statut", "levels": ["value"], "values": ["a", "b", "hébergé"]}
    about = {"method": "noise", "guess_percent": 90, "unit": ["dossier"]}
    policy.write_text(json.dumps({**about, "dimensions": [dimension]}))
    rows = (f"D{number};{'hébergé' if number < 4 else 'ab'[number % 2]}" for number in range(600))
    file.write_text("\n".join(["dossier;statut", *rows]), encoding="utf-8")
    words = ["protect", str(file), "--policy", str(policy), "--output", str(output)]
    command = [sys.executable, "-c", _without_the_lab(), *words]
    answer = run(command, check=False, capture_output=True, text=True)
    assert "6 cases, toutes montrées, légèrement fausses" in answer.stdout, answer.stderr
    header, *lines = (output / "tableaux.csv").read_text().splitlines()
    assert header == "tableau;statut;nombre;nombre (±)"
    cells = [line.split(";") for line in lines]
    classes = [cell[1] for cell in cells]
    assert classes == ["", "a", "b", "hébergé", "(autre)", "(sans valeur)"]
    assert [abs(int(cell[2]) - expected) < 5 * float(cell[3]) for cell, expected in
            zip(cells, (600, 298, 298, 4, 0, 0), strict=True)] == [True] * 6  # fmt: skip


def test_command_of_the_lab_says_which_packages_it_needs() -> None:
    """In one sentence, where only the engine was installed."""
    words = ["parked", "list", "--amqp-uri", "amqp://127.0.0.1:9/"]
    command = [sys.executable, "-c", _without_the_lab(), *words]
    answer = run(command, check=False, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "pip install '.[lab,local]'" in answer.stderr


def test_what_does_not_fit_is_named_and_code_needs_the_sandbox(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """A missing input, a wrong value, and people's own code where nothing confines it."""
    code = {"code": "def run(tables, parameters):\n    return tables['t']\n"}
    step = {"application": "python", "inputs": {"t": "parc"}, "parameters": code, "output": "o"}
    other, mine, output = tmp_path / "other.csv", tmp_path / "mine", tmp_path / "out"
    other.write_text("a;b\n1;2\n")
    mine.mkdir()
    (mine / "a.txt").touch()
    (mine / MANIFEST).write_text('{"name": "a web page"}')
    wrong_value, unfit = {"nombre": "beaucoup"}, {"parc": other}
    cases: list[tuple[type[Exception], str, dict[str, Any], dict[str, Path], Path]] = [
        (Invalid, r"inputs\.parc", {}, {}, output),
        (Invalid, r"columns\.parc\.com", {}, unfit, output),
        (Invalid, "steps", {"steps": []}, files, output),
        (Rejected, "bubblewrap", {"steps": [step]}, files, output),
        (OSError, "other files", {}, files, mine),
    ]
    bare = EngineRun(lambda _words: None, is_confined=False)
    for error, words, changes, inputs, folder in cases:
        with pytest.raises(error, match=words):
            bare.run({**RECIPE, **changes}, inputs, {}, folder)
    with pytest.raises(Invalid, match=r"parameters\.nombre"):
        bare.run(RECIPE, files, wrong_value, output)
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "other.csv"}
