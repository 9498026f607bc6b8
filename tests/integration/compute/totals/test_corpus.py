"""Rows of totals in odd tables are found, and no others: judged before the rules were written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.compute.jobs import ROOT, ingest
from tests.integration.compute.profiles import total_rows

CORPUS = ROOT / "tests" / "corpora" / "tables"


_MOST_MISSED = {"tuning": 0.0, "held_out": 0.25}


def judged(half: str) -> dict[str, Any]:
    """The tables of a half, by file, with what is right for each."""
    document: dict[str, Any] = json.loads((CORPUS / half / "expected.json").read_text())
    return {name: judgement for name, judgement in document.items() if not judgement.get("refused")}


def found(folder: Path, file: Path) -> list[int] | None:
    """The rows that an ingest finds to be totals; None where it refuses the file."""
    run = ingest(folder, file, file.name)
    return None if run.error else total_rows(run)


@pytest.mark.parametrize("half", ["tuning", "held_out"])
def test_rows_of_totals_are_those_that_people_see(tmp_path: Path, half: str) -> None:
    """Of what is held out the number of misses alone is told: no rule is written for it."""
    tables = judged(half)
    misses = [
        name
        for number, (name, table) in enumerate(sorted(tables.items()))
        if found(tmp_path / str(number), CORPUS / half / name) != table["total_rows"]
    ]
    missed, most = len(misses), _MOST_MISSED[half] * len(tables)
    misses_told = misses if half == "tuning" else "held out: no names"
    print(f"{half}: {missed} of {len(tables)} missed")
    assert missed <= most, misses_told
