"""A treatment of one step, which is own code, on the demo's communes."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.compute.jobs import DEMO, RunOutcome, Tables, run, step, take_in

pytest.importorskip("nbclient", reason="make code was not run")

RunCode = Callable[..., RunOutcome]

TABLES: Tables = {"communes": DEMO / "communes_2026.csv", "logements": DEMO / "logements.csv"}


@pytest.fixture
def work() -> dict[str, object]:
    """What a job is told of the demo's tables."""
    return {"kind": "full", "described": take_in(TABLES).facts["described"]}


@pytest.fixture
def files() -> Tables:
    """Their canonical tables."""
    return take_in(TABLES).tables


@pytest.fixture
def run_code(tmp_path: Path, work: dict[str, object], files: Tables) -> RunCode:
    """Runs code on the communes, or on what `inputs` says, in this process's job folder."""

    def start(
        code: str = "",
        inputs: dict[str, str] | None = None,
        overrides: dict[str, object] | None = None,
        more: Sequence[dict[str, Any]] = (),
        **parameters: object,
    ) -> RunOutcome:
        roles = inputs or {"communes": "communes"}
        defaults = {"code": code} if code else {}
        steps = [step("python", roles, "rendu", **defaults, **parameters), *more]
        return run(tmp_path / "job", {**work, "steps": steps, **(overrides or {})}, files)

    return start


@pytest.fixture
def mark() -> Iterator[str]:
    """A number that a process left behind would show; there is none afterwards."""
    number = str(random.randrange(10**8, 10**9))
    yield number
    command_lines = [
        " ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])
    ]
    assert not [words for words in command_lines if words.startswith("sleep") and number in words]
