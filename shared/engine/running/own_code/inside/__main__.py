"""The process of holders' own code: gives it its tables, runs it, and leaves what it returns."""

import json
import linecache
import random
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from shared.engine.running.own_code.inside import pandas_frames
from shared.engine.running.own_code.inside.code_faults import CellFailed, Unusable
from shared.engine.running.own_code.inside.returned_files import OUT, REQUEST, leave

NAME = "code.py"
"""What the code is called in its own tracebacks."""

_MESSAGE_LENGTH = 300


def main() -> None:
    """Do what the request says; exits with 1, and `/out/error.json`, where that fails."""
    request = json.loads(REQUEST.read_bytes())
    try:
        if request["notebook"]:
            from shared.engine.running.own_code.inside import notebook  # noqa: PLC0415 - slow

            notebook.run(request)
        else:
            _run(request)
    except CellFailed as failed:
        where = {"line": failed.line, "cell": failed.cell}
        message = first_line(": ".join(filter(None, (failed.kind, failed.text))))
        _fail(kind=failed.kind, name=failed.text, trace=failed.trace, message=message, **where)
    except Unusable as unusable:
        _fail(fault=unusable.fault, name=unusable.name)
    except BaseException as error:  # noqa: BLE001 - also SystemExit and KeyboardInterrupt
        kind, trace, line = type(error).__name__, _trace(error), _line(error)
        _fail(kind=kind, name=_name(error), trace=trace, line=line, message=_message(error))


def begin() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the first cell of a notebook is given: see `inputs_of`."""
    return inputs_of(json.loads(REQUEST.read_bytes()))


def inputs_of(request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the code gets by role, and the parameters; draws of chance start at the seed.

    That is a table, or of files the path of each by its name.
    """
    random.seed(request["seed"])
    np.random.seed(request["seed"])  # noqa: NPY002 - holders' code may use the old generator
    tables = {
        role: pandas_frames.read(Path("/in") / file) for role, file in request["tables"].items()
    }
    files = {role: _files(Path(folder)) for role, folder in request["files"].items()}
    return tables | files, request["parameters"]


def _files(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path for path in paths}


def _run(request: dict[str, Any]) -> None:
    code = request["code"]
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    module = ModuleType("code")
    compiled = compile(code, NAME, "exec", dont_inherit=True)
    exec(compiled, module.__dict__)  # noqa: S102 - this process is there for that
    run = getattr(module, "run", None)
    if not callable(run):
        raise Unusable("no_run")
    if request["is_load"]:
        leave(b"", request["limits"])
    else:
        leave(run(*inputs_of(request)), request["limits"])


def _line(error: BaseException) -> int:
    """Return the line of the author's file at which it happened; 0 where none is known."""
    if isinstance(error, SyntaxError) and error.filename == NAME:
        return error.lineno or 0
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if _is_own(frame)]
    return lines[-1] if lines else 0


def _is_own(frame: Any) -> bool:
    return bool(frame.f_code.co_filename == NAME)


def _trace(error: BaseException) -> str:
    """Return the traceback from the author's first line on."""
    here = error.__traceback__
    while here and not _is_own(here.tb_frame):
        here = here.tb_next
    return "".join(traceback.format_exception(type(error), error, here))


def _message(error: BaseException) -> str:
    """Return what Python says of it, in a line that begins with its class."""
    parts = traceback.format_exception_only(error)
    # The lines of the code that are cited before it are indented.
    return first_line(next((part for part in parts if not part.startswith(" ")), ""))


def first_line(message: str) -> str:
    """Return the first line of a message, with the next one where that only announces it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines[:1] and lines[0].endswith(":") else 1])[:_MESSAGE_LENGTH]


def _name(error: BaseException) -> str:
    """Return the name that was not found, if that is what happened."""
    if isinstance(error, ImportError | NameError | AttributeError):
        return error.name or ""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else ""


def _fail(**failure: Any) -> None:
    for name, most in (("name", 200), ("kind", 200), ("trace", 20_000)):
        failure[name] = str(failure.get(name, ""))[-most:]
    (OUT / "error.json").write_text(json.dumps(failure))
    sys.stdout.flush()
    sys.exit(1)


if __name__ == "__main__":
    main()
