"""What a trial on invented rows leaves untried: a step that fails for what these rows hold.

Own code and queries say what they need. What an application raises whose names are there is for
values, as too few, too many or no numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import duckdb

from shared.engine.applications import traits_of
from shared.engine.applications.effect import Effect
from shared.engine.contract.result import UNTRIED, Report
from shared.engine.contract.work import Work
from shared.engine.database import Database, quoted
from shared.engine.running.own_code.failures import NotLoaded
from shared.engine.running.steps.workbench import InputTable
from shared.errors import Rejected
from shared.events.event import Step

_TOLD = "étape pas essayée : les lignes inventées n'y suffisent pas"

DoneT = TypeVar("DoneT")


def attempted(
    work: Work,
    tables: Mapping[str, InputTable],
    step: Step,
    do: Callable[[], DoneT],
    *,
    by_values: bool = False,
) -> DoneT | None:
    """Return what `do` makes of a step; None where it fails for invented rows, else raises.

    It does where they leave an input empty; `by_values` tells that its names are there.
    """
    try:
        return do()
    except NotLoaded:
        raise
    except Exception as error:
        inputs = [tables[name] for name in step.inputs.values()]
        if not _invented_outputs(work).intersection(step.inputs.values()):
            raise
        traits = traits_of(step)
        is_own = traits.runs_code or traits.runs_sql
        is_of_values = by_values and isinstance(error, Rejected) and not is_own
        if not is_of_values and all(table.rows for table in inputs):
            raise
        return None


def _invented_outputs(work: Work) -> set[str]:
    """Return the tables that invented rows go into, by name."""
    outputs = set(work.invented)
    for step in work.steps:
        if outputs.intersection(step.inputs.values()):
            outputs.add(step.output)
    return outputs


def has_its_names(effect: Effect, columns_by_role: Mapping[str, Sequence[str]]) -> bool:
    """Return whether the tables have all columns that a step's parameters name."""
    return not effect.faults and all(
        named.source.column in columns_by_role.get(named.source.role, ()) for named in effect.named
    )


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
