"""While the index of datasets is being made, what needs it waits, and the rest goes on."""

from collections.abc import Iterator

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.search.catalogue_index import CatalogueIndex
from shared.store import Store
from tests.integration.catalog.lab import RETRIES, Lab, submitted
from tests.servers import Process, eventually
from tests.unit.catalog.samples import metadata, profile, ref, registered

BROKEN = {"_id": "dts_0", "changed_at": "never"}


@pytest.fixture
def starting(lab: Lab) -> Iterator[Lab]:
    """The catalog, which cannot read all datasets until `dts_0` is gone."""
    lab.service.stop()
    with lab.database() as database:
        datasets = database[Dataset.collection]
        datasets.insert_one(BROKEN)
        try:
            Process.start(lab.service)
            eventually(lambda: "search" in lab.service.red())
            yield lab
        finally:
            # It would look at them again after half a minute; who starts anew reads them at once.
            lab.service.stop()
            datasets.delete_one({"_id": BROKEN["_id"]})


def test_events_wait_for_an_index_that_is_being_made(starting: Lab) -> None:
    """However long it takes, a project is parked for it in no queue, and told once it is made."""
    project = submitted()
    starting.publish(project)
    reason = "Unreachable: the index of the catalogue is being made"
    eventually(lambda: starting.service.log().count(reason) > len(RETRIES) + 1)
    assert starting.parked() == 0
    with starting.database() as database:
        database[Dataset.collection].delete_one({"_id": BROKEN["_id"]})
    starting.wait_for("datasets_matched", project_id=project.project_id)


def test_requests_that_need_no_index_are_answered_without_it(starting: Lab) -> None:
    """A search is told to come again."""
    dataset_id = starting.upload("mbr_owner")
    token = starting.token("mbr_owner", "owner")
    assert starting.get(f"/datasets/{dataset_id}", token)["id"] == dataset_id
    answer = starting.call("GET", "/datasets", token)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


def test_who_asks_after_a_harvest_waits_for_its_newest_datasets_alone(store: Store) -> None:
    """The others are taken in beside answers, a few at a time."""
    store.prepare((Dataset,))
    save_published(store, "before")
    index = CatalogueIndex()
    index.follow(store)
    for number in range(150):
        save_published(store, f"{number:03}")
    complete = index.state()
    assert index.keep_in_step(store) == 64
    partial = index.state()
    assert complete
    assert partial
    assert partial.since == complete.since, "a saved index does not claim the others"
    assert index.follow(store) == 150 - 64
    assert index.size == 151


def save_published(store: Store, name: str) -> None:
    """Save a dataset that is found."""
    dataset = registered(f"dts_{name}", metadata(f"Logements vacants {name}"))
    dataset.publish(1, ref("0"), profile(), "job_1")
    store.of(Dataset).save(dataset)
