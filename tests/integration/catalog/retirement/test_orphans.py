"""Files that a crash or a refusal left behind are erased, and no file that anybody refers to."""

import operator
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from services.catalog.harvesting.fetched_page import FetchedPage
from services.catalog.harvesting.model import Harvest
from services.catalog.retirement.eraser import files_in_use
from services.catalog.service import Catalog
from services.catalog.snapshots.saved_index import IndexName, SavedIndex, Snapshots
from services.compute.jobs.model import Job
from services.compute.jobs.queries import Queries
from shared.aggregate import Aggregate, now
from shared.endings.orphans import OrphanSweep, References, WrittenFile, note_written
from shared.errors import Unavailable
from shared.indexes.computed import ComputedIndex
from shared.storage import Storage
from shared.store import Store
from tests.conftest import RETRIES, Token
from tests.forks import services
from tests.integration.catalog.lab import CSV, Lab, problem_of, running_lab
from tests.integration.catalog.lab import RETRIES as CATALOG_RETRIES
from tests.integration.catalog.retirement.samples import COMPUTE, Compute, World
from tests.servers import Broker, eventually, running
from tests.vhosts import Needs


class Sweeping(World):
    """A catalogue, what sweeps in it, and what another service refers to."""

    def __init__(self, store: Store, url: str) -> None:
        super().__init__(store, Storage(url, note=partial(note_written, store)))
        self.elsewhere: Callable[[list[str]], set[str]] = lambda _hashes: set()

    def sweep(self, age: float = 0.0, looks: int = 2) -> None:
        """What a process does, so many times."""
        references = References(partial(files_in_use, self.store), self.elsewhere)
        sweep = OrphanSweep("catalog", self.store, self.files, age, references)
        for _ in range(looks):
            sweep.look()

    @property
    def noted(self) -> set[str]:
        """The hashes of files that are still to be looked up."""
        return {file.id for file in self.store.of(WrittenFile).every()}


@pytest.fixture
def world(store: Store, storage_url: str) -> Sweeping:
    """An empty catalogue."""
    store.prepare((ComputedIndex, WrittenFile, Harvest, Job))
    return Sweeping(store, storage_url)


def test_file_that_nothing_refers_to_is_erased(world: Sweeping) -> None:
    """Once it is old enough, and a second look found nothing either.

    Documents may not have been writable for a day: who waits for them comes before us. A job's
    result that somebody uploaded, and that was refused, is the job's.
    """
    orphan, kept, late, result = (world.put(text) for text in ("orphelin", "gardé", "tard", "fait"))
    world.keep(kept)
    world.elsewhere = lambda hashes: {result.sha256} & set(hashes)
    world.sweep(age=60)
    assert len(world.noted) == 4
    world.sweep(looks=1)
    assert world.has(orphan)
    world.keep(late)
    world.sweep(looks=1)
    assert [world.has(file) for file in (orphan, kept, late, result)] == [False, True, True, True]
    world.sweep()
    assert (world.noted, world.has(late)) == (set(), True)


def test_nothing_is_erased_while_the_other_service_does_not_answer(world: Sweeping) -> None:
    """The file waits, and so does what is noted of it."""

    def silent(_hashes: list[str]) -> set[str]:
        raise Unavailable("no service answers")

    orphan, world.elsewhere = world.put("orphelin"), silent
    with pytest.raises(Unavailable):
        world.sweep()
    assert world.has(orphan)
    assert world.noted == {orphan.sha256}


def test_same_bytes_put_again_while_a_sweep_erases_them_stay(world: Sweeping) -> None:
    """Between its last look at the documents and the erasure: the file is young again."""
    orphan = world.put("octets")
    path = Path(world.files.address(orphan))
    os.utime(path, (0, 0))
    noted = world.store.of(WrittenFile)
    noted.change(orphan.sha256, lambda file: setattr(file, "written_at", file.written_at.min))

    def meanwhile(_hashes: list[str]) -> set[str]:
        world.put("octets")
        return set()

    world.elsewhere = meanwhile
    world.sweep(age=60)
    assert world.has(orphan)
    assert world.noted == {orphan.sha256}
    world.keep(orphan)
    world.sweep()
    assert world.has(orphan)


