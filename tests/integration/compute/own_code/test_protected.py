"""On others' restricted data, how code fails and what it prints waits for a reviewer."""

import json
from pathlib import Path

import pytest

from shared.engine.contract.result import OutputFile
from shared.engine.tables.release import ReleaseRecord
from tests.integration.compute.jobs import RunOutcome, step
from tests.integration.compute.own_code.conftest import RunCode

PROTECTED: dict[str, object] = {"protected": {"communes": {"dataset_id": "dts_a", "version": 1}}}
GOOD = """
def run(tables, parameters):
    print("Ablon")
    return tables["communes"].head(3)
"""
BAD = """
def run(tables, parameters):
    value = tables["communes"]["nom"][0]
    raise type(value, (Exception,), {})(value)
"""
HARD = """
import os
def run(tables, parameters):
    os._exit(3)
"""
LONG = """
def run(tables, parameters):
    while True:
        print("Ablon" * 1000)
"""
SILENT = """
def run(tables, parameters):
    return tables["communes"].head(1)
"""


LOST = """
def run(tables, parameters):
    raise KeyError("Ablon")
"""
HELD = (
    "Le résultat contient des données restreintes d'autrui, et les règles de diffusion ne"
    " suffisent pas à le laisser sortir."
)
SAID = [
    "étape 1, Exécuter votre code Python → « rendu » : faite",
    "cherche des données personnelles dans le résultat",
    "écrit le résultat",
    "résultat écrit ; ce qui en sort est vérifié",
]


def journal(run: RunOutcome) -> str:
    """What waits for a reviewer."""
    output_files = [OutputFile.model_validate(output) for output in run.result["outputs"]]
    return "".join(
        Path(run.folder, output_file.path).read_text()
        for output_file in output_files
        if output_file.opaque == "log"
    )


@pytest.mark.parametrize(
    ("code", "message", "parts"),
    [
        (GOOD, "Ablon\n", ()),
        (
            BAD,
            "raise type(value, (Exception,), {})(value)",
            ("le code s'est arrêté ligne 4", "Python dit : code."),
        ),
        (
            HARD,
            "sans rendre de résultat (code 3)",
            ("le processus du code s'est arrêté sans rendre de résultat (code 3)",),
        ),
        (LONG, "plus de 2 Mo dans son journal", ("plus de 2 Mo dans son journal",)),
        (SILENT, "rien écrit", ()),
        (
            LOST,
            "KeyError: 'Ablon'",
            ("ligne 3 : il n'y a pas de clé", "Python dit : KeyError: 'Ablon'"),
        ),
    ],
    ids=["good", "raises", "exits", "prints", "silent", "misses"],
)
def test_reviewer_alone_is_told_whether_code_fails(
    code: str,
    message: str,
    parts: tuple[str, ...],
    run_code: RunCode,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The holder sees the same: not the failure, not its line, nor a print.

    The reviewer reads why, in the journal, and in the record with what Python says of it. What is
    said of code that ended well is what is said of any.
    """
    run = run_code(code, overrides=PROTECTED)
    assert run.error == ""
    assert message in journal(run)
    news = map(json.loads, capsys.readouterr().out.splitlines())
    assert [entry.get("log") or entry["message"] for entry in news][-len(SAID) :] == SAID
    record = ReleaseRecord.model_validate(run.result["release"])
    assert [part for part in parts if part not in record.failure] == []
    assert bool(record.failure) == bool(parts)
    assert record.is_held


@pytest.mark.parametrize("code", [GOOD, BAD], ids=["good", "raises"])
def test_later_steps_tell_nothing_either(code: str, run_code: RunCode) -> None:
    """They fail where the code chose other names: so they could tell what it saw."""
    summed = step("aggregate", {"table": "rendu"}, "somme", by=["departement"], sums=["vu"])
    run = run_code(code, overrides=PROTECTED, more=[summed])
    assert run.error == ""
    assert journal(run)
    assert [report["application"] for report in run.reports] == ["python", "aggregate"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import torch\ndef run(tables, parameters): pass", "« torch » n'est pas offerte"),
        ("x = y\ndef run(tables, parameters): pass", "ligne 1 : le nom « y » n'existe pas"),
        ("open('/in/0.parquet')\ndef run(tables, parameters): pass", "(FileNotFoundError)"),
    ],
    ids=["library", "name", "table"],
)
def test_what_is_wrong_with_code_by_itself_is_told(
    code: str, reason: str, run_code: RunCode, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is loaded once without any data, and fails there with its trace."""
    assert reason in run_code(code, overrides=PROTECTED).error
    assert 'File "code.py", line 1' in capsys.readouterr().out


def test_code_that_knows_that_it_is_loaded_alone_gains_nothing(run_code: RunCode) -> None:
    """It may fail there, or only where it has data: the one is told, the other is not."""
    code = (
        "import os\nif os.path.exists('/in/0.parquet'): raise ValueError('Ablon')\n"
        "def run(tables, parameters): pass"
    )
    run = run_code(code, overrides=PROTECTED)
    assert "ValueError: Ablon" in journal(run)
