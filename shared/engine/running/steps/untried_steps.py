"""What a trial on invented rows says of a step that none of them reaches, and that fails for it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import duckdb

from shared.engine.applications.effect import Effect
from shared.engine.contract.result import UNTRIED, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, quoted
from shared.engine.running.own_code.failures import NotLoaded
from shared.engine.running.steps.workbench import InputTable
from shared.events.event import Step

_TOLD = "étape pas essayée : aucune ligne inventée n'y arrive"

DoneT = TypeVar("DoneT")


def reached(
    work: Work, tables: Mapping[str, InputTable], step: Step, do: Callable[[], DoneT]
) -> DoneT | None:
    """Return what `do` makes of a step; None where it fails on an empty table of a trial.

    Whatever else it fails for is raised.
    """
    try:
        return do()
    except NotLoaded:
        raise
    except Exception:  # whatever it is, the rows of the whole run may do without
        if work.invented and any(tables[name].rows == 0 for name in step.inputs.values()):
            return None
        raise


def untried(database: Database, step: Step) -> tuple[Effect, Report]:
    """Make an empty table in the place of the step's; returns its effect and report."""
    for kind in ("VIEW", "TABLE"):
        try:
            database.execute(f"DROP {kind} IF EXISTS {quoted(step.output)}")
        except duckdb.CatalogException:
            continue  # it is of the other kind
    database.execute(f"CREATE TABLE {quoted(step.output)} (resultat VARCHAR)")
    return Effect({}, is_open=True), {
        "application": step.application,
        "output": step.output,
        "rows": {"in": {}, "out": 0},
        "summary": _TOLD,
        UNTRIED: _TOLD,
    }
