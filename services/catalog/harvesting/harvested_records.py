"""Records of other catalogues: in the words of this one, and which of them are its own."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from services.catalog.datasets import metadata
from services.catalog.datasets.model import DATASET_PREFIX, Dataset
from services.catalog.datasets.source_record import Change, Harvested, changed_on
from services.catalog.harvesting.model import RemoteSource
from services.catalog.licences.licences import canonical
from shared.aggregate import caused_id, now
from shared.catalogues.eu_codes import PublisherKind
from shared.engine.contract.harvested_page import Record
from shared.store import Store

T = TypeVar("T")

_CONTACT = TypeAdapter(metadata.Contact)
_FREQUENCY: TypeAdapter[metadata.Frequency] = TypeAdapter(metadata.Frequency)
_HIGH_VALUE: TypeAdapter[metadata.HighValue] = TypeAdapter(metadata.HighValue)
_LANGUAGE: TypeAdapter[metadata.Language] = TypeAdapter(metadata.Language)
_PERIOD = TypeAdapter(metadata.Period)
_PUBLISHER: TypeAdapter[PublisherKind] = TypeAdapter(PublisherKind)


def dataset_id(source_id: str, identifier: str) -> str:
    """The id here of that source's record `identifier`, the same at every harvest."""
    return caused_id(DATASET_PREFIX, f"{source_id} {identifier}")


def metadata_of(record: Record, source: RemoteSource) -> metadata.Metadata:
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


def fingerprint_of(record: Record, source: RemoteSource) -> str:
    """The fingerprint of a record: all it says, and what the source adds where it is silent."""
    record_json = record.model_dump_json(exclude_defaults=True)
    return hashlib.sha256(f"{record_json} {source.theme} {source.licence}".encode()).hexdigest()


def harvested_of(
    record: Record, source: RemoteSource, harvest_id: str, change: Change
) -> Harvested:
    """What the catalogue keeps of a record besides its metadata."""
    return Harvested(
        source_id=source.id,
        identifier=record.identifier,
        others=record.others,
        fingerprint=fingerprint_of(record, source),
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
