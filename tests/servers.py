"""Real servers and services for tests: private, on free loopback ports, in temporary folders."""

import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from amqp import Connection
from pymongo import MongoClient

from deploy.local.ports import LOOPBACK, listening
from deploy.local.servers import BrokerNode, BrokerPorts, DocumentServer, server_program
from deploy.local.supervision import wait_until
from tests.forks import Forked, services

PATIENCE_SECONDS = 120.0
"""How long a test waits for anything, and a client for an answer. It is no promise of the lab: on a
machine that many share, what takes a second alone takes half a minute."""
_LONGEST_PAUSE_SECONDS = 0.25
_PORTS_EACH = 4_000
_TOTALS = """
Totals = fun() -> [begin
  {{resource, _, queue, Name}} = amqqueue:get_name(Queue),
  {{Name, case amqqueue:get_type(Queue) of
    rabbit_quorum_queue ->
      Query = fun rabbit_fifo:query_messages_total/1,
      case ra:local_query(amqqueue:get_pid(Queue), Query) of
        {{ok, {{_, Count}}, _}} -> Count;
        _ -> 0
      end;
    _ -> [{{messages, Count}}] = rabbit_amqqueue:info(Queue, [messages]), Count
  end}}
end || Queue <- rabbit_amqqueue:list(<<"{vhost}">>), amqqueue:is_durable(Queue),
  amqqueue:get_exclusive_owner(Queue) == none] end,
[io:format("~ts ~w~n", [Name, Count]) || {{Name, Count}} <- Totals() ++ Totals()].
"""
_DISCONNECT = """
[rabbit_networking:close_connection(Pid, "by a test") || Pid <- rabbit_networking:connections(),
  [{{vhost, <<"{vhost}">>}}] == rabbit_networking:connection_info(Pid, [vhost])].
"""
_MEMORY = "vm_memory_monitor:set_vm_memory_high_watermark({share}).\n"


def require(program: str | None, name: str) -> None:
    """Skip the test where a server's program is absent; fail it where CI is set."""
    if program is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI runs every test")
    if program is None:
        pytest.skip(f"{name} is not installed")


