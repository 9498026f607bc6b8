"""An index of joins is kept in step, saved, and made again from the documents when it is lost."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from services.catalog.datasets.metadata import AccessLevel
from services.catalog.datasets.model import Dataset
from services.catalog.joins import index_service as keeping
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.snapshots.saved_index import SavedIndex, is_forgotten
from shared.aggregate import now
from shared.engine.tables.key_file import UNTYPED, KeyColumn, blocks_of
from shared.events import ResultsRecalled
from shared.storage import Storage
from shared.store import Store
from tests.servers import PATIENCE_SECONDS
from tests.unit.catalog.samples import metadata, profile, ref, registered


def directly(function: Callable[..., Any], *arguments: object) -> Any:
    """Compute in this thread."""
    return function(*arguments)


class World:
    """A catalogue's documents and files, and the processes that keep an index of them."""

    def __init__(self, store: Store, files: Storage) -> None:
        self.store, self.files = store, files

    def process(self) -> JoinIndexService:
        """A process that has just started."""
        return JoinIndexService("catalog", self.store, self.files, directly)

    def publish(self, name: str, *values: str) -> str:
        """Register and publish a dataset with one key column; its id."""
        column = KeyColumn(columns=("c",), space=UNTYPED, rows=len(values), distinct=len(values))
        lines = [f"{b.model_dump_json()}\n" for b in blocks_of(column, ((v, 1) for v in values))]
        keys = self.files.put(["".join(lines).encode()], "application/jsonl") if lines else None
        dataset = registered(f"dts_{name}", metadata(name))
        dataset.publish(1, ref("0"), profile(), "job_1", keys)
        return self.store.of(Dataset).save(dataset).id

    def snapshot(self) -> Path:
        """The file of the saved index."""
        file = self.store.of(SavedIndex).get("joins").file
        assert file
        return Path(self.files.address(file))


def joined(process: JoinIndexService, dataset_id: str) -> set[str]:
    """What the process finds."""
    return process.ask(dataset_id, lambda index: index.joins(dataset_id).datasets)


def saved(process: JoinIndexService, dataset_id: str) -> set[str]:
    """What the process finds; it has saved its index after that, if it was due."""
    join = joined(process, dataset_id)
    process.save_if_due()
    return join


@pytest.fixture
def world(store: Store, storage_url: str) -> Iterator[World]:
    """An empty catalogue; every few changes the index is saved."""
    usual, keeping.SNAPSHOT_AFTER = keeping.SNAPSHOT_AFTER, 3
    yield World(store, Storage(storage_url))
    keeping.SNAPSHOT_AFTER = usual


def test_restart_reads_the_saved_index_and_only_newer_key_files(world: World) -> None:
    """The key files of what was saved may even be gone. A newer snapshot removes the one before."""
    old = [world.publish(name, "v1", f"{name}-{'x' * 20}") for name in "abc"]
    assert saved(world.process(), old[0]) == set(old[1:])
    first = world.snapshot()
    for path in Path(world.files.path("sha256")).glob("*/*"):
        if path != first:
            path.unlink()
    new = world.publish("d", "v1")
    restarted = world.process()
    assert joined(restarted, new) == set(old)
    new_ids = {world.publish(name, "v1") for name in "ef"} | {new}
    assert saved(restarted, old[0]) == {*old[1:], *new_ids}
    assert world.snapshot() != first
    assert not first.exists()
    assert joined(world.process(), old[0]) == {*old[1:], *new_ids}


@pytest.mark.parametrize("damage", [b"", b"{}\n", b'{"layout": 0}\n' + b"\0" * 99])
def test_damaged_snapshot_is_made_again_from_the_key_files(world: World, damage: bytes) -> None:
    """Whatever the bytes have become; one flipped bit counts."""
    ids = [world.publish(name, "v1") for name in "abc"]
    saved(world.process(), ids[0])
    whole = world.snapshot().read_bytes()
    world.snapshot().write_bytes(damage or whole[:-1] + bytes([whole[-1] ^ 1]))
    assert joined(world.process(), ids[0]) == set(ids[1:])


