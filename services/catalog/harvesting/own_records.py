"""Which records of other catalogues are of this one, come back from who harvested it."""

from collections.abc import Sequence

from services.catalog.datasets.model import Dataset
from shared.store import Store
from shared.tables.harvested_page import Record


class Ours:
    """Knows this catalogue's datasets again, by what is published of them under `url`."""

    def __init__(self, store: Store, url: str) -> None:
        self._datasets, self._under = store.of(Dataset), f"{url}/"

    def among(self, records: Sequence[Record]) -> set[str]:
        """The identifiers of those that are.

        A lab exports a dataset under its id, and names what it was called where it comes from:
        however many labs it went through, the id it has here is among its names.
        """
        names = {one.identifier: {one.identifier, *one.others} for one in records}
        called = sorted(set().union(*names.values()))
        here = {one.id for one in self._datasets.find({"_id": {"$in": called}}, limit=len(called))}
        links = {one.identifier: one.page or "" for one in records}
        return {
            identifier
            for identifier, known in names.items()
            if here & known or any(map(self._is_under, (*known, links[identifier])))
        }

    def _is_under(self, name: str) -> bool:
        return name.startswith(self._under)
