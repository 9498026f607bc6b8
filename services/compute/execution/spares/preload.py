"""Loads what jobs work with, and forks each into its sandbox: `python -m ... FOLDER SOCKET`.

It stands outside of the sandbox, and reads nothing but what the service asks of it and a table of
its own: nothing that anybody brought. It ends with the service. See
services/compute/execution/spares.
"""

import array
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from services.compute.execution.spares.keeper import Pipes, keep
from shared.engine.contract.sandbox_view import INNER_JOB
from shared.engine.contract.work import Work
from shared.engine.database import prepare_database
from shared.engine.running.steps.application_work import load_all
from shared.engine.running.without_pandas import hide_pandas
from shared.events.event import Step

READY = b"ready"
_JOBS = "shared.engine.running.__main__"
_OTHERS = (
    "shared.engine.running.projection",
    "shared.engine.difference.__main__",
    "shared.engine.exports.__main__",
    "shared.engine.running.sql.__main__",
    "shared.engine.running.code_trial",
    "shared.engine.running.steps.pictures",
)
_MOST = 1 << 16
_MEMORY_BYTES = 1_000_000_000
_TABLE = b"""code_commune;code_postal;siret;date;nom;prenom;montant
14118;14000;21140118500011;2024-05-31;Martin;Marie;12,50
"""
_CHART = {"value": "montant", "label": "code_commune", "title": "Montants"}
_SUMS = {"by": ["code_commune"], "sums": ["montant"], "chart": _CHART}


def serve(descriptor: int) -> None:
    """Report that all is loaded, and fork as the service asks until it is gone."""
    gc.collect()
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.set_blocking(descriptor, True)  # a patched service made it
    with socket.socket(fileno=descriptor) as service:
        service.send(READY)
        while asked := _asked(service):
            question, pipes = asked
            if os.fork() == 0:
                service.close()
                _become(question, pipes)
            for pipe in pipes:
                os.close(pipe)


def load(folder: Path) -> None:
    """Do each kind of work once, in `folder`.

    Lists of codes and names are loaded when they are asked: a table of one row asks for most.
    """
    for name in (_JOBS, *_OTHERS):
        importlib.import_module(name)
    load_all()
    work = Work(kind="ingest", inputs={"source": "in/0"}, filename="table.csv")
    table = _rehearse(folder / "ingest", work, _TABLE)
    step = Step(application="aggregate", inputs={"table": "t"}, parameters=_SUMS, output="sums")
    work = Work(kind="full", inputs={"t": "in/0"}, steps=(step,))
    _rehearse(folder / "full", work, table.read_bytes())


def _rehearse(folder: Path, work: Work, content: bytes) -> Path:
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    (folder / "in" / "0").write_bytes(content)
    (folder / "job.json").write_text(work.model_dump_json())
    _main_of(_JOBS)(folder, _MEMORY_BYTES)
    return folder / "out" / "table.parquet"


def _asked(service: socket.socket) -> tuple[dict[str, Any], Pipes] | None:
    """Return the next question with its pipes; None once the service is gone."""
    ends = array.array("i", [0] * len(Pipes._fields))
    room = socket.CMSG_SPACE(ends.itemsize * len(ends))
    question, attached, _, _ = service.recvmsg(_MOST, room)
    if not question:
        return None
    ((_, _, descriptors),) = attached
    ends = array.array("i")
    ends.frombytes(descriptors[: len(Pipes._fields) * ends.itemsize])
    return json.loads(question), Pipes(*ends)


def _become(question: dict[str, Any], pipes: Pipes) -> NoReturn:
    """Become the keeper of the requested sandbox, and inside it the job."""
    try:
        keep(
            Path(question["folder"]),
            question["processes"],
            pipes,
            lambda: _prepare(question),
            lambda: _job(question),
        )
    except BaseException:  # noqa: BLE001 - a fork never returns to what it was forked from
        os.write(pipes.output, traceback.format_exc().encode())
    finally:
        os._exit(1)


def _prepare(question: dict[str, Any]) -> None:
    """Do in advance what takes a while and needs nothing of the job."""
    if question["module"] == _JOBS:
        prepare_database(Path(INNER_JOB), question["memory_bytes"])


def _job(question: dict[str, Any]) -> None:
    """Do what `python -m MODULE /job BYTES` does."""
    tempfile.tempdir = None
    status = 1
    try:
        _main_of(question["module"])(Path(INNER_JOB), question["memory_bytes"])
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _main_of(module: str) -> Callable[[Path, int], object]:
    """Return what a module does in a job's folder, within that many bytes of memory."""
    main: Callable[[Path, int], object] = importlib.import_module(module).main
    return main


if __name__ == "__main__":
    gc.disable()  # hardly anything that is loaded is garbage
    # Arrow hears of signals by a pipe, which a fork closes: what is opened next has its number.
    pa.enable_signal_handlers(False)
    hide_pandas()
    load(Path(sys.argv[1]))
    serve(int(sys.argv[2]))
