"""A sandbox that waits for its job does it like any other, and is gone with it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.compute.execution.job_folder import JobFolder, job_folder
from services.compute.execution.spares.spares import Spares
from services.compute.execution.staging import project
from shared.engine.contract.work import Work
from shared.engine.sandbox.bubblewrap import NICE
from shared.engine.sandbox.limits import Limits, Outcome
from shared.engine.sandbox.process_tree import ProcessTree
from shared.engine.sandbox.sandbox import Sandbox
from shared.events.event import Step
from tests.integration.compute.lab import HOMES, Lab, has_ended
from tests.servers import PATIENCE_SECONDS, RunningService, eventually

PROJECTION = "shared.engine.running.projection"
LIMITS = Limits(seconds=PATIENCE_SECONDS, memory_bytes=1_000_000_000)


@pytest.fixture(scope="module")
def loaded() -> Iterator[Spares]:
    """What keeps one sandbox that waits, and all loaded."""
    spares = Spares(1, LIMITS.memory_bytes, rest_seconds=0)
    yield spares
    spares.close()


@pytest.fixture
def spares(loaded: Spares) -> Spares:
    """The same, with one that waits."""
    fill(loaded)
    return loaded


def fill(spares: Spares) -> ProcessTree:
    """Let one wait, once all is loaded; returns it."""

    def one_waits() -> bool:
        spares.fill()
        return bool(spares._spares)

    eventually(one_waits, "one waits")
    return spares._spares[0].tree


def work(folder: JobFolder, waiting: ProcessTree | None) -> Outcome:
    """Take in a table in that folder."""
    folder.input_path(0).write_bytes(HOMES)
    folder.describe(Work(kind="ingest", inputs={"source": "in/0"}, filename="a.csv"))
    return Sandbox(LIMITS).run(folder.path, lambda _news: None, lambda: False, waiting)


def rows(folder: JobFolder) -> int:
    """How many rows were taken in."""
    return int(json.loads((folder.path / "result.json").read_text())["reports"][0]["rows"])


def is_gone(tree: ProcessTree) -> bool:
    """Whether nothing of a sandbox is left."""
    return tree.leader.poll() is not None and has_ended(tree.init.pid)


def test_job_runs_in_the_sandbox_that_waited(spares: Spares) -> None:
    """In its folder, and in no other; afterwards neither is there."""
    waits = fill(spares)
    with spares.folder() as (folder, waiting):
        assert waiting is waits
        assert waiting.is_waiting
        outcome = work(folder, waiting)
        assert outcome.ok, outcome
        assert rows(folder) == 700
        assert waiting.leader.returncode == 0
    assert not folder.path.exists()
    eventually(lambda: is_gone(waits), what="nothing of it is left")


def test_job_that_waits_yields_to_the_service(spares: Spares) -> None:
    """Within its session, and as one where the kernel shares processors between sessions."""
    tree = fill(spares)
    yields = f" nice {NICE}\n"

    def job_yields() -> bool:
        return [process.nice() for process in tree.members()] == [psutil.Process().nice() + NICE]

    eventually(job_yields, what="it is nice")
    for process in (*tree.members(), psutil.Process(tree.leader.pid)):
        group = Path(f"/proc/{process.pid}/autogroup")
        assert not group.exists() or group.read_text().endswith(yields)


def test_forked_job_draws(spares: Spares) -> None:
    """Fonts that were found outside are found in the sandbox, where links lead nowhere else."""
    with spares.folder() as (folder, waiting):
        assert work(folder, waiting).ok
        table = (folder.path / "out" / "table.parquet").read_bytes()
    parameters = {
        "by": ["com"],
        "sums": ["vacants"],
        "chart": {"value": "vacants", "label": "com", "title": "Logements vacants"},
    }
    step = Step(application="aggregate", inputs={"table": "t"}, parameters=parameters, output="s")
    with spares.folder() as (folder, waiting):
        assert waiting
        folder.input_path(0).write_bytes(table)
        folder.describe(Work(kind="full", inputs={"t": "in/0"}, steps=(step,)))
        outcome = Sandbox(LIMITS).run(folder.path, lambda _news: None, lambda: False, waiting)
        assert outcome.ok, outcome
        assert waiting.leader.returncode == 0
        assert list((folder.path / "out").glob("chart*"))


def test_granted_columns_are_extracted_in_a_forked_sandbox(spares: Spares) -> None:
    """It is no job's: the job's own never holds the others."""
    table = pa.table({"stop": ["a", "b"], "revenue": ["SECRET", "SECRET"]})
    with job_folder() as stage, job_folder() as target:
        pq.write_table(table, stage.input_path(0))
        named = {0: ["stop"]}
        project(stage, named, target, spares=spares, limits=LIMITS, should_stop=lambda: False)
        assert pq.read_table(target.input_path(0)).to_pydict() == {"stop": ["a", "b"]}
        (stage.path / "result.json").unlink()
        with spares.around(stage.path, PROJECTION) as waiting:
            sandbox = Sandbox(LIMITS, module=PROJECTION)
            assert sandbox.run(stage.path, lambda _news: None, lambda: False, waiting).ok
            assert waiting
            assert waiting.leader.returncode == 0


def test_job_that_finds_none_waiting_gets_a_forked_one(spares: Spares) -> None:
    """Two come at once: each has a sandbox of its own."""
    with spares.folder() as (first, process_tree), spares.folder() as (second, other):
        assert process_tree
        assert other
        assert process_tree is not other
        assert first.path != second.path
        assert work(second, other).ok
        assert work(first, process_tree).ok


def test_job_runs_anew_when_what_waited_is_gone(spares: Spares) -> None:
    """Whatever ended it: the machine may have been short of memory."""
    with spares.folder() as (folder, waiting):
        assert waiting
        waiting.kill(10)
        assert work(folder, waiting).ok
        assert rows(folder) == 700


def test_what_waits_is_replaced_once_it_is_gone(spares: Spares) -> None:
    """And is left alone while it is there."""
    first = fill(spares)
    assert fill(spares) is first
    folder = spares._spares[0].folder
    first.kill(10)
    assert fill(spares) is not first
    assert not folder.path.exists()


def test_job_runs_without_the_process_that_sandboxes_are_forked_from(spares: Spares) -> None:
    """What waits is still good, and so is a new sandbox; another is loaded after a rest."""
    server = spares._server
    assert server
    server._process.kill()
    server._process.wait()
    with spares.folder() as (folder, waiting):
        assert waiting
        assert work(folder, waiting).ok
    assert fill(spares)
    assert spares._server is not server


def test_server_that_cannot_load_is_not_replaced_at_once() -> None:
    """Where it cannot load, one after the other would end; jobs run without it."""
    spares = Spares(1, LIMITS.memory_bytes)
    spares.fill()
    assert spares._server
    spares._server._process.kill()
    spares._server._process.wait()
    for _ in range(2):
        spares.fill()
        assert spares._server is None
    with spares.folder() as (folder, waiting):
        assert waiting is None
        assert work(folder, waiting).ok
    spares.close()


def test_what_waits_ends_with_its_service() -> None:
    """A service that was killed closes the pipe; one that stops ends it."""
    spares = Spares(1, LIMITS.memory_bytes)
    first = fill(spares)
    assert first.leader.stdin
    first.leader.stdin.close()
    eventually(lambda: is_gone(first), "it ended by itself")
    another = fill(spares)
    folder = spares._spares[0].folder
    spares.close()
    eventually(lambda: is_gone(another), what="it is ended")
    assert not folder.path.exists()


def test_sandbox_that_does_not_stand_in_time_is_given_up_in_a_patched_process() -> None:
    """What holds its pipes open may never say a word: nobody waits for it."""
    program = """
