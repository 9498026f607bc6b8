"""A deleted dataset is called as it is now in what projects asked, and in what was made of it."""

from services.catalog.access.dataset_use import Use
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from shared.endings.retitling import retitle, titles_in
from shared.store import Store


def call_deleted(store: Store, dataset_id: str) -> None:
    """Call the dataset so in all requests and advice, and in results and their openings."""
    title = store.of(Dataset).get(dataset_id).metadata.title
    accesses, datasets = store.of(ProjectAccess), store.of(Dataset)
    for access in accesses.every():
        if titles_in(access, dataset_id) - {title}:
            accesses.change(access.id, lambda one: retitle(one, dataset_id, title))
    for result_id in _results_of(store, dataset_id):
        result = datasets.find_one(result_id)
        if result and titles_in(result, dataset_id) - {title}:
            datasets.change(result_id, lambda one: retitle(one, dataset_id, title))


def _results_of(store: Store, dataset_id: str) -> set[str]:
    """The datasets that were made of it, and what was made of these."""
    found: set[str] = set()
    waiting = [dataset_id]
    while waiting:
        uses = store.of(Use).every({"dataset_id": waiting.pop()})
        new = {use.delivered_as for use in uses if use.delivered_as} - found
        found |= new
        waiting += new
    return found
