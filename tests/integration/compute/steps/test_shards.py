"""Rows that several engines add up make the bytes that one makes of them all."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from shared.engine.contract.work import JOB, SUMS
from shared.engine.running.__main__ import main
from tests.integration.compute.jobs import (
    DEMO,
    RunOutcome,
    Taken,
    prepare,
    step,
    take_in,
    treat_taken,
)

MEMORY_BYTES = 1_000_000_000
ROWS = 2_000

KEYS = ("14118", " 14118 ", "14011", "76540", "61188", "inconnu", "", "27229")
"""Codes with spaces, codes that are gone, one that is none, and nothing."""


def awkward(*, last: str = "1") -> bytes:
    """A table of keys and whole numbers, the `last` of which may be another figure."""
    chance = random.Random(17)
    lines = [
        f"{chance.choice(KEYS)};{chance.choice('abc')};{chance.randint(-9, 10**6)};"
        f"{chance.choice(('', '7', '007'))};{chance.randint(1, 9)}"
        for _ in range(ROWS - 1)
    ]
    return "\n".join(["code;text;figure;mark;poids", *lines, f"76540;a;{last};7;2", ""]).encode()


def crossing(how: str = "left", **parameters: Any) -> dict[str, Any]:
    """A crossing of the awkward table with communes by intercommunal body."""
    inputs = {"left": "a", "right": "epci", "successors": "communes"}
    keys = {"left_key": "code", "right_key": "code", "how": how}
    return step("cross", inputs, "c", **keys, **parameters)


def summing(table: str, by: list[str], **parameters: Any) -> dict[str, Any]:
    """An aggregation of every exact figure."""
    figures = {
        "sums": ["figure"],
        "means": ["figure"],
        "mins": ["figure"],
        "maxs": ["poids"],
        "counts": ["mark"],
        "rows": "lignes",
    }
    return step("aggregate", {"table": table}, "r", by=by, **{**figures, **parameters})


def tables(content: bytes) -> Taken:
    """What is read, taken in."""
    others = {"epci": DEMO / "epci_2026.csv", "communes": DEMO / "communes_2026.csv"}
    return take_in({"a": content, **others})


def added_up(folder: Path, taken: Taken, steps: list[dict[str, Any]], shards: int) -> list[Path]:
    """The files of sums that engines leave of their shards: none where these are not exact."""
    files = []
    for number in range(shards):
        job = {"kind": "full", "steps": steps, **taken.facts, "shards": shards, "shard": number}
        prepare(folder / f"shard-{number}", job, taken.tables)
        main(folder / f"shard-{number}", MEMORY_BYTES)
        written = (folder / f"shard-{number}" / "out" / "result.json").read_text()
        outcome = RunOutcome(folder / f"shard-{number}", json.loads(written))
        assert len(outcome.reports) == 1
        files += [outcome.output_path(SUMS)] if outcome.result["outputs"] else []
    return files


def treated(
    folder: Path, taken: Taken, steps: list[dict[str, Any]], files: list[Path]
) -> RunOutcome:
    """The treatment, done by an engine that has these sums, and no row of the large table."""
    job = {"kind": "full", "steps": steps, **taken.facts}
    sums = [f"in/sums-{number}" for number in range(len(files))]
    prepare(folder, {**job, "shards": len(files) or 1, "sums": sums}, taken.tables)
    for path, file in zip(sums, files, strict=True):
        shutil.copy(file, folder / path)
    main(folder, MEMORY_BYTES)
    return RunOutcome(folder, json.loads((folder / "out" / "result.json").read_text()))


def contents(outcome: RunOutcome) -> list[bytes]:
    """The files of a result."""
    assert not outcome.error, outcome.error
    return [outcome.output_path(name).read_bytes() for name in ("result.parquet", "result.csv")]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([crossing(), summing("c", ["epci", "nom_epci"])], id="crossing"),
        pytest.param([crossing("inner"), summing("c", ["code", "epci"])], id="by the key"),
        pytest.param([crossing(weight="poids"), summing("c", ["epci"])], id="weighed"),
        pytest.param([summing("a", ["text", "code"])], id="sums"),
    ],
)
@pytest.mark.parametrize("shards", [2, 5])
def test_shards_make_the_bytes_of_one_engine(
    tmp_path: Path, steps: list[dict[str, Any]], shards: int
) -> None:
    """With the same reports: what meets nothing, by weight, is the same too."""
    taken = tables(awkward())
    whole = treat_taken(tmp_path / "whole", taken, *steps)
    files = added_up(tmp_path, taken, steps, shards)
    assert len(files) == shards
    united = treated(tmp_path / "united", taken, steps, files)
    assert contents(united) == contents(whole)
    assert united.reports == whole.reports
    assert json.loads((united.folder / JOB).read_text())["sums"]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([summing("a", ["text"])], id="a fraction"),
        pytest.param([summing("a", ["text"], distinct=["code"])], id="different values"),
        pytest.param([crossing("full"), summing("c", ["epci"])], id="rows of the other table"),
        pytest.param([crossing()], id="rows"),
        pytest.param([crossing(), summing("c", ["text"])], id="groups of another column"),
    ],
)
def test_shards_leave_no_sums_that_are_not_exact(
    tmp_path: Path, steps: list[dict[str, Any]]
) -> None:
    """One engine does it all then, as where the last shard alone has a fraction."""
    taken = tables(awkward(last="0,5"))
    assert len(added_up(tmp_path, taken, steps, 3)) < 3


def test_sums_of_some_rows_alone_count_for_nothing(tmp_path: Path) -> None:
    """Where a shard is missing, or is no table, the rows are read."""
    taken, steps = tables(awkward()), [crossing(), summing("c", ["epci"])]
    whole = treat_taken(tmp_path / "whole", taken, *steps)
    files = added_up(tmp_path, taken, steps, 3)
    broken_file = tmp_path / "no table"
    broken_file.write_bytes(b"no table")
    for name, wrong in (("missing", files[:2]), ("broken", [*files[:2], broken_file])):
        assert contents(treated(tmp_path / name, taken, steps, wrong)) == contents(whole)