def _ports() -> Iterator[int]:
    """Ports of this test process alone, each once before any comes again.

    Below the range in which the kernel gives ports to outgoing connections, one of which could
    take it before the server does.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = random.randrange(_PORTS_EACH)  # another run of the tests may go on beside this one
    steps = itertools.cycle(range(_PORTS_EACH))
    return (15_000 + worker % 4 * _PORTS_EACH + (start + step) % _PORTS_EACH for step in steps)


_FREE = _ports()


def free_port() -> int:
    """A TCP port nobody listens on at this moment, and that no other test process takes."""
    while True:
        port = next(_FREE)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


def eventually(condition: Callable[[], object], what: str = "", every: float = 0.05) -> None:
    """Assert that `condition` comes true; asked every `every` seconds, less often what takes long.

    The pause grows to a tenth of what was waited, so that to look costs little beside the work.
    """
    __tracebackhide__ = True
    began = time.monotonic()
    while not condition():
        seconds = time.monotonic() - began
        assert seconds < PATIENCE_SECONDS, f"not within {seconds:.0f} s: {what or condition}"
        time.sleep(max(every, min(seconds / 10, _LONGEST_PAUSE_SECONDS)))


class Process:
    """A process with a group, a log file, and ends both polite and sudden.

    Python is forked from one that has loaded the libraries: see tests/forks.py.
    """

    def __init__(self, command: list[str], environ: Mapping[str, str], log: Path) -> None:
        self._command, self.environ, self._log = command, dict(environ), log
        self.folder: Path | None = None
        self.process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self.process is not None, "not started"
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        program, *arguments = self._command
        if program == sys.executable:
            self.process = services().start(arguments, self.environ, self._log, self._log)
            return
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> int:
        """SIGTERM, then SIGKILL for the whole group if it does not end; the exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL for the whole group: what a crash looks like."""
        assert self.process is not None, "not started"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """While the block lasts, it does nothing: its peers see a connection, no more."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def log(self) -> str:
        """Everything it printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait_ready(self, ready: Callable[[], bool]) -> None:
        """Wait for `ready`; an early end or a time-out fails with the log."""
        wait_until(lambda: ready() or not self.alive, PATIENCE_SECONDS)
        if not self.alive or not ready():
            self.stop()
            pytest.fail(f"{self._command} is not ready:\n{self.log()[-4000:]}")


class Broker:
    """A RabbitMQ node of the tests' own."""

    def __init__(self, home: Path) -> None:
        require(server_program(), "rabbitmq-server")
        self._management = free_port()
        ports = BrokerPorts(free_port(), free_port(), free_port())
        options = {
            "management.tcp.ip": LOOPBACK,
            "management.tcp.port": str(self._management),
            "management_agent.disable_metrics_collector": "true",
        }
        self.node = BrokerNode(home, ports, ("rabbitmq_management",), options)
        self.node.prepare()
        environ = self.node.environment()
        # One scheduler, which sleeps when there is nothing to do: the processors are the tests'.
        environ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] += " +S 1:1 +sbwt none"
        self._epmd = Process(self.node.epmd_command, environ, home / "epmd.log")
        self._server = Process(self.node.command, environ, home / "server.log")
        self._server.folder = home  # what it drops when it crashes stays there

    @property
    def port(self) -> int:
        """The AMQP port."""
        return self.node.ports.amqp

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        if not self._epmd.alive:
            self._epmd.start()
            self._epmd.wait_ready(lambda: listening(self.node.ports.epmd))
        self._server.start()
        self._server.wait_ready(lambda: listening(self.port))

    def stop(self) -> None:
        """Stop the node properly."""
        self._server.stop()

    def kill(self) -> None:
        """`kill -9` the node."""
        self._server.kill()

    def restart(self) -> None:
        """Stop the node, start it again on the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop everything for good."""
        self.stop()
        self._epmd.stop()

    def uri(self, vhost: str = "/") -> str:
        """The AMQP address of a virtual host."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}/{vhost}"

    def new_vhost(self) -> str:
        """The name of a fresh, empty virtual host."""
        name = f"test-{uuid4().hex[:12]}"
        self.manage("PUT", f"vhosts/{name}")
        return name

    def delete_vhost(self, vhost: str) -> None:
        """Drop a virtual host and all its queues."""
        self.manage("DELETE", f"vhosts/{vhost}")

    def queues(self, vhost: str) -> dict[str, int]:
        """Messages in every durable queue: those ready and those a consumer holds.

        They are counted twice, and the more counts: none is missed on its way to another queue. For
        a second after a start of the node a queue may show none, until it has a leader again.
        """
        totals: dict[str, int] = {}
        for line in self._evaluate(_TOTALS.format(vhost=vhost)).splitlines():
            name, _, count = line.rpartition(" ")
            totals[name] = max(totals.get(name, 0), int(count))
        return totals

    def recorded(self, vhost: str) -> bool:
        """Whether the node wrote down where the messages of each quorum queue are.

        It does so about half a second after the declaration. A `kill` before loses what was
        confirmed, and may leave a queue that answers no consumer (seen with RabbitMQ 4.0.5).
        """
        queues = self.manage("GET", f"definitions/{vhost}")["queues"]
        names = [
            f"{vhost}_{queue['name']}"
            for queue in queues
            if queue["arguments"].get("x-queue-type") == "quorum"
        ]
        registers = self.node.home.glob("data/*/quorum/*/names.dets")
        written = b"".join(register.read_bytes() for register in registers)
        return all(name.encode() in written for name in names)

    def disconnect(self, vhost: str) -> None:
        """Close every connection to a virtual host."""
        self._evaluate(_DISCONNECT.format(vhost=vhost))

    @contextlib.contextmanager
    def speechless(self, vhost: str, queue: str) -> Iterator[None]:
        """While the block lasts, a quorum queue answers nothing: as when it lost its leader."""
        process = f"'{vhost}_{queue}'"
        self._evaluate(f"sys:suspend({process}).\n")
        try:
            yield
        finally:
            self._evaluate(f"sys:resume({process}).\n")

    def frozen(self) -> contextlib.AbstractContextManager[None]:
        """While the block lasts, the node does nothing."""
        return self._server.frozen()

    @contextlib.contextmanager
    def short_of_memory(self) -> Iterator[None]:
        """While the block lasts, the node has the alarm of memory."""
        self._evaluate(_MEMORY.format(share=0))
        try:
            yield
        finally:
            self._evaluate(_MEMORY.format(share=0.6))

    def _evaluate(self, expressions: str) -> str:
        """What Erlang expressions print inside the node: a look costs a hundredth of a second."""
        cookie = (self.node.home / ".erlang.cookie").read_text()
        address = f"{LOOPBACK}:{self.node.ports.distribution}"
        command = ["erl_call", "-c", cookie, "-address", address, "-fetch_stdout", "-e"]
        environ, text = self.node.environment(), expressions.encode()
        done = subprocess.run(command, input=text, env=environ, check=True, capture_output=True)
        printed, _, result = done.stdout.decode().rpartition("{ok, ")
        assert result, done
        return printed

    @contextlib.contextmanager
    def connection(self, vhost: str) -> Iterator[Any]:
        """A plain py-amqp connection, to look and to misbehave."""
        connection = Connection(f"{LOOPBACK}:{self.port}", virtual_host=vhost)
        connection.connect()
        try:
            yield connection
        finally:
            with contextlib.suppress(OSError):  # the test may have killed the broker
                connection.close()

    def manage(self, method: str, path: str, body: object = None) -> Any:
        """Call the management API; the decoded answer, or None when it is empty."""
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self._management}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        request.add_header("Authorization", "Basic " + b64encode(b"guest:guest").decode())
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None


class Documents:
    """A document server of the tests' own."""

    def __init__(self, home: Path) -> None:
        self._server = DocumentServer(home, free_port())
        self._server.prepare()
        environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self._process = Process(self._server.command, environ, home / "output.log")

    @property
    def uri(self) -> str:
        """Where pymongo finds it."""
        return self._server.uri

    def frozen(self) -> contextlib.AbstractContextManager[None]:
        """While the block lasts, it does nothing."""
        return self._process.frozen()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process.start()
        self._process.wait_ready(self._answers)

    def stop(self) -> None:
        """Stop it properly."""
        self._process.stop()

    def kill(self) -> None:
        """`kill -9` it."""
        self._process.kill()

    def restart(self) -> None:
        """Stop it, start it again on the same data."""
        self.stop()
        self.start()

    def _answers(self) -> bool:
        if not listening(self._server.port):
            return False
        with MongoClient[dict[str, Any]](self.uri, serverSelectionTimeoutMS=2000) as client:
            return bool(client.admin.command("ping")["ok"])


