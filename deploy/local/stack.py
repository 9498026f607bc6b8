"""The embedded stack: broker, document server, services and portal, kept by supervisor."""

import errno
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path

from deploy import PORTAL, SERVICES
from deploy.local import StackError
from deploy.local.packages import ensure_installed
from deploy.local.plan import Plan
from deploy.local.ports import LOOPBACK, Ports, listening
from deploy.local.preflight import (
    alone,
    refuse_dead_servers,
    refuse_full_disk,
    refuse_ports,
    refuse_wrong_settings,
)
from deploy.local.supervision import (
    FROZEN,
    ProcessState,
    Program,
    Supervisor,
    end,
    is_stopped,
    leftovers,
    wait_until,
)

Progress = Callable[[str], None]
START_SECONDS = 180.0
_LOG_LINES = 5
_OK = 200


class Stack:
    """One stack below `home`: all its state is there, all its ports are on the loopback.

    `environ` holds DATALAB_* settings for the services; where it names a broker, a document
    server or a file store, that one is used and none is started. `workers` processes run of
    each service.
    """

    def __init__(
        self, home: Path, ports: Ports, environ: Mapping[str, str], workers: int = 1
    ) -> None:
        self.home = home.absolute()
        self.plan = Plan(self.home, ports, environ, workers)
        self._supervisor = Supervisor(self.home)

    @classmethod
    def remembered(cls, home: Path, environ: Mapping[str, str]) -> "Stack":
        """Return the stack that was last started at `home`, with its ports and workers."""
        memory = _memory(home)
        if not memory.exists():
            return cls(home, Ports(), environ)
        state = json.loads(memory.read_text())
        return cls(home, Ports(**state["ports"]), environ, state["workers"])

    def environment(self, program: str = "intake") -> dict[str, str]:
        """The DATALAB_* settings of one service process: `intake`, `intake-2`, ..."""
        return self.plan.settings(program)

    def urls(self) -> dict[str, str]:
        """Where each service is found: the first worker of each."""
        return {name: self.plan.url(name) for name in SERVICES}

    @property
    def portal_url(self) -> str:
        """Where people enter."""
        return self.plan.url(PORTAL)

    def addresses(self) -> dict[str, str]:
        """Where every process of this stack listens; without passwords."""
        names = [*self.plan.service_processes(), PORTAL]
        services = {name: self.plan.url(name) for name in names}
        ports = self.plan.listeners()
        servers = {server.name: ports[_listener(server.name)] for server in self.plan.servers()}
        return services | {name: f"{LOOPBACK}:{port}" for name, port in servers.items()}

    def running(self) -> bool:
        """Whether the stack is up."""
        return self._supervisor.running()

    def status(self) -> list[ProcessState]:
        """The state of every process; none when the stack is down."""
        return self._supervisor.states() if self.running() else []

    def examined(self) -> list[ProcessState]:
        """The same, of which those that supervisor calls running, and do nothing, are FROZEN."""
        with ThreadPoolExecutor() as threads:
            return list(threads.map(self._examined, self.status()))

    def pid(self, program: str) -> int:
        """The process id of a program, 0 while it does not run."""
        return next((state.pid for state in self.status() if state.name == program), 0)

    def ready(self, program: str) -> bool:
        """Whether this service process answers 200 on `/readyz`."""
        return self._answers(program, "/readyz")

    def _examined(self, state: ProcessState) -> ProcessState:
        serves = state.name in {*self.plan.service_processes(), PORTAL}
        is_silent = serves and state.state == "RUNNING" and not self._answers(state.name, "/livez")
        return replace(state, state=FROZEN) if is_silent or is_stopped(state.pid) else state

    def _answers(self, program: str, path: str) -> bool:
        try:
            url = self.plan.url(program) + path
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == _OK)
        except OSError:
            return False

    def up(self, progress: Progress = lambda _text: None, seconds: float = START_SECONDS) -> None:
        """Start everything and return when all services are ready; raises StackError.

        What was started is stopped again when something is not ready within `seconds`.
        """
        with _plainly(self.home):
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone(self.home):
                self._up(progress, seconds)

    def down(self, progress: Progress = lambda _text: None) -> bool:
        """Stop everything, also what a killed supervisor left; whether there was anything."""
        with _plainly(self.home), alone(self.home) if self.home.exists() else nullcontext():
            return self._down(progress)

    def _up(self, progress: Progress, seconds: float) -> None:
        if self.running():
            raise StackError(f"The stack in {self.home} runs already; `datalab down` stops it.")
        self._prepare(progress)
        self._supervisor.launch([*self.plan.servers(), *self.plan.services()])
        try:
            self._start(progress, time.monotonic() + seconds)
        except BaseException:
            self._down(progress)
            raise

    def _down(self, progress: Progress) -> bool:
        was_running = self.running()
        if was_running:
            progress("stopping the services, then the servers")
            self._supervisor.shut_down()
        return self._clear(progress) or was_running

    def _prepare(self, progress: Progress) -> None:
        refuse_full_disk(self.home)
        refuse_wrong_settings(self.environment())
        refuse_dead_servers(self.plan.given_servers())
        ensure_installed(self.plan.packages(), progress)
        self._clear(progress)
        refuse_ports(self.plan.listeners())
        self.plan.prepare()
        state = {"ports": asdict(self.plan.ports), "workers": self.plan.workers}
        _memory(self.home).write_text(json.dumps(state))

    def _start(self, progress: Progress, deadline: float) -> None:
        for server in self.plan.servers():
            progress(f"starting {server.name}")
            self._supervisor.start(server)
            port = self.plan.listeners()[_listener(server.name)]
            self._await(server, lambda port=port: listening(port), deadline)  # type: ignore[misc]
        progress("declaring exchanges and queues")
        _declare_topology(self.environment())
        services = list(self.plan.services())
        for service in services:
            self._supervisor.start(service)
        for service in services:
            self._await(service, lambda name=service.name: self.ready(name), deadline)  # type: ignore[misc]
            progress(f"{service.name} is ready on {self.plan.url(service.name)}")

    def _await(self, program: Program, ready: Callable[[], bool], deadline: float) -> None:
        pids: set[int] = set()

        def over() -> bool:
            return ready() or self._failed(program.name, pids)

        wait_until(over, deadline - time.monotonic(), every=0.1)
        if not ready():
            log = self._supervisor.log(program.name)
            raise StackError(f"{program.name} does not start; the end of {log}:\n{_tail(log)}")

    def _failed(self, program: str, pids: set[int]) -> bool:
        """Whether a program ended since its start; `pids` are those it had when last asked."""
        for state in self._supervisor.states():
            if state.name == program:
                pids |= {state.pid} - {0}
                return len(pids) > 1 or state.state in {"BACKOFF", "EXITED", "FATAL"}
        return False

    def _clear(self, progress: Progress) -> bool:
        """End what carries this stack's mark but no supervisor watches; whether there was any."""
        left = leftovers(self.home)
        if left:
            progress(f"ending {len(left)} processes that an earlier run left behind")
        end(left)
        return bool(left)


def _listener(server: str) -> str:
    """The name of the port that tells that a server is there."""
    return "broker_epmd" if server == "epmd" else server


def _memory(home: Path) -> Path:
    return home.absolute() / "stack.json"


def _declare_topology(settings: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "deploy.topology"]
    environment = {**os.environ, **settings}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise StackError(f"The queues cannot be declared: {' '.join(last)}")


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(map(_said, lines[-_LOG_LINES:])) or "(it says nothing)"


def _said(line: str) -> str:
    """What a line of a service's log says to people: its message and the exception's last line."""
    try:
        entry = json.loads(line)
        last = str(entry.get("exception", "")).strip().splitlines()[-1:]
        return ": ".join([str(entry["message"]), *last])
    except (ValueError, KeyError, AttributeError):
        return line


@contextmanager
def _plainly(home: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StackError(f"The disk of {home} is full.") from error
        what = f"{error.filename}: " if error.filename else ""
        raise StackError(f"{what}{error.strerror or error}.") from error
