"""Brings the records of a page into the catalogue, and retires what a source has no more."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pydantic import ValidationError

from services.catalog.datasets.manifests import output_of, read_manifest
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.source_record import Change
from services.catalog.harvesting.fetched_page import Counts, FetchedPage, RefusedDataset
from services.catalog.harvesting.fetching import PortalUnavailable
from services.catalog.harvesting.harvested_records import (
    OwnRecords,
    dataset_id,
    fingerprint_of,
    harvested_of,
    metadata_of,
)
from services.catalog.harvesting.model import Harvest, RemoteSource
from shared.engine.contract.harvested_page import ENTRIES, PageEntry, Record, in_french
from shared.engine.tables.manifest import Manifest
from shared.errors import Rejected, invalid_of
from shared.storage import Storage
from shared.store import Store

log = logging.getLogger(__name__)

BATCH = 100
_HARVESTS = 8
"""So many are remembered; who comes back later reads its pages again."""

_TWICE = "cet identifiant est déjà celui d'un jeu d'une page précédente"
_HERE = "il est déjà dans ce catalogue"
_GONE = "il n'est plus dans sa source, « {} »"


def manifest_of(files: Storage, page: FetchedPage) -> Manifest:
    """The manifest that the sandbox made of a page."""
    assert page.manifest is not None  # noqa: S101 - it is applied, so it was read
    try:
        return read_manifest(files, page.manifest)
    except Rejected as error:
        raise Rejected("ce qui en a été lu est illisible : relancez la moisson") from error


def entries_of(files: Storage, page: FetchedPage) -> Iterator[PageEntry]:
    """The entries of a page, read line by line."""
    rest = b""
    for chunk in files.chunks(output_of(manifest_of(files, page), ENTRIES)):
        *lines, rest = (rest + chunk).split(b"\n")
        for number, line in enumerate(lines):
            if line:
                yield PageEntry.model_validate_json(line)
            if number % BATCH == 0:
                time.sleep(0)


class SeenIdentifiers:
    """Which identifiers the pages of harvests under way held so far.

    Pages are read in order and never change, so what is known of the first ones stays true,
    whichever process applied them.
    """

    def __init__(self, files: Storage) -> None:
        self._files = files
        self._pages_by_harvest: dict[str, list[set[str]]] = {}

    def of(self, harvest: Harvest, pages: int) -> set[str]:
        """The identifiers on the first `pages` pages, those of refused datasets too."""
        identifiers_by_page = self._pages_by_harvest.setdefault(harvest.id, [])
        if len(self._pages_by_harvest) > _HARVESTS:
            del self._pages_by_harvest[next(iter(self._pages_by_harvest))]
        for page in harvest.pages[len(identifiers_by_page) : pages]:
            identifiers_by_page.append(
                {entry.identifier for entry in entries_of(self._files, page)} - {""}
            )
        return set().union(*identifiers_by_page[:pages])


class PageImport:
    """Applies the entries of one page of `harvest`; `keep_lease` is called after each batch."""

    def __init__(
        self,
        store: Store,
        source: RemoteSource,
        harvest: Harvest,
        ours: OwnRecords,
        keep_lease: Callable[[], object],
    ) -> None:
        self._datasets, self._ours = store.of(Dataset), ours
        self._source, self._harvest, self._keep_lease = source, harvest, keep_lease
        self.counts = Counts()
        self.refused: list[RefusedDataset] = []
        self._outdated: list[str] = []

    def apply(self, entries: Iterable[PageEntry], seen: set[str]) -> None:
        """Take what can be taken; `seen` are the identifiers of the pages before."""
        waiting = iter(entries)
        while batch := list(islice(waiting, BATCH)):
            self._apply(batch, seen)
            self._keep_lease()

    def renew(self, fetch: Callable[[Dataset], bool]) -> None:
        """Fetch again the data that its source changed since it was taken in."""
        for dataset in map(self._datasets.get, self._outdated):
            self._keep_lease()
            try:
                if fetch(dataset):
                    self._count("renewed")
            except (PortalUnavailable, Rejected) as error:
                reason = f"ses données n'ont pas pu être reprises : {error}"
                self._note(dataset.metadata.title, reason)
                self._count("outdated")

    def _apply(self, batch: list[PageEntry], seen: set[str]) -> None:
        ids = [dataset_id(self._source.id, entry.identifier) for entry in batch if entry.record]
        datasets_by_id = {
            dataset.id: dataset for dataset in self._datasets.find({"_id": {"$in": ids}})
        }
        ours = self._ours.among([entry.record for entry in batch if entry.record])
        for entry in batch:
            if entry.identifier in ours:
                self._leave(datasets_by_id.get(dataset_id(self._source.id, entry.identifier)))
                continue
            if entry.identifier in seen and self._is_known(entry.record, datasets_by_id):
                # The catalogue grew while it was read: pages move on, and tell the same again.
                continue
            if entry.record is None or entry.identifier in seen:
                self._refuse(entry, entry.reason or _TWICE)
                continue
            try:
                self._take(entry.record, datasets_by_id)
            except (Rejected, ValueError) as error:
                # One that no document can hold stops no other.
                log.warning("a record was refused", extra={"error": type(error).__name__})
                self._refuse(entry, f"il ne peut pas être enregistré : {_why_not_kept(error)}")

    def _leave(self, copy: Dataset | None) -> None:
        """Retire a copy of a dataset that is in this catalogue already."""
        if copy:
            self._datasets.change(copy.id, lambda current: current.retire(_HERE))
        self._count("here")

    def _refuse(self, entry: PageEntry, reason: str) -> None:
        self._note(entry.where, reason)
        self._count("refused")

    def _note(self, where: str, reason: str) -> None:
        page = self._harvest.page.number
        self.refused.append(RefusedDataset(page=page, where=where, reason=reason))

    def _take(self, record: Record, datasets_by_id: dict[str, Dataset]) -> None:
        identifier = dataset_id(self._source.id, record.identifier)
        present = datasets_by_id.get(identifier)
        if present and present.retirement:
            self._count("ended")
            return
        if present and self._is_same(present, record):
            # A step that is done again after a crash counts what it did the first time.
            harvested = present.harvested
            again = harvested is not None and harvested.harvest_id == self._harvest.id
            self._count(harvested.change if harvested and again else "unchanged")
            self._look_at_data_of(present)
            return
        metadata = metadata_of(record, self._source)
        saved = self._datasets.change(
            identifier,
            lambda dataset: self._change(dataset, record),
            new=lambda: Dataset(id=identifier, owner_id=self._source.owner_id, metadata=metadata),
        )
        self._count(saved.harvested.change if saved.harvested else "new")
        self._look_at_data_of(saved)

    def _look_at_data_of(self, dataset: Dataset) -> None:
        if dataset.outdated:
            self._outdated.append(dataset.id)

    def _change(self, dataset: Dataset, record: Record) -> None:
        if dataset.retirement:
            return
        change: Change = "new" if dataset.harvested is None else "changed"
        if dataset.retired:
            change = "returned"
        dataset.say(metadata_of(record, self._source))
        dataset.harvest(harvested_of(record, self._source, self._harvest.id, change))

    def _is_known(self, record: Record | None, datasets_by_id: dict[str, Dataset]) -> bool:
        present = (
            datasets_by_id.get(dataset_id(self._source.id, record.identifier)) if record else None
        )
        return bool(record and present and self._is_same(present, record))

    def _is_same(self, dataset: Dataset, record: Record) -> bool:
        harvested = dataset.harvested
        same = harvested is not None and harvested.fingerprint == fingerprint_of(
            record, self._source
        )
        return same and not dataset.retired

    def _count(self, outcome: str) -> None:
        self.counts = self.counts.plus(Counts(**{outcome: 1}))
        time.sleep(0)


def _why_not_kept(error: Rejected | ValueError) -> str:
    """The reason in French: what pydantic and Python say is for programmers."""
    if isinstance(error, Rejected):
        return str(error)
    if isinstance(error, ValidationError):
        fault = invalid_of(error)
        return f"{in_french(fault.field)} {fault.args[0]}"
    return "un de ses textes n'est pas fait de caractères entiers"


class MissingDatasets:
    """What a source has no more."""

    def __init__(self, store: Store, source: RemoteSource, seen: set[str]) -> None:
        self._datasets, self._source = store.of(Dataset), source
        self._seen = {dataset_id(source.id, identifier) for identifier in seen}

    def count(self) -> tuple[int, int]:
        """How many datasets are missing, and how many the source had."""
        missing = total = 0
        for dataset in self._present():
            total, missing = total + 1, missing + (dataset.id not in self._seen)
        return missing, total

    def retire(self, keep_lease: Callable[[], object]) -> None:
        """Retire all that are missing; `keep_lease` is called after each."""
        reason = _GONE.format(self._source.title)
        for dataset in self._present():
            if dataset.id not in self._seen:
                self._datasets.change(dataset.id, lambda current: current.retire(reason))
                keep_lease()

    def _present(self) -> Iterator[Dataset]:
        where = {"source_id": self._source.id, "state": "published"}
        return self._datasets.every(where)