def test_questions_are_answered_while_the_index_is_saved(world: World) -> None:
    """What is taken in meanwhile is not in the file, and found after a restart all the same."""
    old = [world.publish(name, "v1") for name in "abc"]
    meanwhile: list[str] = []
    answers: list[set[str]] = []

    def call(function: Callable[..., Any], *arguments: object) -> Any:
        if function is next and not meanwhile:
            meanwhile.append(world.publish("d", "v1"))
            asking = Thread(target=lambda: answers.append(joined(process, old[0])), daemon=True)
            asking.start()
            asking.join(PATIENCE_SECONDS)
        return function(*arguments)

    process = JoinIndexService("catalog", world.store, world.files, call)
    saved(process, old[0])
    assert answers == [{*old[1:], *meanwhile}]
    assert joined(world.process(), old[0]) == {*old[1:], *meanwhile}


def test_saved_index_knows_what_is_restricted(world: World) -> None:
    """And an owner who opens or closes the data is heeded without a new version."""
    ids = [world.publish(name, "v1") for name in "abc"]

    def restrict(dataset: Dataset, access: AccessLevel) -> None:
        dataset.metadata = dataset.metadata.model_copy(update={"access": access})
        dataset.changed_at = now()

    world.store.of(Dataset).change(ids[1], lambda dataset: restrict(dataset, "restricted"))
    process = world.process()
    saved(process, ids[0])

    def seen(process: JoinIndexService) -> set[str]:
        may_read = {"mbr_2"}.__contains__
        return process.ask(ids[0], lambda index: index.joins(ids[0], "", may_read).datasets)

    assert seen(world.process()) == seen(process) == {ids[2]}
    world.store.of(Dataset).change(ids[1], lambda dataset: restrict(dataset, "open"))
    assert seen(process) == set(ids[1:])


def test_retired_and_keyless_datasets_are_not_found(world: World) -> None:
    """What has no keys any more, or is no longer offered, leaves the index."""
    ids = [world.publish(name, "v1") for name in "ab"]
    process = world.process()
    assert joined(process, ids[0]) == {ids[1]}
    world.store.of(Dataset).change(ids[1], lambda dataset: dataset.retire("fini"))
    assert joined(process, ids[0]) == set()
    assert joined(process, world.publish("c")) == set()


def test_question_about_a_dataset_knows_it_however_late_it_was_saved(world: World) -> None:
    """Others that were saved as late come a little later."""
    old = world.publish("a", "v1")
    process = world.process()
    assert joined(process, old) == set()
    late = world.store.of(Dataset).get(world.publish("b", "v1"))
    late.changed_at -= timedelta(minutes=1)
    world.store.of(Dataset).save(late)
    assert joined(process, late.id) == {old}


def test_saved_index_forgets_what_was_deleted(world: World) -> None:
    """Its values leave the file at once, also those of a snapshot that a restart reads."""
    ids = [world.publish(name, "v1", f"{name}-secret-value") for name in "abc"]
    process = world.process()
    saved(process, ids[0])
    before = world.snapshot()
    assert b"b-secret-value" in before.read_bytes()
    recalled = ResultsRecalled(
        dataset_id=ids[1], owner_id="mbr_owner", title="b", reason="fin", job_ids=()
    )
    world.store.of(Dataset).change(
        ids[1], lambda dataset: dataset.delete("mbr_owner", "fin", "b", recalled, [])
    )
    restarted = world.process()
    for service in (process, restarted):
        assert saved(service, ids[0]) == {ids[2]}
    content = world.snapshot().read_bytes()
    assert b"b-secret-value" not in content
    assert b"a-secret-value" in content
    assert not before.exists()
    deleted = world.store.of(Dataset).get(ids[1])
    assert deleted.deletion
    assert is_forgotten(world.store, deleted.deletion.deleted_at)
    assert joined(world.process(), ids[0]) == {ids[2]}
