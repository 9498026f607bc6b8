"""Which identifiers the pages of a harvest held so far, read again only by who does not know."""

from collections.abc import Callable, Iterable

from services.catalog.harvesting.model import Harvest, PageRun
from shared.tables.harvested_page import PageEntry

_HARVESTS = 8
"""So many are remembered; who comes back later reads its pages again."""


class Seen:
    """The identifiers of harvests under way; `read` gives the entries of a page.

    Pages are read in order and never change, so what is known of the first ones stays true,
    whichever process applied them.
    """

    def __init__(self, read: Callable[[PageRun], Iterable[PageEntry]]) -> None:
        self._read = read
        self._known: dict[str, list[set[str]]] = {}

    def of(self, harvest: Harvest, pages: int) -> set[str]:
        """The identifiers on the first `pages` pages, those of refused datasets too."""
        known = self._known.setdefault(harvest.id, [])
        if len(self._known) > _HARVESTS:
            del self._known[next(iter(self._known))]
        for page in harvest.pages[len(known) : pages]:
            known.append({entry.identifier for entry in self._read(page)} - {""})
        return set().union(*known[:pages])
