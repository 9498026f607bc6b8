"""What catalog tells of the harvests of other catalogues."""

from pydantic import Field

from shared.events.event import CatalogueKind, Event, FileRef


class HarvestPageFetched(Event, source="catalog"):
    """A page of another catalogue is stored and waits to be read in the sandbox."""

    summary = "La page {page} d'un catalogue à moissonner est reçue."
    harvest_id: str
    source_id: str
    owner_id: str
    page: int = Field(ge=1)
    catalogue: CatalogueKind
    url: str = Field(description="where it comes from; for an uploaded file that of its source")
    file: FileRef


class _HarvestEnd(Event):
    harvest_id: str
    source_id: str
    owner_id: str
    title: str


class HarvestCompleted(_HarvestEnd, source="catalog"):
    """All pages of another catalogue were read; `report` says in French what came of it."""

    summary = "La moisson de « {title} » est finie. {report}"
    new: int
    changed: int = Field(description="told otherwise than before, or back again")
    unchanged: int
    refused: int
    retired: int
    report: str


class HarvestFailed(_HarvestEnd, source="catalog"):
    """A harvest ended before its last page; what was read until then stays, nothing is retired."""

    summary = "La moisson de « {title} » s'est arrêtée : {reason}"
    reason: str


class HarvestCancelled(_HarvestEnd, source="catalog"):
    """An operator stopped a harvest; what was read until then stays, nothing is retired."""

    summary = "La moisson de « {title} » a été annulée : rien n'est retiré."
