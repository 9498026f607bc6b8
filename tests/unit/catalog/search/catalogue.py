"""A small catalogue in an index, and what is found in it."""

from collections.abc import Iterable
from typing import Any

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.search.catalogue_index import CatalogueIndex
from services.catalog.search.finder import DatasetPage, search
from services.catalog.search.search_query import DatasetQuery
from shared.auth import Caller
from tests.unit.catalog.samples import published

ANYBODY = Caller("mbr_z", frozenset({"holder"}))


def dataset(
    identifier: str,
    title: str,
    *,
    keys: tuple[str, ...] = (),
    owner_id: str = "mbr_owner",
    **about: Any,
) -> Dataset:
    """A published dataset; `about` replaces metadata that no test asks about."""
    fields = {"title": title, "theme": "divers", "licence": "lov2", "access": "open", **about}
    return published(f"dts_{identifier}", Metadata(**fields), keys=keys, owner_id=owner_id)


def index_of(datasets: Iterable[Dataset]) -> CatalogueIndex:
    """An index of these."""
    index = CatalogueIndex()
    index.put(datasets)
    return index


def page(index: CatalogueIndex, caller: Caller = ANYBODY, **query: Any) -> DatasetPage:
    """What a caller is answered."""
    return search(index, DatasetQuery(**query), caller)


def found(index: CatalogueIndex, q: str = "", **query: Any) -> list[str]:
    """The ids of what is found, without their prefix, as they are ranked."""
    return [item.id.removeprefix("dts_") for item in page(index, q=q, **query).items]