import eventlet
eventlet.monkey_patch()
import os
from services.compute.execution.spares.fork_server import Keeper
from shared.errors import Unavailable
(_, begin), (output, _), (status, _) = os.pipe(), os.pipe(), os.pipe()
with eventlet.Timeout(10):
    try:
        Keeper(begin, output, status).tree(0.1)
    except Unavailable:
        print("given up")
"""
    assert ran(program) == "given up\n"


def test_sandbox_that_never_stands_ends_with_its_service(tmp_path: Path) -> None:
    """Its keeper hears that the service is gone while bubblewrap says nothing.

    Bubblewrap's own child waits for it until it has asked to die with it.
    """
    stuck, child = tmp_path / "bwrap", tmp_path / "child"
    stuck.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {child}\nexec sleep 600\n")
    stuck.chmod(0o755)
    program = f"""
import os, signal
from pathlib import Path
from services.compute.execution.spares.keeper import Pipes, keep
os.environ["PATH"] = "{tmp_path}:" + os.environ["PATH"]
(control, begin), (_, output), (_, status) = os.pipe(), os.pipe(), os.pipe()
keeper = os.fork()
if keeper == 0:
    os.close(begin)
    keep(Path("{tmp_path}"), 64, Pipes(control, output, status), print, print)
while not Path("{child}").exists() or not Path("{child}").read_text():
    pass
