"""Whether own code is Python at all, found in a sandbox before it is queued.

To parse text takes seconds at worst, and no service can wait for that.
"""

import sys
import threading
from collections.abc import Iterable

from services.compute.execution.executor import Limits
from services.compute.execution.job_folder import job_folder
from services.compute.execution.sandbox import Sandbox
from shared.engine.applications.python_application import PYTHON
from shared.errors import Invalid
from shared.events.event import Step

_LIMITS = Limits(seconds=5, memory_bytes=500_000_000, processes=4)
_PROGRAM = """
import ast, json
with open("/job/in/0", encoding="utf-8") as file:
    code = file.read()
fault = {}
try:
    ast.parse(code)
except SyntaxError as error:
    fault = {"error": str(error.lineno or 0)}
except (MemoryError, RecursionError):
    fault = {"error": "0"}
with open("/job/out/result.json", "w") as file:
    json.dump(fault, file)
"""
_AT_ONCE = threading.BoundedSemaphore(2)


def check_syntax(steps: Iterable[Step]) -> None:
    """Raise Invalid, in French, for code that is no Python, naming its line.

    While two are looked at already, none is: the trial will tell.
    """
    for number, step in enumerate(steps):
        code = step.parameters.get("code")
        if step.application == PYTHON.name and isinstance(code, str):
            _check(code, f"steps.{number}.parameters.code")


def _check(code: str, field: str) -> None:
    if not _AT_ONCE.acquire(blocking=False):
        return
    try:
        with job_folder() as folder:
            folder.input_path(0).write_text(code, encoding="utf-8", errors="replace")
            sandbox = Sandbox(_LIMITS, (sys.executable, "-B", "-I", "-S", "-c", _PROGRAM))
            outcome = sandbox.run(folder.path, lambda _news: None, lambda: False)
    finally:
        _AT_ONCE.release()
    if outcome.reason.isdecimal():
        line = int(outcome.reason)
        where = f"ligne {line} : " if line else ""
        raise Invalid(f"{where}ce n'est pas du Python valide", field)