def test_pages_of_harvests_and_results_of_jobs_are_referred_to(world: Sweeping) -> None:
    """Also by documents from before they named their hashes."""
    page, file, source = (world.put(text) for text in ("page", "fait", "source"))
    harvest = Harvest(
        id="hrv_1", source_id="src_1", owner_id="mbr_1", title="t", catalogue="dcat",
        started_at=now(), pages=[FetchedPage(number=1, url="u", file=page)],
    )  # fmt: skip
    job = Job(
        id="job_1", kind="ingest", owner_id="m", lane="m", queued_at=now(), result=file,
        source=source,
    )  # fmt: skip
    kept: list[tuple[type[Aggregate], Aggregate]] = [(Harvest, harvest), (Job, job)]
    for cls, aggregate in kept:
        world.store.of(cls).save(aggregate)
        documents = world.store._database[cls.collection]
        document = documents.find_one({"_id": aggregate.id})
        assert document
        del document["hashes"]
        documents.replace_one({"_id": aggregate.id}, document)
    hashes = [page.sha256, file.sha256, source.sha256]
    assert files_in_use(world.store, hashes) == {page.sha256}
    assert Queries(world.store).files_in_use(hashes) == {file.sha256, source.sha256}
    world.store.of(Job).change("job_1", lambda job: job.cancel("fin"))
    assert Queries(world.store).files_in_use(hashes) == {file.sha256}


SAVE_AND_DIE = """
import operator, os, signal, sys
from functools import partial
from services.catalog.snapshots.saved_index import Snapshots
from shared.aggregate import now
from shared.endings.orphans import note_written
from shared.storage import Storage
from shared.store import Store
uri, database, url = sys.argv[1:]
store = Store(uri, database)
files = Storage(url, note=partial(note_written, store))
snapshots = Snapshots("joins", store, files, operator.call)
snapshots._documents.change = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
snapshots.save([b"an index"], now())
"""
"""Saves a snapshot of an index in a process that is killed before the pointer to it is saved."""


def test_snapshot_whose_process_was_killed_is_erased(
    world: Sweeping, mongodb_uri: str, storage_url: str
) -> None:
    """The file has values of datasets, and no document knows of it."""
    addresses = (mongodb_uri, world.store._database.name, storage_url)
    ended = services().run(["-c", SAVE_AND_DIE, *addresses], {})
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    [noted] = world.store.of(WrittenFile).every()
    assert world.has(noted.file)
    world.sweep()
    assert not world.has(noted.file)


@pytest.mark.parametrize("name", ["joins", "search"])
def test_files_of_saved_indexes_are_no_orphans(world: Sweeping, name: IndexName) -> None:
    """Neither the newest nor one before it that could not be removed yet."""
    Snapshots(name, world.store, world.files, operator.call).save([b"an index"], now())
    older = world.put("an older one")
    saved = world.store.of(SavedIndex)
    saved.change(name, lambda document: setattr(document, "stale", [older]))
    file = saved.get(name).file
    assert file
    world.sweep()
    assert (world.has(file), world.has(older)) == (True, True)
    assert world.noted == set()


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What the catalog and compute listen to."""
    return Needs((Catalog, Compute), (*CATALOG_RETRIES, *RETRIES))


@pytest.fixture
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running, beside a compute that refers to nothing; four seconds are old."""
    environ = {**module_environ, "DATALAB_ORPHAN_SECONDS": "4"}
    with running(COMPUTE, environ), running_lab(broker, vhost, environ, token) as lab:
        yield lab


def test_upload_that_was_refused_leaves_no_file(lab: Lab) -> None:
    """As a version of somebody else's dataset; the owner's own stays."""
    mine, refused = lab.published("mbr_o"), CSV + b"14118;12345\n"
    path = f"/datasets/{mine}/versions"
    problem_of(lab.post_file(path, lab.token("mbr_z", "owner"), {}, refused), 403)
    root = Path(lab.files.path("sha256"))

    def stored() -> list[bytes]:
        return [path.read_bytes() for path in root.rglob("*") if path.is_file()]

    assert refused in stored()
    lab.upload("mbr_o", CSV)
    eventually(lambda: refused not in stored(), "the refused file is erased")
    assert CSV in stored()
    erased = 'datalab_orphans_erased_total{service="catalog"} 1.0'
    eventually(lambda: erased in lab.call("GET", "/metrics", "").data.decode(), "it counts")
