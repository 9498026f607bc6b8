"""`/readyz` says no soon after a fault, and why; and yes soon after its end."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from deploy import SERVICES
from deploy.local.supervision import wait_until
from deploy.queues import declare
from deploy.topology import SERVICE_CLASSES
from shared.aggregate import new_id
from shared.errors import Unavailable
from shared.store import Store
from tests.conftest import RETRIES
from tests.integration.shared.samples import Thing
from tests.servers import PATIENCE_SECONDS, Broker, Documents, RunningService, running

SECONDS = 30.0
"""Soon, on a busy machine: alone it takes three. Heartbeats would tell after 37."""

DISK_BYTES = 64_000_000


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 64 MB of its own at that folder."""
    mount = shutil.which("mount")
    folder.mkdir()
    size = f"size={DISK_BYTES}"
    mounted = subprocess.run([str(mount), "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("only root mounts disks")
    try:
        yield folder
    finally:
        subprocess.run([str(shutil.which("umount")), "-l", folder], check=True)


@contextmanager
def filled(disk: Path, left: int) -> Iterator[None]:
    """While the block lasts, the disk has `left` bytes free."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb") as file:
            for _ in range((shutil.disk_usage(disk).free - left) // 4096):
                file.write(bytes(4096))
        yield
    finally:
        ballast.unlink()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small disk of the file store and the job folders."""
    with small_disk(tmp_path_factory.mktemp("disk") / "mounted") as folder:
        yield folder


@pytest.fixture(scope="module")
def compute(
    broker: Broker, amqp_uri: str, module_environ: dict[str, str], disk: Path
) -> Iterator[RunningService]:
    """The service with the most to check, on a disk that has 16 MB to keep free."""
    declare(amqp_uri, SERVICE_CLASSES, RETRIES)
    assert broker.port
    environ = {
        **module_environ,
        "DATALAB_STORAGE_URL": f"file://{disk / 'files'}",
        "DATALAB_LEAST_FREE_BYTES": "16000000",
        "DATALAB_WATCHED_FOLDERS": f"{disk}",
        "TMPDIR": str(disk),
        "DATALAB_JOB_SPARE": "false",  # what waits for jobs writes there whenever it likes
    }
    with running(SERVICES["compute"], environ) as service:
        yield service


def fault_messages(
    service: RunningService, fault: AbstractContextManager[None], *names: str
) -> list[str]:
    """What `/readyz` says by the checks of these names, and no other, of a fault and of its end."""
    assert not service.red()
    with fault:
        assert wait_until(lambda: service.red().keys() == set(names), SECONDS), service.red()
        red = service.red()
    assert wait_until(lambda: not service.red(), SECONDS), service.red()
    return [red[name] for name in names]


@pytest.mark.parametrize("left", [12_000_000, 0], ids=["nearly full", "full"])
def test_full_disk_is_told(compute: RunningService, disk: Path, left: int) -> None:
    """Of the file store, of the job folders, and of any folder that is watched."""
    names = ("files", "job folders", "disk of mounted")
    for reason in fault_messages(compute, filled(disk, left), *names):
        assert re.fullmatch(r"the disk of .* is nearly full: only \d+ MB are free, 16 .*", reason)


def test_alarm_of_the_broker_is_told(compute: RunningService, broker: Broker) -> None:
    """It takes connections and heartbeats, and no messages."""
    red = fault_messages(compute, broker.short_of_memory(), "broker")
    assert red == ["the broker takes no messages: low on memory"]


def test_frozen_broker_is_told(compute: RunningService, broker: Broker) -> None:
    """Its connections stand, and nothing comes of them: heartbeats tell after 37 seconds."""
    red = fault_messages(compute, broker.frozen(), "broker")
    assert red == ["the broker did not confirm a message within 2.5 s"]


def test_frozen_document_server_is_told(
    compute: RunningService, document_server: Documents
) -> None:
    """It takes connections and answers nothing: the client says so, or who waits for it, first."""
    (reason,) = fault_messages(compute, document_server.frozen(), "documents")
    assert re.fullmatch(r"the document server does not answer|no answer for \d+ s", reason)


def test_document_server_that_takes_no_writes_is_told(
    module_environ: dict[str, str], disk: Path
) -> None:
    """It answers and reads, and its disk is full."""
    server = Documents(disk / "documents")
    server.start()
    environ = {**module_environ, "DATALAB_MONGODB_URI": server.uri}
    try:
        with running(SERVICES["notify"], environ) as notify:
            (reason,) = fault_messages(notify, filled(disk, 0), "documents")
            assert reason.startswith("the document server refused: ")
    finally:
        server.stop()


def test_document_server_on_a_full_disk_is_told_though_it_writes_in_place(disk: Path) -> None:
    """What was written once can be written again there; what is new cannot."""
    server = Documents(disk / "worked")
    server.start()
    try:
        store = Store(server.uri, "worked")
        things = store.of(Thing)
        for _ in range(600):
            things.save(Thing(id=new_id("thg"), names=["x" * 8_000]))
        with filled(disk, 0), pytest.raises(Unavailable, match="refused"):
            checked(store, 100)
        checked(store, 1)
    finally:
        server.stop()


def checked(store: Store, times: int) -> None:
    """Check the document server, as a service does every few seconds."""
    for _ in range(times):
        store.check(PATIENCE_SECONDS)
