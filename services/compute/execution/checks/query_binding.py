"""Whether the queries of a treatment fit their tables, found by the engine before it is queued.

The service knows the columns and their types; DuckDB, which no service loads, binds the queries to
tables without rows in a sandbox.
"""

import json
import threading
from collections.abc import Mapping

from services.compute.execution.executor import Limits
from services.compute.execution.job_folder import job_folder
from services.compute.execution.sandbox import Sandbox
from services.compute.execution.spares.spares import Spares
from shared.engine.analysis.remarks import Types
from shared.engine.applications import traits_of
from shared.errors import Invalid
from shared.events import Treatment

_MODULE = "shared.engine.running.sql.__main__"
_LIMITS = Limits(seconds=5, memory_bytes=500_000_000, processes=16)
_AT_ONCE = threading.BoundedSemaphore(2)


def check_queries(spares: Spares, treatment: Treatment, tables: Mapping[str, Types | None]) -> None:
    """Raise Invalid, in French, for the first query that does not fit `tables`, with its place.

    Those of which columns or types are not known are left out. While two treatments are looked at
    already, none is: the trial will tell.
    """
    queries = [
        {
            "step": number,
            "sql": step.parameters["sql"],
            "tables": {role: (name, tables.get(name)) for role, name in step.inputs.items()},
            "output": step.output,
        }
        for number, step in enumerate(treatment.steps)
        if traits_of(step).runs_sql
    ]
    if queries and _AT_ONCE.acquire(blocking=False):
        try:
            _bind(spares, json.dumps(queries))
        finally:
            _AT_ONCE.release()


def _bind(spares: Spares, queries: str) -> None:
    with job_folder() as folder, spares.around(folder.path, _MODULE) as waiting:
        folder.input_path(0).write_text(queries, encoding="utf-8")
        sandbox = Sandbox(_LIMITS, module=_MODULE)
        outcome = sandbox.run(folder.path, lambda _news: None, lambda: False, waiting)
    number, separator, message = outcome.reason.partition(":")
    if separator and number.isdecimal():
        raise Invalid(message, f"steps.{number}.parameters.sql")