os.close(begin)
signal.alarm(20)
print(os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1]))
"""
    assert ran(program) == "1\n"
    eventually(lambda: has_ended(int(child.read_text())), what="the child of bubblewrap ended")


def ran(program: str) -> str:
    """What a Python program of its own prints."""
    command = [sys.executable, "-W", "ignore", "-c", program]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_unused_sandbox_ends_with_the_run_that_took_it(spares: Spares) -> None:
    """A job that is refused before it begins leaves nothing."""
    with pytest.raises(ValueError, match="refused"), spares.folder() as (folder, waiting):
        raise ValueError("refused")
    assert waiting
    eventually(lambda: is_gone(waiting), what="it is ended")
    assert not folder.path.exists()


def once_one_waits(service: RunningService) -> list[psutil.Process]:
    """The processes below a service, once a sandbox waits among them."""
    processes: list[psutil.Process] = []

    def one_waits() -> bool:
        processes[:] = psutil.Process(service.pid).children(recursive=True)
        return any(process.name() == "cat" for process in processes)

    eventually(one_waits, "one waits")
    return processes


def all_end(processes: list[psutil.Process]) -> None:
    """Wait until none of them does anything."""
    for process in processes:
        eventually(lambda process=process: has_ended(process.pid), what=f"{process} ended")  # type: ignore[misc]


def test_sandboxes_of_a_service_end_with_it_and_no_job_is_lost(lab: Lab) -> None:
    """Jobs that come at its start wait for what it loads; a killed one's job is done once.

    What waits and what runs hears of the end by its pipe; a stop leaves neither process nor folder.
    """
    with lab.compute(job_slots="2", job_lease_seconds="1.5") as service:
        owners = [f"mbr_{number}" for number in range(3)]
        datasets = [lab.register(HOMES, owner=owner).dataset_id for owner in owners]
        for dataset in datasets:
            lab.wait_for("job_succeeded", dataset_id=dataset)
        assert "fault of ours" not in service.log()
        waiting = once_one_waits(service)
        dataset = lab.register(HOMES * 40).dataset_id
        job = lab.wait_for("job_started", dataset_id=dataset)["job_id"]
        running = psutil.Process(service.pid).children(recursive=True)
        service.kill()
        assert len(running) > 1
        all_end(waiting + running)
        service.start()
        lab.wait_for("job_succeeded", job_id=job)
        assert len(lab.events("job_succeeded", job_id=job)) == 1
        waiting = once_one_waits(service)
    all_end(waiting)
    assert not list(Path(lab.work).glob("datalab-job-*"))
