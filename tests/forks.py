"""Python processes forked from one that has loaded the libraries already.

Most of what a service or a command costs a test is the import of libraries and of the services'
own modules. tests/fork_server.py has imported them; whoever is forked from it begins as Python
does, with its own arguments, environment, session and output, and is a process like any other: it
can be killed and waited for.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

COMMON = "jwt cryptography.hazmat.primitives.serialization kombu.transport.pyamqp psutil pydantic"
COMMON += " pydantic.functional_validators pydantic.root_model pydantic.type_adapter ulid"
COMMANDS = f"{COMMON} supervisor.xmlrpc typer.rich_utils urllib3 deploy.cli.app"
COMMANDS += (
    " shared.settings shared.engine.tables.exports shared.engine.tables.provenance_sentences"
    " deploy.parked stringprep"
)
SERVICES = f"{COMMON} fsspec.implementations.local nameko.web.handlers numpy pymongo"
SERVICES += " prometheus_client python_multipart rdflib stdnum tantivy werkzeug.routing yaml"
SERVICES += " services.catalog.service services.compute.service"
SERVICES += " services.intake.service services.notify.service"
# The catalog reads these for a second whenever it starts.
SERVICES += " services.catalog.search.places.gazetteer:gazetteer"
SERVICES += " shared.engine.places.names:read_names"


class Forked:
    """A forked process, with what is used of `subprocess.Popen`."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self._server, self.pid = server, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._server.ask(pid=self.pid)
        return self.returncode

    def wait(self, timeout: float = float("inf")) -> int:
        """The exit status, once there is one; raises TimeoutExpired."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkServer:
    """The server as seen by the tests."""

    def __init__(self, modules: str) -> None:
        home = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", *modules.split()],
            env={**home, "EVENTLET_NO_GREENDNS": "yes", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def start(
        self, arguments: Sequence[str], environ: Mapping[str, str], output: Path, errors: Path
    ) -> Forked:
        """Start Python with these arguments; what it prints is appended to the files."""
        files = [os.devnull, str(output), str(errors)]
        pid: int = self.ask(arguments=list(arguments), environ=dict(environ), files=files)
        return Forked(self, pid)

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run Python with these arguments to its end."""
        with TemporaryDirectory() as folder:
            output, errors = Path(folder, "output"), Path(folder, "errors")
            status = self.start(arguments, environ, output, errors).wait()
            texts = (output.read_text(), errors.read_text())
        return subprocess.CompletedProcess(arguments, status, *texts)

    def ask(self, **question: Any) -> Any:
        """What the server answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@cache
def commands() -> ForkServer:
    """The server of this test process for commands."""
    return ForkServer(COMMANDS)


@cache
def services() -> ForkServer:
    """The server of this test process for services: eventlet has patched it."""
    return ForkServer(f"eventlet {SERVICES}")
