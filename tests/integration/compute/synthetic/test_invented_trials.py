"""Trials on invented rows: what they run, and what they never say of rows that nobody has."""

import json
from html import escape
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from shared.engine.tables.manifest import INVENTED
from tests.integration.compute.jobs import RunOutcome, run, step, take_in

OWN = b"com;an;maires\n" + b"".join(b"14%03d;2024;%d\n" % (118 + n % 5, n) for n in range(60))
COLUMNS = [
    {"name": name, "kind": kind, "filled": 0, "distinct": 0, "key": key, "meaning": meaning}
    for name, kind, key, meaning in (
        ("commune", "text", "commune", {"type": "commune", "confidence": 1, "valid": 1}),
        ("nature", "text", None, {"type": "category", "confidence": 1, "valid": 1}),
        ("courriel", "text", None, {"type": "email", "confidence": 1, "valid": 1}),
        ("aide", "integer", None, {"type": "integer", "confidence": 1, "valid": 1}),
    )
]


def tried(folder: Path, *steps: dict[str, Any], **own: bytes) -> RunOutcome:
    """A trial of the steps on invented aids, and on tables of the holder's own."""
    taken = take_in(dict(own))
    described = {**taken.facts["described"], "aides": COLUMNS}
    source = {"name": "aides", "dataset_id": "dts_1", "version": 1, "sha256": ""}
    job = {
        **taken.facts,
        "kind": "trial",
        "sample_rows": 200,
        "steps": list(steps),
        "described": described,
        "invented": {"aides": {"seed": "dts_1.1", "rows": 900, "territory": ["14"]}},
        "sources": [{**source, "title": "Aides", "is_invented": True}],
    }
    return run(folder / "job", job, {**taken.tables, "aides": b""})


def only_homes(output: str) -> dict[str, Any]:
    """The step that keeps rows of a nature that no invented row has."""
    return step("filter", {"table": "aides"}, output, column="nature", value="logement")


def test_treatment_runs_on_rows_that_nobody_has(tmp_path: Path) -> None:
    """They are as many as a trial samples, and crossed with rows that are real."""
    keys = {"left_key": "com", "right_key": "commune", "how": "left"}
    outcome = tried(
        tmp_path,
        step("cross", {"left": "own", "right": "aides"}, "c", **keys),
        step("aggregate", {"table": "c"}, "r", by=["com"], sums=["aide"]),
        own=OWN,
    )
    (crossing, sums) = outcome.reports
    assert crossing["rows"]["right"] == 200
    assert sums["rows"]["out"] == 5
    assert "release" not in sums


def test_rows_of_persons_and_lost_rows_are_no_fault(tmp_path: Path) -> None:
    """Nobody has the mailboxes, and the value that a filter asks for is the data's."""
    outcome = tried(tmp_path, only_homes("r"))
    (report,) = outcome.reports
    assert report["rows"]["out"] == 0
    assert report["privacy"]["verdict"] == "none"
    assert not {"empty_result", "is_empty", "near_value"} & report.keys()
    assert not report["warning"]


def test_code_that_fails_is_told_before_anybody_decides(tmp_path: Path) -> None:
    """With its step and its line, as on data that the holder reads."""
    code = "def run(tables, parameters):\n    return tables['t'][['aides']]\n"
    outcome = tried(tmp_path, step("python", {"t": "aides"}, "r", code=code))
    assert "ligne 2" in outcome.error
    assert "r" in outcome.error


def test_step_without_rows_fails_nothing(tmp_path: Path) -> None:
    """Code that cannot do with an empty table may do with the data: it is left untried."""
    filtered = only_homes("f")
    code = "def run(tables, parameters):\n    return tables['t'].head(1 // len(tables['t']))\n"
    outcome = tried(tmp_path, filtered, step("python", {"t": "f"}, "r", code=code))
    assert "pas essayée" in outcome.reports[1]["untried"]
    assert parquet.read_metadata(outcome.output_path("result.parquet")).num_rows == 0


def test_values_that_an_application_refuses_are_no_fault(tmp_path: Path) -> None:
    """Whether the data's texts are numbers nobody knows; of real rows beside them it is one."""
    summing = step("aggregate", {"table": "aides"}, "r", by=["commune"], sums=["nature"])
    assert "pas essayée" in tried(tmp_path, summing).reports[0]["summary"]
    (tmp_path / "own").mkdir()
    own = OWN.replace(b"2024", b"deux mille")
    steps = (step("aggregate", {"table": "own"}, "s", by=["com"], sums=["an"]), summing)
    assert "ne sont pas des nombres" in tried(tmp_path / "own", *steps, own=own).error
    (tmp_path / "absent").mkdir()
    absent = step("aggregate", {"table": "aides"}, "r", by=["commune"], sums=["montant"])
    assert "montant" in tried(tmp_path / "absent", absent).error


def test_pictures_and_log_say_that_rows_are_invented(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before all else, and without a count of rows."""
    drawn = {"label": "nature", "value": "aide", "title": "Aides", "formats": ["svg"]}
    outcome = tried(
        tmp_path,
        step("aggregate", {"table": "aides"}, "s", by=["nature"], sums=["aide"]),
        step("chart", {"table": "s"}, "dessin", **drawn),
        step("report", {"table": "s"}, "page", title="Aides"),
    )
    assert outcome.reports
    page = next(outcome.folder.glob("out/*.html")).read_text()
    assert page.index(escape(INVENTED)) < page.index("<table")
    lines = [json.loads(line).get("log") for line in capsys.readouterr().out.splitlines()]
    assert INVENTED in lines
    assert not any("essai sur" in str(line) for line in lines)
