"""What another catalogue's record says, in the words of this one."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from services.catalog.datasets.metadata import (
    Contact,
    Frequency,
    HighValue,
    Language,
    Metadata,
    Period,
)
from services.catalog.datasets.source_record import Change, Harvested
from services.catalog.harvesting.source import RemoteSource
from services.catalog.licences.licences import canonical
from shared.aggregate import caused_id, now
from shared.tables.eu_codes import PublisherKind
from shared.tables.harvested_page import Record

T = TypeVar("T")

_FREQUENCY: TypeAdapter[Frequency] = TypeAdapter(Frequency)
_HIGH_VALUE: TypeAdapter[HighValue] = TypeAdapter(HighValue)
_LANGUAGE: TypeAdapter[Language] = TypeAdapter(Language)
_PUBLISHER: TypeAdapter[PublisherKind] = TypeAdapter(PublisherKind)


def dataset_id(source_id: str, identifier: str) -> str:
    """The id here of what that source knows by `identifier`, however often it is harvested."""
    return caused_id("dts", f"{source_id} {identifier}")


def metadata_of(record: Record, source: RemoteSource) -> Metadata:
    """The metadata; codes, contacts and periods that the catalogue does not know are left out."""
    contact = {"email": record.contact_email or None, "url": record.contact_url or None}
    name = record.contact or record.producer
    return Metadata(
        title=record.title,
        description=record.description,
        theme=record.theme or source.theme,
        keywords=record.keywords,
        territory=record.territory,
        licence=canonical(record.licence or source.licence),
        access="restricted" if record.restricted else "open",
        producer=record.producer,
        producer_kind=_known(lambda: _PUBLISHER.validate_python(record.producer_kind)),
        source_url=record.page,
        temporal=_known(lambda: Period.model_validate({"start": record.start, "end": record.end})),
        frequency=_known(lambda: _FREQUENCY.validate_python(record.frequency)),
        contact=_known(lambda: Contact.model_validate({"name": name, **contact})),
        hvd=_known(lambda: _HIGH_VALUE.validate_python(record.hvd)),
        language=_known(lambda: _LANGUAGE.validate_python(record.language)) or "fr",
    )


def fingerprint_of(record: Record, source: RemoteSource) -> str:
    """What a record is known again by: all it says, and what the source adds where it is silent."""
    said = record.model_dump_json(exclude_defaults=True)
    return hashlib.sha256(f"{said} {source.theme} {source.licence}".encode()).hexdigest()


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


def _day(record: Record) -> str:
    """The day of the latest change that the source dates to the day."""
    for date in (record.modified, record.issued):
        if len(date) >= len("2026-01-01"):
            return date[: len("2026-01-01")]
    return ""


def _known(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ValidationError:
        return None
