"""A process starts from a saved index of datasets, and answers as one that read all documents."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.retirement.commands import delete_as
from services.catalog.search import catalogue_index, finder
from services.catalog.search.catalogue_index import CatalogueIndex
from services.catalog.search.finder import DatasetPage, Finder
from services.catalog.search.search_query import DatasetQuery
from services.catalog.snapshots import dataset_lines
from services.catalog.snapshots.saved_index import SavedIndex, is_forgotten
from shared.auth import Caller
from shared.storage import Storage
from shared.store import Store
from tests.benchmarks.searching import Vocabulary
from tests.benchmarks.searching import make_datasets as made
from tests.servers import PATIENCE_SECONDS
from tests.unit.catalog.search.catalogue import dataset

_STAFF = Caller("mbr_lab", frozenset({"operator"}))

_DATASETS = (
    dataset("a", "Logements vacants par commune", keys=("commune",), territory=("76",)),
    dataset("b", "Résidences inoccupées", theme="Habitat", keywords=("vacance", "logement")),
    dataset("c", "Fréquentation des bibliothèques", producer="Ville du Havre", licence="cc-by"),
    dataset("d", "Qualité de l'air", description="Mesures horaires d'ozone.", theme="habitat"),
    dataset("e", "Crues de la Touques"),
)

_QUERIES = (
    DatasetQuery(facets=True),
    DatasetQuery(q="logements vides", facets=True),
    DatasetQuery(q="bibliotèques"),
    DatasetQuery(q="frécantassion"),
    DatasetQuery(q="logement seine-maritime"),
    DatasetQuery(q="ozone horaire", theme="habitat"),
    DatasetQuery(q="biblio"),
    DatasetQuery(q="commune", key="commune", facets=True),
    DatasetQuery(state="retired"),
)


class World:
    """The documents and files of a catalogue, and the processes that search in it."""

    def __init__(self, store: Store, files: Storage) -> None:
        self.store, self.files = store, files
        self.derived: list[str] = []
        """The ids of the datasets whose words were read of their documents."""

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Compute in this thread; note what is derived."""
        if function in {catalogue_index._read_all, catalogue_index.lines_of}:
            self.derived += [read.id for read in arguments[0]]
        return function(*arguments)

    def keep(self, *datasets: Dataset) -> None:
        """Save new datasets."""
        for new in datasets:
            self.store.of(Dataset).save(new.model_copy(deep=True))

    def change(self, dataset_id: str, change: Callable[[Dataset], object]) -> None:
        """Change a dataset."""
        self.store.of(Dataset).change(dataset_id, change)

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset."""
        self.change(dataset_id, lambda old: delete_as(self.store, old, "mbr_owner", "fin", "?"))

    def process(self, in_thread: Callable[..., Any] | None = None) -> Finder:
        """A process that has just started; its index is complete."""
        process = Finder("catalog", self.store, self.files, in_thread or self.call)
        process._follow()
        return process

    def save(self) -> None:
        """Have a process save its index, if it is due."""
        self.process().save_if_due()

    def snapshot(self) -> Path:
        """The file of the saved index."""
        file = self.store.of(SavedIndex).get("search").file
        assert file
        return Path(self.files.address(file))


@pytest.fixture
def world(store: Store, storage_url: str) -> Iterator[World]:
    """A small catalogue; every few changes the index is saved."""
    usual, finder.SNAPSHOT_AFTER = finder.SNAPSHOT_AFTER, len(_DATASETS)
    world = World(store, Storage(storage_url))
    world.keep(*_DATASETS)
    yield world
    finder.SNAPSHOT_AFTER = usual


def of_another_release(function: Callable[..., Any], *arguments: object) -> Any:
    """Compute as a process with other code."""
    return "other" if function is dataset_lines.code_hash else function(*arguments)


def answers(process: Finder) -> list[DatasetPage]:
    """What the process answers to all questions."""
    return [process.search(query, _STAFF) for query in _QUERIES]


def from_documents(world: World) -> list[DatasetPage]:
    """What a process answers that finds no snapshot."""
    index = CatalogueIndex()
    index.put(world.store.of(Dataset).every())
    return [finder.search(index, query, _STAFF) for query in _QUERIES]


def ids_of(process: Finder, **query: Any) -> list[str]:
    """The ids of what the process finds, the best first."""
    return [item.id for item in process.search(DatasetQuery(**query), _STAFF).items]


def test_index_from_a_snapshot_answers_as_one_made_of_documents(world: World) -> None:
    """Hits, scores, reasons, facets and notes, also of words that are misspelt or sound alike.

    No document is read for it, not even what changed in the minutes before the index was saved.
    """
    world.change("dts_e", lambda old: old.retire("fini"))
    world.save()
    expected = from_documents(world)
    assert all(page.total for page in expected)
    world.derived.clear()
    restarted = world.process()
    assert answers(restarted) == expected
    assert world.derived == []


def test_long_catalogue_answers_alike_from_a_snapshot(world: World) -> None:
    """Of many words, in a file of several pieces."""
    vocabulary = Vocabulary(1)
    world.keep(*made(vocabulary, 360))
    world.save()
    index = CatalogueIndex()
    index.put(world.store.of(Dataset).every())
    restarted = world.process()
    for number in range(30):
        question = " ".join(vocabulary.words(1 + number % 3))
        query = DatasetQuery(q=question[:-1] if number % 2 else question, facets=True)
        assert restarted.search(query, _STAFF) == finder.search(index, query, _STAFF)


def test_changes_after_the_snapshot_are_known(world: World) -> None:
    """New, changed, retired and deleted datasets; nothing of what they were is found."""
    world.save()
    world.keep(dataset("f", "Arbres d'alignement"))
    world.change("dts_c", lambda old: old.retire("fini"))
    world.delete("dts_d")
    about = _DATASETS[0].metadata.model_copy(update={"title": "Patinoires"})
    world.change("dts_a", lambda old: old.describe(about))
    restarted = world.process()
    assert answers(restarted) == from_documents(world)
    assert ids_of(restarted, q="patinoire") == ["dts_a"]
    assert ids_of(restarted, q="ozone") == []
    assert sorted(ids_of(restarted)) == ["dts_a", "dts_b", "dts_e", "dts_f"]


def test_next_snapshot_takes_its_lines_from_the_last(world: World) -> None:
    """And from what was taken in since; no document is read again for it."""
    world.save()
    process = world.process()
    world.keep(*(dataset(f"new{number}", f"Jardin {number}") for number in range(len(_DATASETS))))
    before = world.snapshot()
    ids_of(process)
    world.derived.clear()
    process.save_if_due()
    assert world.derived == []
    assert not before.exists()
    assert answers(world.process()) == from_documents(world)


def test_lines_that_are_nowhere_are_made_again(world: World) -> None:
    """The last file was damaged since, and the index keeps a line only."""
    usual, catalogue_index._UNSAVED_BYTES = catalogue_index._UNSAVED_BYTES, 1
    try:
        world.save()
        process = world.process()
        world.keep(
            *(dataset(f"new{number}", f"Jardin {number}") for number in range(len(_DATASETS)))
        )
        ids_of(process)
        world.snapshot().write_bytes(world.snapshot().read_bytes()[:-1])
        world.derived.clear()
        process.save_if_due()
    finally:
        catalogue_index._UNSAVED_BYTES = usual
    every_id = {row.id for row in world.store.of(Dataset).every()}
    assert set(world.derived) == every_id - {"dts_new0"}
    assert answers(world.process()) == from_documents(world)


@pytest.mark.parametrize("damage", ["{}\n", "flipped", "no lines", "other code"])
def test_snapshot_that_cannot_be_used_is_ignored(world: World, damage: str) -> None:
    """The index is made anew, and saved anew as soon as it is due."""
    world.save()
    if damage == "other code":
        other = world.process(of_another_release)
        assert answers(other) == from_documents(world)
        other.save_if_due()
        world.derived.clear()
    else:
        content = world.snapshot().read_bytes()
        world.derived.clear()
        middle = len(content) // 2
        damaged = {
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "no lines": content.partition(b"\n")[0] + b"\n",
        }
        world.snapshot().write_bytes(damaged.get(damage, damage.encode()))
    assert answers(world.process()) == from_documents(world)
    assert len(world.derived) == len(_DATASETS)
    world.save()
    assert len(world.snapshot().read_bytes().splitlines()) == 1 + len(_DATASETS)
    assert answers(world.process()) == from_documents(world)


def test_searches_are_answered_while_the_index_is_saved(world: World) -> None:
    """What is taken in meanwhile is not in the file, and found after a restart all the same."""
    pages: list[list[str]] = []

    def call(function: Callable[..., Any], *arguments: object) -> Any:
        if function is dataset_lines.code_hash and process.is_ready and not pages:
            world.keep(dataset("f", "Arbres"))
            asking = Thread(target=lambda: pages.append(ids_of(process, q="arbres")), daemon=True)
            asking.start()
            asking.join(PATIENCE_SECONDS)
        return function(*arguments)

    process = Finder("catalog", world.store, world.files, call)
    process._follow()
    process.save_if_due()
    assert pages == [["dts_f"]]
    assert b"dts_f" not in world.snapshot().read_bytes()
    assert ids_of(world.process(), q="arbres") == ["dts_f"]


def test_saved_index_forgets_what_was_deleted(world: World) -> None:
    """It is saved at once, by whichever process sees it first, and once."""
    processes = [world.process(), world.process()]
    processes[0].save_if_due()
    before = world.snapshot()
    assert b"dts_d" in before.read_bytes()
    world.delete("dts_d")
    deletion = world.store.of(Dataset).get("dts_d").deletion
    assert deletion
    assert not is_forgotten(world.store, deletion.deleted_at)
    for process in processes:
        process._follow()
        process.save_if_due()
    after = world.snapshot()
    assert b"dts_d" not in after.read_bytes()
    assert not before.exists()
    assert is_forgotten(world.store, deletion.deleted_at)
    world.process().save_if_due()
    assert world.snapshot() == after
