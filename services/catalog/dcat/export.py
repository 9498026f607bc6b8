"""Gives the catalogue to portals: pages and single datasets in DCAT-AP, in the syntax asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from services.catalog import metrics
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import versions_of
from services.catalog.datasets.visibility import visible
from services.catalog.dcat.describe import (
    CatalogueFigures,
    CataloguePage,
    PublishingLab,
    describe,
    describe_page,
    next_page,
)
from services.catalog.dcat.syntax import MEDIA_TYPES, Graphs, Syntax, write
from shared.aggregate import LONG_AGO
from shared.auth import Caller
from shared.errors import Gone
from shared.inbound import Body, Paging
from shared.settings import Settings
from shared.store import Store

_PUBLISHED = {"state": "published"}
_WINS = "wins over the header `Accept`"


class DatasetFormat(Body):
    """In which format to show a dataset."""

    format: Literal["json", Syntax] | None = Field(default=None, description=_WINS)


class ExportQuery(Paging):
    """Which page of the catalogue to export, and how."""

    format: Syntax | None = Field(default=None, description=_WINS)


class ExportedPage(BaseModel):
    """One page of the catalogue as RDF; `next` is the `after` of the next one."""

    text: str
    media_type: str
    next: str | None


@dataclass(frozen=True)
class RdfDocument:
    """A document that is written while it is read, a few milliseconds for each piece.

    `next` is the cursor of the next page, and `next_url` its address.
    """

    pieces: Iterator[bytes]
    media_type: str
    next: str | None = None
    next_url: str | None = None


@dataclass(frozen=True)
class Exporter:
    """Writes for `caller`, who sees of the catalogue what it may see otherwise."""

    store: Store
    settings: Settings
    caller: Caller
    syntax: Syntax

    def page(self, query: ExportQuery, total: int | None) -> RdfDocument:
        """One page of the published datasets, restricted ones with their metadata alone.

        `total` is how many datasets there are on all pages, which the first page alone tells.
        """
        datasets, asked = self.store.of(Dataset), query.model_dump(exclude_none=True)
        page_datasets, cursor = datasets.page(_PUBLISHED, after=query.after, limit=query.limit)
        page = CataloguePage(
            datasets=[(dataset, versions_of(dataset, self.caller)) for dataset in page_datasets],
            asked={name: str(value) for name, value in asked.items()},
            next=cursor,
            whole=None if total is None else self._whole(page_datasets, total),
        )
        graphs = describe_page(page, self._lab)
        return self._written(graphs, next=cursor, next_url=next_page(page, self._lab))

    def dataset(self, dataset_id: str) -> RdfDocument:
        """One dataset, if the caller may know of it; NotFound else, and Gone when it is deleted."""
        dataset = visible(self.store, dataset_id, self.caller)
        if dataset.deletion:
            raise Gone(f"ce jeu de données est supprimé : {dataset.retired}")
        graph = describe(dataset, versions_of(dataset, self.caller), self._lab)
        return self._written([graph])

    def _whole(self, first: list[Dataset], total: int) -> CatalogueFigures:
        datasets = self.store.of(Dataset)
        newest = datasets.find(_PUBLISHED, sort="changed_at", descending=True, limit=1)
        changed = newest[0].changed_at if newest else LONG_AGO
        return CatalogueFigures(
            total=total,
            issued=next(
                (dataset.versions[0].registered_at for dataset in first if dataset.versions), None
            ),
            changed=changed if changed > LONG_AGO else None,
        )

    @property
    def _lab(self) -> PublishingLab:
        settings = self.settings
        return PublishingLab(
            settings.reached_at, settings.lab_name, settings.catalog_licence, settings.lab_kind
        )

    def _written(self, graphs: Graphs, **where: str | None) -> RdfDocument:
        metrics.catalog_exports.labels("catalog", self.syntax).inc()
        return RdfDocument(write(graphs, self.syntax), MEDIA_TYPES[self.syntax], **where)
