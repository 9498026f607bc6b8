"""Whether the code and the queries of steps can run, found in a sandbox before a job is queued.

To parse text takes seconds at worst, and no service can wait for that. The service knows the
columns and their types; DuckDB, which no service loads, binds the queries to tables without rows.
"""

import json
import sys
import threading
from collections.abc import Iterable, Mapping

from services.compute.execution.job_folder import job_folder
from services.compute.execution.spares.spares import Spares
from shared.engine.analysis.remarks import Types
from shared.engine.applications import traits_of
from shared.engine.applications.python.application import NO_RUN, check_code_text
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
from shared.errors import Invalid
from shared.events import Treatment
from shared.events.event import Step

_CODE_LIMITS = Limits(seconds=5, memory_bytes=500_000_000, processes=4)
_CODE_CHECK = """
import ast, json
MAY_BIND_RUN = {"run", "*", "exec", "eval", "globals", "locals", "vars", "setattr", "__dict__"}
def names(tree):
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant):
            yield from (value for _, value in ast.iter_fields(node) if isinstance(value, str))
with open("/job/in/0", encoding="utf-8") as file:
    code = file.read()
fault = {}
try:
    if MAY_BIND_RUN.isdisjoint(names(ast.parse(code))):
        fault = {"error": "no_run"}
except SyntaxError as error:
    fault = {"error": f"{error.lineno or 0}:{error.msg}"}
except (MemoryError, RecursionError):
    fault = {"error": "0:"}
with open("/job/out/result.json", "w") as file:
    json.dump(fault, file)
"""
_NO_RUN = "no_run"
_MESSAGE_LENGTH = 300
_CODE_AT_ONCE = threading.BoundedSemaphore(2)

_QUERY_CHECK = "shared.engine.running.sql.__main__"
_QUERY_LIMITS = Limits(seconds=5, memory_bytes=500_000_000, processes=16)
_QUERY_AT_ONCE = threading.BoundedSemaphore(2)


def check_syntax(steps: Iterable[Step]) -> None:
    """Raise Invalid, in French, for code that cannot run whatever its data, naming its line.

    That is code that is no Python, or in which nothing could define `run`. While two are parsed
    already, none is: the trial will tell.
    """
    for number, step in enumerate(steps):
        check_code_text(step, f"steps.{number}")
        code = step.parameters.get("code")
        if traits_of(step).runs_code and isinstance(code, str) and code:
            _check_code(code, f"steps.{number}.parameters.code")


def _check_code(code: str, field: str) -> None:
    if not _CODE_AT_ONCE.acquire(blocking=False):
        return
    try:
        with job_folder() as folder:
            folder.input_path(0).write_text(code, encoding="utf-8", errors="replace")
            sandbox = Sandbox(_CODE_LIMITS, (sys.executable, "-B", "-I", "-S", "-c", _CODE_CHECK))
            outcome = sandbox.run(folder.path, lambda _news: None, lambda: False)
    finally:
        _CODE_AT_ONCE.release()
    if outcome.reason == _NO_RUN:
        raise Invalid(NO_RUN, field)
    line, _, message = outcome.reason.partition(":")
    if line.isdecimal():
        where = f"ligne {line} : " if int(line) else ""
        reason = f" ; Python dit « {message[:_MESSAGE_LENGTH]} »" if message else ""
        raise Invalid(f"{where}ce n'est pas du Python valide{reason}", field)


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
    if queries and _QUERY_AT_ONCE.acquire(blocking=False):
        try:
            _bind(spares, json.dumps(queries))
        finally:
            _QUERY_AT_ONCE.release()


def _bind(spares: Spares, queries: str) -> None:
    with job_folder() as folder:
        folder.input_path(0).write_text(queries, encoding="utf-8")
        outcome = spares.run(folder.path, _QUERY_CHECK, _QUERY_LIMITS)
    number, separator, message = outcome.reason.partition(":")
    if separator and number.isdecimal():
        raise Invalid(message, f"steps.{number}.parameters.sql")
