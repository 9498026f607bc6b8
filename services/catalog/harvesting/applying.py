"""Brings the records of a page into the catalogue, and retires what a source has no more."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from services.catalog.datasets import metadata
from services.catalog.datasets.manifests import output_of, read_manifest
from services.catalog.datasets.model import DATASET_PREFIX, Dataset
from services.catalog.datasets.source_record import Change, Harvested, changed_on
from services.catalog.harvesting.fetched_page import Counts, FetchedPage, RefusedDataset
from services.catalog.harvesting.fetching import PortalUnavailable
from services.catalog.harvesting.model import Harvest, RemoteSource
from services.catalog.licences.licences import canonical
from shared.aggregate import caused_id, now
from shared.catalogues.eu_codes import PublisherKind
from shared.engine.contract.harvested_page import ENTRIES, PageEntry, Record, in_french
from shared.engine.tables.manifest import Manifest
from shared.errors import Rejected, invalid_of
from shared.storage import Storage
from shared.store import Store

T = TypeVar("T")

_CONTACT = TypeAdapter(metadata.Contact)
_FREQUENCY: TypeAdapter[metadata.Frequency] = TypeAdapter(metadata.Frequency)
_HIGH_VALUE: TypeAdapter[metadata.HighValue] = TypeAdapter(metadata.HighValue)
_LANGUAGE: TypeAdapter[metadata.Language] = TypeAdapter(metadata.Language)
_PERIOD = TypeAdapter(metadata.Period)
_PUBLISHER: TypeAdapter[PublisherKind] = TypeAdapter(PublisherKind)

log = logging.getLogger(__name__)

BATCH = 100
_HARVESTS = 8
"""So many are remembered; who comes back later reads its pages again."""

_TWICE = "cet identifiant est déjà celui d'un jeu d'une page précédente"
_HERE = "il est déjà dans ce catalogue"
_GONE = "il n'est plus dans sa source, « {} »"


def _dataset_id(source_id: str, identifier: str) -> str:
    """The id here of that source's record `identifier`, the same at every harvest."""
    return caused_id(DATASET_PREFIX, f"{source_id} {identifier}")


def _metadata_of(record: Record, source: RemoteSource) -> metadata.Metadata:
    """The metadata; codes, contacts and periods that the catalogue does not know are left out."""
    contact = {
        "name": record.contact or record.producer,
        "email": record.contact_email or None,
        "url": record.contact_url or None,
    }
    return metadata.Metadata(
        title=record.title,
        description=record.description,
        theme=record.theme or source.theme,
        keywords=record.keywords,
        territory=record.territory,
        licence=canonical(record.licence or source.licence),
        access="restricted" if record.restricted else "open",
        producer=record.producer,
        producer_kind=_validated(_PUBLISHER, record.producer_kind),
        source_url=record.page,
        temporal=_validated(_PERIOD, {"start": record.start, "end": record.end}),
        frequency=_validated(_FREQUENCY, record.frequency),
        contact=_validated(_CONTACT, contact),
        hvd=_validated(_HIGH_VALUE, record.hvd),
        modified=changed_on(record.modified, record.distributions),
        language=_validated(_LANGUAGE, record.language) or "fr",
        columns=record.columns,
    )


def _fingerprint_of(record: Record, source: RemoteSource) -> str:
    """The fingerprint of a record: all it says, and what the source adds where it is silent."""
    record_json = record.model_dump_json(exclude_defaults=True)
    return hashlib.sha256(f"{record_json} {source.theme} {source.licence}".encode()).hexdigest()


def _harvested_of(
    record: Record, source: RemoteSource, harvest_id: str, change: Change
) -> Harvested:
    """What the catalogue keeps of a record besides its metadata."""
    return Harvested(
        source_id=source.id,
        identifier=record.identifier,
        others=record.others,
        fingerprint=_fingerprint_of(record, source),
        modified=record.modified,
        page=record.page,
        distributions=record.distributions,
        harvest_id=harvest_id,
        change=change,
        updated=_day(record) or now().date().isoformat(),
    )


class OwnRecords:
    """Recognises this catalogue's own datasets, by what is published of them under `url`."""

    def __init__(self, store: Store, url: str) -> None:
        self._datasets, self._under = store.of(Dataset), f"{url}/"

    def among(self, records: Sequence[Record]) -> set[str]:
        """The identifiers of the records that are this catalogue's own datasets.

        A lab exports a dataset under its id, and names what it was called where it comes from:
        however many labs it went through, the id it has here is among its names.
        """
        names = {record.identifier: {record.identifier, *record.others} for record in records}
        called = sorted(set().union(*names.values()))
        here = {
            dataset.id
            for dataset in self._datasets.find({"_id": {"$in": called}}, limit=len(called))
        }
        links = {record.identifier: record.page or "" for record in records}
        return {
            identifier
            for identifier, record_names in names.items()
            if here & record_names
            or any(name.startswith(self._under) for name in (*record_names, links[identifier]))
        }


def _day(record: Record) -> str:
    """The day of the latest change that the source dates to the day."""
    for date in (record.modified, record.issued):
        if len(date) >= len("2026-01-01"):
            return date[: len("2026-01-01")]
    return ""


def _validated(kind: TypeAdapter[T], value: object) -> T | None:
    try:
        return kind.validate_python(value)
    except ValidationError:
        return None


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
        ids = [_dataset_id(self._source.id, entry.identifier) for entry in batch if entry.record]
        datasets_by_id = {
            dataset.id: dataset for dataset in self._datasets.find({"_id": {"$in": ids}})
        }
        ours = self._ours.among([entry.record for entry in batch if entry.record])
        for entry in batch:
            if entry.identifier in ours:
                self._leave(datasets_by_id.get(_dataset_id(self._source.id, entry.identifier)))
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
        identifier = _dataset_id(self._source.id, record.identifier)
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
        metadata = _metadata_of(record, self._source)
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
        dataset.say(_metadata_of(record, self._source))
        dataset.harvest(_harvested_of(record, self._source, self._harvest.id, change))

    def _is_known(self, record: Record | None, datasets_by_id: dict[str, Dataset]) -> bool:
        present = (
            datasets_by_id.get(_dataset_id(self._source.id, record.identifier)) if record else None
        )
        return bool(record and present and self._is_same(present, record))

    def _is_same(self, dataset: Dataset, record: Record) -> bool:
        harvested = dataset.harvested
        same = harvested is not None and harvested.fingerprint == _fingerprint_of(
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
        self._seen = {_dataset_id(source.id, identifier) for identifier in seen}

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