class RunningService(Process):
    """A service process; `start` again after `kill` or `stop` keeps its port and its log."""

    def __init__(self, spec: str, environ: Mapping[str, str], folder: Path) -> None:
        self._port = port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        home = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        command = [sys.executable, "-m", "deploy.run", spec]
        # No balancer follows it, unless a test has one.
        drain = {"DATALAB_HTTP_DRAIN_SECONDS": "0"}
        environment = {**home, **drain, **environ, "DATALAB_HTTP_PORT": str(port)}
        super().__init__(command, environment, folder / "log")

    def start(self) -> None:
        """Start it and wait until `/readyz` is green."""
        super().start()
        self.wait_ready(self.ready)

    def red(self) -> dict[str, str]:
        """The reasons that `/readyz` gives; none when it is green."""
        try:
            urllib.request.urlopen(self.url + "/readyz", timeout=PATIENCE_SECONDS).close()  # noqa: S310
        except urllib.error.HTTPError as answer:
            reasons: dict[str, str] = json.loads(answer.read())["reasons"]
            return reasons
        except OSError as error:
            return {"running": str(error)}
        return {}

    def listens(self) -> bool:
        """Whether it takes connections."""
        return listening(self._port)

    def ready(self) -> bool:
        """Whether `/readyz` answers 200."""
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


@contextlib.contextmanager
def running(spec: str, environ: Mapping[str, str]) -> Iterator[RunningService]:
    """Run the service `module:Class` as a process on a free port, until the block ends."""
    with TemporaryDirectory(prefix="datalab-service-") as folder:
        service = RunningService(spec, environ, Path(folder))
        try:
            service.start()
            yield service
        finally:
            service.stop()
