"""The process manager, supervisor, in the stack's home; and what one that was killed left."""

import contextlib
import getpass
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from deploy.local import StackError

MARK = "DATALAB_STACK"
"""Every process of a stack has this variable in its environment: the stack's home."""

FROZEN = "FROZEN"
"""The state of a process that runs as far as supervisor knows, and does nothing."""

_INHERITED = {
    name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
}
_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes, supervisor binds a longer name first
_SHUTDOWN_SECONDS, _TERM_SECONDS = 90.0, 30.0


@dataclass(frozen=True)
class Program:
    """One process to keep alive; those of one `group` are started and stopped together."""

    name: str
    group: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path


@dataclass(frozen=True)
class ProcessState:
    """What supervisor says of one program; `pid` is 0 while it does not run."""

    name: str
    state: str
    pid: int

    @property
    def works(self) -> bool:
        """Whether it runs and does something."""
        return self.pid != 0 and self.state != FROZEN


class Supervisor:
    """The supervisord of one stack."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._socket = home / "supervisor.sock"
        self._configuration = home / "supervisord.conf"

    def log(self, program: str) -> Path:
        """Where a program's output goes."""
        return self._home / "log" / f"{program}.log"

    def running(self) -> bool:
        """Whether this stack's supervisord answers; a file left by a dead one does not."""
        if not self._socket.exists():
            return False
        try:
            with self._server() as server:
                return bool(server.supervisor.getState())
        except Fault:  # it is shutting down
            return True
        except (OSError, HTTPException):
            return False

    def launch(self, programs: Sequence[Program]) -> None:
        """Start supervisord, which starts none of the programs yet; raises StackError."""
        if len(str(self._socket)) > _LONGEST_SOCKET_PATH:
            raise StackError(f"{self._home} is too long a path for a socket: choose a shorter one.")
        self.log("x").parent.mkdir(exist_ok=True)
        self._configuration.unlink(missing_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(self._text(programs))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._configuration)]
        environment = {**_INHERITED, MARK: str(self._home)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or not wait_until(self.running, 10):
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise StackError(f"supervisord did not start: {' '.join(last) or 'it does not answer'}")

    def start(self, program: Program) -> None:
        """Start one program and return at once."""
        with self._server() as server:
            server.supervisor.startProcess(f"{program.group}:{program.name}", False)

    def states(self) -> list[ProcessState]:
        """The state of every program, as supervisor knows it; none when it is shutting down."""
        rows: list[dict[str, Any]] = []
        with self._server() as server, _unless_it_stops():
            rows = server.supervisor.getAllProcessInfo()
        return [ProcessState(row["name"], row["statename"], row["pid"]) for row in rows]

    def shut_down(self) -> bool:
        """Stop all programs, the last group first, then supervisord; whether it ended in time."""
        with self._server() as server, _unless_it_stops():
            server.supervisor.shutdown()
        return wait_until(lambda: not self.running(), _SHUTDOWN_SECONDS)

    @contextlib.contextmanager
    def _server(self) -> Iterator[Any]:
        transport = SupervisorTransport("", "", f"unix://{self._socket}")
        with ServerProxy("http://localhost", transport) as server:
            yield server

    def _text(self, programs: Sequence[Program]) -> str:
        sections = [self._header(), *(self._section(program) for program in programs)]
        groups = list(dict.fromkeys(program.group for program in programs))
        for priority, group in enumerate(groups, start=1):
            members = ",".join(program.name for program in programs if program.group == group)
            sections.append(f"[group:{group}]\nprograms={members}\npriority={priority}\n")
        return "\n".join(sections)

    def _header(self) -> str:
        home = _literal(str(self._home))
        return f"""[supervisord]
logfile={home}/log/supervisord.log
pidfile={home}/supervisord.pid
directory={home}
childlogdir={home}/log
minfds=256
{f"user={getpass.getuser()}" if os.geteuid() == 0 else ""}

[unix_http_server]
file={home}/supervisor.sock
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

    def _section(self, program: Program) -> str:
        environment = ",".join(
            f"{key}={_quoted(value)}" for key, value in program.environment.items()
        )
        return f"""[program:{program.name}]
command={_literal(shlex.join(program.command))}
directory={_literal(str(program.directory))}
environment={_literal(environment)}
autostart=false
autorestart=true
startsecs=2
startretries=1000
stopwaitsecs=30
killasgroup=true
redirect_stderr=true
stdout_logfile={_literal(str(self.log(program.name)))}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
"""


def leftovers(home: Path) -> list[psutil.Process]:
    """The processes that carry the mark of the stack at `home`."""
    return [process for process in psutil.process_iter() if _stack_of(process) == str(home)]


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped that process, which SIGCONT lets go on; not where it is 0."""
    with contextlib.suppress(psutil.Error):
        return pid != 0 and bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


def end(processes: list[psutil.Process]) -> None:
    """SIGTERM to all, SIGKILL to those that do not end in time."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_TERM_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _stack_of(process: psutil.Process) -> str | None:
    try:
        return str(process.environ().get(MARK))
    except (psutil.Error, OSError):
        return None


def wait_until(condition: Callable[[], object], seconds: float, every: float = 0.05) -> bool:
    """Whether `condition` came true within `seconds`, asked once every `every` seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


@contextlib.contextmanager
def _unless_it_stops() -> Iterator[None]:
    """Supervisor refuses every call once it is shutting down: that is no fault."""
    try:
        yield
    except Fault as fault:
        if fault.faultCode != Faults.SHUTDOWN_STATE:
            raise


def _literal(text: str) -> str:
    """`text` where supervisor expands `%(name)s`."""
    return text.replace("%", "%%")


def _quoted(value: str) -> str:
    """`value` as supervisor's shlex reads it: in quotes, without escapes."""
    quote = "'" if '"' in value else '"'
    return f"{quote}{value}{quote}"
