"""Hostile jobs in the real sandbox: each ends with a reason, and nothing of it is left."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from services.compute.execution.spares.fork_server import ForkServer
from shared.engine.contract.sandbox_view import ENVIRONMENT
from shared.engine.reading import ingest
from shared.engine.sandbox.bubblewrap import check_sandbox, confined
from shared.engine.sandbox.job_output import Progress
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.process_tree import ProcessTree
from shared.engine.sandbox.sandbox import Sandbox
from tests.integration.compute.lab import has_ended
from tests.servers import PATIENCE_SECONDS, eventually

PROGRAMS = "tests.integration.compute.execution.programs"
SUCCESS = "open('/job/out/result.json', 'w').write('{}')\n"
LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=200_000_000, processes=16, log_bytes=2000)

Run = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A job folder with one input."""
    (tmp_path / "job.json").write_text("{}")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "0").write_text("a;b\n")
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """What sandboxes are forked from, and runs programs."""
    server = ForkServer(tmp_path_factory.mktemp("fork"), PROGRAMS)
    yield server
    server.close()


@pytest.fixture(params=["started", "forked"])
def run(folder: Path, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a Python program as the job, started by bubblewrap or forked into its sandbox.

    Afterwards no process of it may be left.
    """
    mark = uuid4().hex
    server: ForkServer | None = None
    if request.param == "forked":
        server = request.getfixturevalue("fork_server")

    def start(
        program: str,
        limits: Limits = LIMITS,
        cancelled: Callable[[], bool] = lambda: False,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> Outcome:
        command = (sys.executable, "-B", "-s", "-c", program, mark)
        waiting = None
        if server:
            (folder / "program.py").write_text(program)
            waiting = server.start(folder, PROGRAMS, limits.processes, limits.memory_bytes)
            forked.append(waiting)
        return Sandbox(limits, command).run(folder, on_progress, cancelled, waiting)

    forked: list[ProcessTree] = []
    yield start
    assert not [process for process in psutil.process_iter(["cmdline"]) if _has(process, mark)]
    for tree in forked:
        for pid in (tree.leader.pid, tree.init.pid):
            eventually(lambda pid=pid: has_ended(pid), what=f"{pid} is gone")  # type: ignore[misc]


def _has(process: psutil.Process, mark: str) -> bool:
    return mark in (process.info["cmdline"] or [])


def printed_object(outcome: Outcome) -> dict[str, object]:
    """The JSON object that the job printed."""
    content: dict[str, object] = json.loads(outcome.log_tail)
    return content


def test_jobs_find_their_code_compiled() -> None:
    """What runs in the sandbox cannot write bytecode, so that each job would compile it all."""
    compiled = Path(importlib.util.cache_from_source(ingest.__file__))
    compiled.unlink(missing_ok=True)
    check_sandbox()
    assert compiled.exists()


def test_job_that_leaves_a_result_succeeds(run: Run, folder: Path) -> None:
    """A result file is the proof of success, and is put beside the job's description."""
    outcome = run(SUCCESS)
    assert outcome.ok, outcome
    assert outcome.reason == ""
    assert (folder / "result.json").read_text() == "{}"


FAILURES = {
    "no result": ("pass", "le traitement s'est arrêté sans résultat (code 0)"),
    "abort": (
        "import os; os.abort()",
        "le traitement s'est interrompu, sans doute faute de mémoire",
    ),
    "reported": (
        SUCCESS.replace("{}", '{"error": "ligne 3 : trop courte"}'),
        "ligne 3 : trop courte",
    ),
}


@pytest.mark.parametrize(("program", "reason"), FAILURES.values(), ids=FAILURES)
def test_job_that_fails_has_a_reason(run: Run, program: str, reason: str) -> None:
    """An exit status of 0 proves nothing; who aborts lacks memory; the runner's error is told."""
    outcome = run(program)
    assert (outcome.ok, outcome.reason) == (False, reason)


@pytest.mark.parametrize("target", ["/etc/hostname", "/job/job.json", "/dev/null"])
def test_result_that_is_a_link_is_not_followed(run: Run, folder: Path, target: str) -> None:
    """A job cannot make the service read another file in place of its result."""
    outcome = run(f"import os; os.symlink({target!r}, '/job/out/result.json')")
    assert not outcome.ok
    assert not (folder / "result.json").exists()


def test_job_sees_neither_the_host_nor_its_environment(run: Run) -> None:
    """Of the host a job sees the system's programs, its interpreter and its own folder."""
    os.environ["A_SECRET_OF_THE_SERVICE"] = "s3cret"
    program = """
import json, os
def seen(path):
    try: return os.listdir(path)
    except OSError as error: return type(error).__name__
print(json.dumps({"env": sorted(os.environ), "etc": seen("/etc"), "home": seen("/home"),
    "var": seen("/var"), "proc": seen("/proc"), "sys": seen("/sys"), "dev": seen("/dev"),
    "root": seen("/"), "uid": [os.getuid(), os.getgid(), os.getpid() < 10]}))
"""
    try:
        surroundings = printed_object(run(program))
    finally:
        del os.environ["A_SECRET_OF_THE_SERVICE"]
    assert surroundings["env"] == sorted([*ENVIRONMENT, "PWD"])
    assert surroundings["etc"] == ["ld.so.cache"]
    assert [surroundings[name] for name in ("home", "var", "proc", "sys")] == [
        "FileNotFoundError"
    ] * 4
    assert sorted(surroundings["dev"]) == ["null", "urandom"]  # type: ignore[call-overload]
    assert surroundings["uid"] == [65534, 65534, True]


def test_job_cannot_read_a_file_of_the_host(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file that is not the job's own does not exist inside, even for a service run by root."""
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text("s3cret")
    outcome = run(f"print(open({str(secret)!r}).read())")
    assert "FileNotFoundError" in outcome.log_tail
    assert "s3cret" not in outcome.log_tail


def test_job_can_write_nothing_but_its_output(run: Run) -> None:
    """Its inputs, its description, the code and the root are read-only."""
    program = """
import json
def write(path):
    try: open(path, "w").close()
    except OSError as error: return error.strerror
    return "written"
import shared.errors
paths = ["/job/in/0", "/job/job.json", "/job/x", shared.errors.__file__, "/usr/x", "/x",
    "/etc/x", "/dev/x", "/tmp/x", "/job/out/x"]
print(json.dumps({path: write(path) for path in paths}))
"""
    answers_by_path = printed_object(run(program))
    assert [path for path, answer in answers_by_path.items() if answer == "written"] == [
        "/tmp/x",  # noqa: S108 - the sandbox's own
        "/job/out/x",
    ]


def test_job_cannot_reach_the_network(run: Run) -> None:
    """A server on the host's loopback address is out of reach, and so is everything beyond."""
    import socket  # noqa: PLC0415 - one test's own server

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = run(f"""
import json, socket
def call(host, port):
    try: socket.create_connection((host, port), timeout=3)
    except OSError as error: return error.strerror
    return "connected"
print(json.dumps({{"host": call("127.0.0.1", {port}), "world": call("192.0.2.1", 80)}}))
""")
    assert printed_object(outcome) == {
        "host": "Connection refused",
        "world": "Network is unreachable",
    }


SECOND = Limits(seconds=1, memory_bytes=LIMITS.memory_bytes)
ENDED = {
    "hog": (
        "hog = []\nwhile True: hog.append(bytearray(4 << 20))",
        LIMITS,
        "a dépassé 200 Mo de mémoire",
    ),
    "hogs together": (
        """
import os, signal
for _ in range(6):
    if os.fork() == 0:
        hog = b"1" * (50 << 20)
        signal.pause()
signal.pause()
""",
        LIMITS,
        "a dépassé 200 Mo de mémoire",
    ),
    "endless": ("while True: pass", SECOND, "a dépassé 1 secondes"),
    "closed output": (
        "import os\nos.close(1); os.close(2)\nwhile True: pass",
        SECOND,
        "a dépassé 1 secondes",
    ),
    "deaf": (
        """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.fork() or os.setsid()
while True: signal.pause()
""",
        SECOND,
        "a dépassé 1 secondes",
    ),
    # It has 1,024 processes at most: where the tests' machine is late, it goes on.
    "fork bomb": (
        "import os, time\nfor _ in range(10): os.fork()\ntime.sleep(60)",
        Limits(seconds=PATIENCE_SECONDS, memory_bytes=4_000_000_000, processes=16),
        "a lancé plus de 16 processus",
    ),
    "flood": ("while True: print('é' * 1000)", LIMITS, "écrit trop dans son journal"),
}


@pytest.mark.parametrize("attack", ENDED)
def test_attack_is_ended_soon_with_its_reason(run: Run, attack: str) -> None:
    """By the kernel after a short grace; what it took is known, and little of its log is kept."""
    program, limits, reason = ENDED[attack]
    outcome = run(program, limits)
    assert (outcome.ok, outcome.reason) == (False, f"le traitement {reason}")
    assert outcome.seconds < PATIENCE_SECONDS / 2
    assert len(outcome.log_tail) <= LIMITS.log_bytes
    assert "mémoire" not in reason or outcome.peak_bytes > LIMITS.memory_bytes


def test_memory_of_tmp_is_bounded(run: Run) -> None:
    """The job's own /tmp is memory too: it is small."""
    outcome = run("f = open('/tmp/x', 'wb')\nfor _ in range(100): f.write(bytes(1 << 20))")
    assert "No space left on device" in outcome.log_tail


def test_job_may_end_in_order_on_sigterm(run: Run, folder: Path) -> None:
    """The signal reaches the job's own processes before they are killed."""
    program = """
import signal, sys
def end(*_):
    open("/job/out/farewell", "w").close()
    sys.exit()
signal.signal(signal.SIGTERM, end)
open("/job/out/ready", "w").close()
while True: signal.pause()
"""
    run(program, cancelled=(folder / "out" / "ready").exists)
    assert (folder / "out" / "farewell").exists()


def test_cancelled_job_ends_soon(run: Run) -> None:
    """A cancellation ends the job with that reason."""
    began = time.monotonic()
    outcome = run("while True: pass", cancelled=lambda: time.monotonic() - began > 0.3)
    assert (outcome.ok, outcome.reason) == (False, "le traitement a été annulé")
    assert outcome.seconds < PATIENCE_SECONDS / 2


def test_log_keeps_its_end_whatever_bytes_it_holds(run: Run) -> None:
    """The log is text for people even when the job prints noise."""
    outcome = run("import sys\nsys.stdout.buffer.write(b'\\xff\\x00' * 3000 + b'\\nla fin')")
    assert outcome.log_tail.endswith("la fin")
    assert len(outcome.log_tail.encode()) < 4 * LIMITS.log_bytes


def test_daemon_of_a_finished_job_does_not_stay(run: Run) -> None:
    """A process left behind ends with the sandbox, though the job succeeded."""
    program = (
        "import os, signal\nif os.fork() == 0:\n    os.setsid()\n    signal.pause()\n" + SUCCESS
    )
    assert run(program).ok


def test_init_of_a_job_that_ends_at_once_is_known(folder: Path) -> None:
    """Nobody looked for processes while it ran, and yet its end is waited for."""
    tree = ProcessTree.started(confined(folder, ["true"], LIMITS.processes))
    eventually(lambda: tree.leader.poll() == 0, what="it ended")
    init = tree.init
    tree.kill(20)
    assert init is None or not init.is_running() or init.status() == psutil.STATUS_ZOMBIE


def test_progress_is_heard_and_clamped(run: Run) -> None:
    """JSON lines with a progress are told to the caller; what else is said is the log, at once."""
    heard: list[Progress] = []
    program = """
import select
for share in ("0.25", "7", "NaN", '"x"'):
    print('{"progress": %s, "message": "lecture"}' % share, flush=True)
    select.select([], [], [], 0.4)
"""
    outcome = run(program, on_progress=heard.append)
    assert [(news.progress, news.message) for news in heard] == [
        (0.25, "lecture"),
        (1.0, "lecture"),
        (0.0, "lecture"),
        (0.0, "lecture"),
    ]
    assert heard[2].log_tail == ""
    assert heard[3].log_tail == outcome.log_tail
    assert outcome.log_tail.startswith('{"progress": "x"')


def test_nothing_is_left_when_the_caller_fails(run: Run) -> None:
    """An error in the service while it watches ends the job before it is raised."""

    def fail() -> bool:
        raise RuntimeError("the caller failed")

    with pytest.raises(RuntimeError, match="the caller failed"):
        run("while True: pass", cancelled=fail)


def test_sandbox_leaves_the_hub_of_eventlet_free(folder: Path) -> None:
    """In a patched process other green threads run on while a job is watched."""
    program = f"""
import eventlet; eventlet.monkey_patch()
from pathlib import Path
from shared.engine.sandbox.limits import Limits
from shared.engine.sandbox.sandbox import Sandbox
import select
beats = []
def beat():
    while True:
        beats.append(1)
        select.select([], [], [], 0.05)
eventlet.spawn(beat)
limits = Limits(seconds=100, memory_bytes=200_000_000)
job = "while True:\\n  for _ in range(10**5): pass\\n  print(1, flush=True)"
outcome = Sandbox(limits, ({sys.executable!r}, "-B", "-c", job)).run(
    Path({str(folder)!r}), lambda news: None, lambda: len(beats) > 20)
print(outcome.reason)
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "le traitement a été annulé", done


def test_silent_job_does_not_hold_up_its_watch_in_a_patched_process() -> None:
    """Eventlet calls a pipe ready now and then that is not; cancellation and limits go on."""
    program = """
import eventlet
eventlet.monkey_patch()
import os, select
from shared.engine.sandbox.job_output import JobOutput
reading, writing = os.pipe()
pipe = open(reading, "rb", 0)
select.select = lambda *_: ([reading], [], [])
with eventlet.Timeout(60):
    print(JobOutput(pipe, 100).read(0.1))
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done
