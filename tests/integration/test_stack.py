"""The local stack: up, ready, healed, down; what is in the way is said in a sentence."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import psutil
import pytest
from typer import Typer
from typer.testing import CliRunner

from deploy import PORTAL, SERVICES
from deploy.cli.commands import stack_commands as commands
from deploy.local import StackError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.servers import server_program
from deploy.local.stack import START_SECONDS, Stack
from deploy.local.supervision import leftovers, wait_until
from tests import forks
from tests.servers import eventually, free_port, require


def _free_ports() -> Ports:
    return Ports(**{field.name: free_port() for field in fields(Ports)})


def _cli(home: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of `datalab <arguments>` for the stack at `home`."""
    app = Typer()
    for command in (commands.up, commands.down, commands.status):
        app.command(command.__name__)(command)
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack, up and ready."""
    require(server_program(), "rabbitmq-server")
    stack = Stack(tmp_path_factory.mktemp("stack"), _free_ports(), {})
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def test_every_service_is_ready(stack: Stack) -> None:
    """`up` returns when all of them answer."""
    assert all(stack.ready(name) for name in stack.plan.service_processes())
    assert {*SERVICES, PORTAL, "broker", "documents"} <= {state.name for state in stack.status()}


def test_stack_has_workers_and_uses_the_servers_it_is_pointed_at(tmp_path: Path) -> None:
    """Each worker with a port of its own; with all three addresses only services are started."""
    environ = {
        "DATALAB_AMQP_URI": "amqp://a/x",
        "DATALAB_MONGODB_URI": "mongodb://a/",
        "DATALAB_STORAGE_URL": "memory://",
    }
    stack = Stack(tmp_path, _free_ports(), environ, workers=2)
    plan = stack.plan
    names = [*SERVICES, *(f"{name}-2" for name in SERVICES)]
    assert [program.name for program in plan.services()] == [*names, PORTAL]
    assert len({plan.port(name) for name in names}) == len(names)
    assert list(plan.servers()) == []
    assert environ.items() <= stack.environment("intake-2").items()


def test_the_stack_listens_on_the_loopback_only(stack: Stack) -> None:
    """No process of the stack can be reached from another machine.

    Passwords and the private key are in files of mode 0600 in a private folder.
    """
    addresses = {
        connection.laddr.ip
        for process in leftovers(stack.home)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses <= {LOOPBACK, "::1"}
    secret = ["broker.password", "supervisord.conf", "broker/rabbitmq.conf", "keys/token.pem"]
    assert {(stack.home / name).stat().st_mode & 0o077 for name in secret} == {0}


@pytest.mark.parametrize("name", ["intake", "broker"])
def test_a_killed_process_is_healed(stack: Stack, name: str) -> None:
    """Supervisor starts it again, and every service is ready again."""
    killed = stack.pid(name)

    os.kill(killed, signal.SIGKILL)

    eventually(lambda: stack.pid(name) not in {0, killed}, what=f"another {name} process")
    # What /readyz says is a second old at most: until then it may not know of the death.
    wait_until(lambda: not all(map(stack.ready, stack.urls())), 2)
    eventually(lambda: all(map(stack.ready, stack.urls())), "all services ready")


def test_second_up_of_the_command_line_is_none_and_no_error(stack: Stack) -> None:
    """It says that the stack runs already, with which settings and where, and exits 0.

    So does `status`; a program is told by an error, and so is the demonstration, which stops
    nothing that it did not start.
    """
    eventually(lambda: all(state.state == "RUNNING" for state in stack.status()))
    before = stack.pid("intake")
    for command in ("up", "status"):
        code, output = _cli(stack.home, command)
        assert code == 0
        names = {"broker", "documents", "intake", stack.urls()["notify"]}
        assert names <= set(output.split())
        running = "runs already, with the settings it was started with; `datalab down`"
        assert (running in output) == (command == "up")
    with pytest.raises(StackError, match="runs already"):
        Stack.remembered(stack.home, {}).up()
    done = forks.commands().run(("-m", "deploy.demo", "--home", str(stack.home)), os.environ)
    assert (done.returncode, "runs already" in done.stderr) == (1, True)
    assert stack.ready("intake")
    assert stack.pid("intake") == before


@pytest.mark.parametrize("name", ["portal", "documents"])
def test_status_tells_a_frozen_process_from_one_that_works(stack: Stack, name: str) -> None:
    """Supervisor calls it running; the command does not, and exits 1."""
    eventually(lambda: all(state.state == "RUNNING" for state in stack.examined()))
    pid = stack.pid(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        code, output = _cli(stack.home, "status")
    finally:
        os.kill(pid, signal.SIGCONT)
    line = next(line for line in output.splitlines() if line.split()[:1] == [name])
    assert (code, line.split()[1]) == (1, "frozen")


def test_service_that_cannot_start_is_named_with_the_end_of_its_log(
    stack: Stack, tmp_path: Path
) -> None:
    """Soon, by the service's own message, without JSON; and nothing stays behind."""
    began = time.monotonic()
    names = ("DATALAB_AMQP_URI", "DATALAB_MONGODB_URI")
    servers = {name: stack.environment()[name] for name in names}
    environ = {**servers, "DATALAB_STORAGE_URL": "nowhere://x"}
    with pytest.raises(StackError, match=r"intake does not start(?s:.*)nowhere") as refusal:
        Stack(tmp_path, _free_ports(), environ).up()
    assert '"message"' not in str(refusal.value)
    assert time.monotonic() - began < START_SECONDS
    assert not leftovers(tmp_path)


def test_down_ends_what_a_killed_supervisor_left(stack: Stack) -> None:
    """After `kill -9` of supervisord its orphans and files are in nobody's way."""
    supervisord = int((stack.home / "supervisord.pid").read_text())

    os.kill(supervisord, signal.SIGKILL)
    eventually(lambda: not stack.running(), what="supervisord is dead")

    assert _cli(stack.home, "down") == (0, "The stack is down.\n")
    assert not leftovers(stack.home)
    assert _cli(stack.home, "down") == (0, "The stack was not running.\n")
    assert _cli(stack.home, "status")[0] == 1


def test_home_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """The operating system's refusal names the path."""
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="file"):
        Stack(tmp_path / "file" / "home", Ports(), {}).up()
