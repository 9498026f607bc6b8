"""A treatment of one step, which is own code, on the demo's communes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.compute.jobs import DEMO, RunOutcome, Tables, ingest, run, step

pytest.importorskip("nbclient", reason="make code was not run")

RunCode = Callable[..., RunOutcome]

TABLES: Tables = {"communes": DEMO / "communes_2026.csv", "logements": DEMO / "logements.csv"}


@pytest.fixture(scope="session")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunOutcome]:
    """The demo's tables, taken in once."""
    folder = tmp_path_factory.mktemp("taken")
    return {name: ingest(folder / name, content) for name, content in TABLES.items()}


@pytest.fixture
def work(taken: dict[str, RunOutcome]) -> dict[str, object]:
    """What a job is told of them."""
    described = {name: one.reports[0]["columns"] for name, one in taken.items()}
    return {"kind": "full", "described": described}


@pytest.fixture
def files(taken: dict[str, RunOutcome]) -> Tables:
    """Their canonical tables."""
    return {name: one.made("table.parquet") for name, one in taken.items()}


@pytest.fixture
def run_code(tmp_path: Path, work: dict[str, object], files: Tables) -> RunCode:
    """Runs code on the communes, or on what `inputs` says, in this process's job folder."""

    def start(
        code: str = "",
        inputs: dict[str, str] | None = None,
        told: dict[str, object] | None = None,
        more: Sequence[dict[str, Any]] = (),
        **parameters: object,
    ) -> RunOutcome:
        roles = inputs or {"communes": "communes"}
        given = {"code": code} if code else {}
        steps = [step("python", roles, "rendu", **given, **parameters), *more]
        return run(tmp_path / "job", {**work, "steps": steps, **(told or {})}, files)

    return start
