"""Files of deleted datasets are erased once, and no file that anybody else needs."""

import operator
from datetime import timedelta
from pathlib import Path

import pytest

from services.catalog.access.dataset_use import Use
from services.catalog.datasets.model import Dataset
from services.catalog.retirement.eraser import HASHES, Eraser
from services.catalog.snapshots.saved_index import IndexName, Snapshots
from shared.aggregate import now
from shared.indexes.computed import ComputedIndex
from shared.settings import Settings
from shared.storage import Storage
from shared.store import Store
from tests.integration.catalog.retirement.samples import World


class Erasing(World):
    """A catalogue, and what erases in it."""

    def __init__(self, store: Store, files: Storage, settings: Settings) -> None:
        super().__init__(store, files)
        self._settings = settings

    def erase(self, grace: float = 0.0) -> None:
        """What a process does, once."""
        settings = self._settings.model_copy(update={"erasure_grace_seconds": grace})
        Eraser("catalog", self.store, self.files, settings, set)._look()

    def is_over(self, dataset_id: str) -> bool:
        """Whether all of a deleted dataset is erased."""
        deletion = self.store.of(Dataset).get(dataset_id).deletion
        return deletion is not None and deletion.erased_at is not None


@pytest.fixture
def world(store: Store, storage_url: str, mongodb_uri: str) -> Erasing:
    """An empty catalogue."""
    store.prepare((Use, ComputedIndex))
    defaults = {"amqp_uri": "amqp://h", "mongodb_uri": mongodb_uri, "storage_url": storage_url}
    settings = Settings.model_validate({**defaults, "token_public_key": "k", "http_port": 8000})
    return Erasing(store, Storage(storage_url), settings)


def test_file_is_erased_when_no_other_dataset_has_it(world: Erasing) -> None:
    """And the receipt says which stays for whom."""
    shared, own = world.put("commun"), world.put("propre")
    first, second = world.keep(shared), world.keep(shared)
    alone = world.keep(own)
    for dataset_id in (first, alone):
        world.delete(dataset_id)
    world.erase()
    world.erase()
    assert (world.has(shared), world.has(own)) == (True, False)
    deletion = world.store.of(Dataset).get(first).deletion
    assert deletion
    assert deletion.kept == (shared.sha256,)
    world.delete(second)
    world.erase()
    assert not world.has(shared)


def test_file_that_is_put_again_meanwhile_is_not_lost(world: Erasing) -> None:
    """Its document comes only after it; erasing waits for it as long as the grace is."""
    file = world.put("octets")
    deleted = world.keep(file)
    world.delete(deleted)
    world.erase(grace=60)
    assert world.has(file)
    again = world.keep(world.put("octets"))
    world.erase()
    world.erase()
    assert world.has(file)
    assert world.is_over(deleted)
    assert world.store.of(Dataset).get(again).hashes == [file.sha256]


def test_dataset_from_before_deletions_keeps_its_file(world: Erasing) -> None:
    """Its document names no hashes: all are saved again before the first file is erased."""
    file = world.put("ancien")
    old, deleted = world.keep(file), world.keep(file)
    documents = world.store._database["datasets"]
    document = documents.find_one({"_id": old})
    assert document
    del document["hashes"], document["is_erasing"]
    documents.replace_one({"_id": old}, document)
    world.delete(deleted)
    world.erase()
    assert world.has(file)
    assert world.store.of(ComputedIndex).get(HASHES).is_complete


def test_result_of_another_project_is_not_lost(world: Erasing) -> None:
    """It made the same of other data with the same bytes, and is not delivered yet."""
    file, other = world.put("somme"), world.keep(world.put("autres octets"))
    use = Use(id=f"job_1.{other}", dataset_id=other, job_id="job_1", project_id="prj_1")
    use.state, use.result = "succeeded", file
    world.store.of(Use).save(use)
    deleted = world.keep(file)
    world.delete(deleted)
    world.erase()
    assert world.has(file)
    assert world.is_over(deleted)
    again = world.keep(file)
    world.delete(other)
    world.delete(again)
    world.erase()
    assert not world.has(file)


def test_erasing_that_a_crash_broke_off_is_taken_up(world: Erasing) -> None:
    """The file may be gone already, and its document not yet know it."""
    file = world.put("perdu")
    dataset_id = world.keep(file)
    world.delete(dataset_id)
    assert world.files.erase(file, timedelta())
    assert not world.is_over(dataset_id)
    world.erase()
    assert world.is_over(dataset_id)


@pytest.mark.parametrize("name", ["joins", "search"])
def test_receipt_waits_for_each_saved_index_that_may_have_the_dataset(
    world: Erasing, name: IndexName
) -> None:
    """What was saved before the deletion has its words, or its values."""
    snapshots = Snapshots(name, world.store, world.files, operator.call)
    file = world.put("octets")
    dataset_id = world.keep(file)
    snapshots.save([b"with the dataset"], now())
    world.delete(dataset_id)
    world.erase()
    world.erase()
    assert (world.has(file), world.is_over(dataset_id)) == (False, False)
    snapshots.save([b"without it"], now())
    world.erase()
    assert world.is_over(dataset_id)


def test_snapshot_that_is_older_than_the_newest_is_not_pointed_to(world: Erasing) -> None:
    """A slow process would bring back what a receipt says is gone."""
    snapshots, before = Snapshots("search", world.store, world.files, operator.call), now()
    snapshots.save([b"newer"], before + timedelta(seconds=1))
    newest = snapshots.newest()
    snapshots.save([b"older"], before)
    assert (snapshots.newest().file, snapshots.newest().since) == (newest.file, newest.since)
    assert snapshots.newest().stale == []
    assert [path.read_bytes() for path in Path(world.files.path("sha256")).glob("*/*")] == [
        b"newer"
    ]
