"""Records brought into the catalogue by a process that may die at any moment."""

from typing import Any

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.harvesting.applying import BATCH, MissingDatasets, OwnRecords, PageImport
from services.catalog.harvesting.fetched_page import Counts, FetchedPage
from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.retirement.commands import delete_as
from shared.aggregate import now
from shared.engine.contract.harvested_page import PageEntry, Record
from shared.events import FileRef
from shared.store import Store

SOURCE = RemoteSource(
    id="src_1", owner_id="mbr_op", title="P", catalogue="dcat", theme="eau", licence="lov2"
)
LAB = "https://lab.example/donnees"
MANY = 2 * BATCH + 50


class Died(Exception):
    """The process is gone."""


def entries(number: int, **fields: Any) -> list[PageEntry]:
    """So many records."""
    records = (Record(identifier=f"d{n}", title=f"D{n}", **fields) for n in range(number))
    return [
        PageEntry(where=record.title, identifier=record.identifier, record=record)
        for record in records
    ]


def new_harvest(identifier: str) -> Harvest:
    """A harvest whose only page is to be applied."""
    page = FetchedPage(number=1, url="", file=FileRef(sha256="a" * 64, size=1))
    about = {"source_id": SOURCE.id, "owner_id": SOURCE.owner_id, "title": SOURCE.title}
    fields = {"catalogue": SOURCE.catalogue, "pages": [page], "started_at": now()}
    return Harvest.model_validate({"id": identifier, **about, **fields})


def apply(store: Store, name: str, page_entries: list[PageEntry], batches: int = 1000) -> Counts:
    """Apply the entries; the process dies after so many batches."""
    left = [batches]

    def keep_lease() -> None:
        left[0] -= 1
        if not left[0]:
            raise Died

    harvest = new_harvest(name)
    applying = PageImport(store, SOURCE, harvest, OwnRecords(store, LAB), keep_lease)
    applying.apply(page_entries, set())
    return applying.counts


def outboxes(store: Store) -> list[dict[str, Any]]:
    """Every event that waits to be published."""
    datasets = store.of(Dataset).find(limit=MANY + 1)
    return [event for dataset in datasets for event in dataset.outbox]


def test_step_that_a_crash_repeats_counts_and_tells_the_same(store: Store) -> None:
    """Half of the page was taken already; nothing is told twice."""
    with pytest.raises(Died):
        apply(store, "hrv_1", entries(MANY), batches=2)
    assert len(outboxes(store)) == 2 * BATCH
    assert apply(store, "hrv_1", entries(MANY)) == Counts(new=MANY)
    assert len(outboxes(store)) == MANY


def test_record_of_this_catalogue_is_left_where_it_is(store: Store) -> None:
    """By its id here, under whichever name it comes back, or by its address; copies are retired."""
    apply(store, "hrv_1", entries(4))
    (own, *_) = store.of(Dataset).find()
    fields: tuple[dict[str, Any], ...] = (
        {"identifier": own.id},
        {"identifier": "d1", "others": ("5b6f7c", own.id)},
        {"identifier": "d2", "page": f"{LAB}/datasets/dts_gone"},
        {"identifier": "d3", "page": f"{LAB}-autres/datasets/dts_x"},
    )
    records = [Record(title="?", **field) for field in fields]
    page = [PageEntry(where="?", identifier=record.identifier, record=record) for record in records]
    for name, changed in (("hrv_2", 1), ("hrv_3", 0)):
        assert apply(store, name, page) == Counts(here=3, changed=changed, unchanged=1 - changed)
    copies = {
        dataset.harvested.identifier: dataset.state
        for dataset in store.of(Dataset).find()
        if dataset.harvested
    }
    assert copies == {"d0": "published", "d1": "retired", "d2": "retired", "d3": "published"}


def test_record_that_cannot_be_kept_stops_no_other(store: Store) -> None:
    """Half a character is no text to a document; the page says which it was."""
    page_entries = entries(3)
    odd = Record.model_construct(identifier="d1", title="\ud800", keywords=(), distributions=())
    page_entries[1] = PageEntry.model_construct(where="odd", identifier="d1", record=odd, reason="")
    untitled: Any = None
    long = Record.model_construct(identifier="d2", title=untitled, keywords=(), distributions=())
    page_entries[2] = PageEntry.model_construct(
        where="untitled", identifier="d2", record=long, reason=""
    )
    applying = PageImport(store, SOURCE, new_harvest("hrv_1"), OwnRecords(store, LAB), lambda: None)
    applying.apply(page_entries, set())
    assert applying.counts == Counts(new=1, refused=2)
    assert [refused_dataset.reason for refused_dataset in applying.refused] == [
        "il ne peut pas être enregistré : un de ses textes n'est pas fait de caractères entiers",
        "il ne peut pas être enregistré : son titre doit être un texte",
    ]


def test_retiring_that_a_crash_repeats_is_done_once(store: Store) -> None:
    """What is retired already is not there to be retired."""
    apply(store, "hrv_1", entries(4))
    retiring = MissingDatasets(store, SOURCE, {"d0"})
    assert retiring.count() == (3, 4)

    def die() -> None:
        raise Died

    with pytest.raises(Died):
        retiring.retire(die)
    retiring.retire(lambda: None)
    states = {dataset.metadata.title: dataset.state for dataset in store.of(Dataset).find()}
    assert states == {"D0": "published", "D1": "retired", "D2": "retired", "D3": "retired"}
    assert sum(event["type"] == "dataset_retired" for event in outboxes(store)) == 3


def test_dataset_that_was_deleted_here_does_not_come_back(store: Store) -> None:
    """Whatever its source tells of it; the report counts it apart."""
    apply(store, "hrv_1", entries(2))
    datasets = store.of(Dataset)
    [identifier] = [dataset.id for dataset in datasets.find() if dataset.metadata.title == "D0"]
    kept = datasets.change(
        identifier, lambda dataset: delete_as(store, dataset, "mbr_1", "fin", "Supprimé")
    )
    for name in ("hrv_2", "hrv_3"):
        page_entries = entries(2, description="autrement")
        counts = apply(store, name, page_entries)
        assert (counts.ended, counts.changed + counts.unchanged) == (1, 1)
    assert datasets.get(identifier) == kept
    assert (kept.state, kept.metadata.title) == ("deleted", "Supprimé")
