"""What a search takes and shows."""

from typing import Literal

from pydantic import BaseModel, Field

from services.catalog.datasets.model import DatasetState
from services.catalog.datasets.views import DatasetSummary
from shared.inbound import Identifier, Paging
from shared.tables.territory import Territory

FRESH_DAYS = {"week": 7, "month": 31, "year": 366}
"""How old data of each freshness is at most, in days."""


class DatasetQuery(Paging):
    """Which datasets to list: all conditions hold together.

    With words the best come first, without by id. Where fewer than 20 have the words themselves,
    those that are spelled nearly as a word that few have, or begin as the last one does, count too,
    but less.
    """

    q: str = Field(default="", max_length=500, description="words, all of which occur")
    theme: str = ""
    licence: str = Field(default="", description="an identifier, title or address")
    territory: Territory | None = Field(
        default=None,
        description="department: whatever lies in it; commune: it, or all of its department",
    )
    key: str = Field(default="", description="kind of key column: commune, siren, postcode, ...")
    producer: str = ""
    format: str = Field(default="", description="csv, xlsx, geojson, ...")
    updated_within: Literal["", "week", "month", "year"] = ""
    quality: int = Field(default=0, ge=0, le=100, description="the least, in points of 100")
    joinable_with: Identifier | None = Field(
        default=None, description="a dataset: those that have values of its key columns"
    )
    owner_id: str = ""
    state: DatasetState = Field(
        default="published", description="other than published shows the caller's own only"
    )
    facets: bool = Field(default=False, description="count all that is found by its properties")


class FoundDataset(DatasetSummary):
    """A dataset among those found."""

    score: float | None = Field(description="by where the words stand; only compares answers to q")
    reasons: list[str] = Field(description="why it was found, in French: one for each word")


class FacetValue(BaseModel):
    """A value to narrow a search by; `label` says it in French."""

    value: str = Field(description="for the parameter that the facet is named after")
    label: str
    count: int


class DatasetPage(BaseModel):
    """One page of datasets, the best first or by id."""

    items: list[FoundDataset]
    next: str | None
    total: int = Field(description="how many there are on all pages")
    note: str = Field(default="", description="what the answer leaves out of account, in French")
    facets: dict[str, list[FacetValue]] | None = Field(description="by parameter, when asked for")
