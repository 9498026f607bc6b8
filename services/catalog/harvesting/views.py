"""What the catalogue takes and shows of sources and harvests."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from services.catalog.datasets.bodies import Label
from services.catalog.harvesting.fetched_page import Counts, RefusedDataset
from services.catalog.harvesting.model import HarvestState
from shared.aggregate import OptionalDate, View, ViewPage
from shared.events.event import CatalogueKind
from shared.inbound import Body

_Hours = Annotated[int, Field(ge=1, le=8760)]
_Url = Annotated[str, Field(max_length=2000)]


class NewSource(Body):
    """Another catalogue; `theme` and `licence` are those of records that say nothing of them."""

    title: Label
    catalogue: CatalogueKind
    url: _Url = Field(default="", description="its first page; empty when files are uploaded")
    theme: Label = "non classé"
    licence: Label = "notspecified"
    every_hours: _Hours | None = Field(default=None, description="harvest it so often by itself")


class ChangeSource(Body):
    """What to change of a source; fields that are not sent stay."""

    # Made, and not given: an empty text is no label, and the schema would name it as the default.
    title: Label = Field(default_factory=str)
    url: _Url = ""
    theme: Label = Field(default_factory=str)
    licence: Label = Field(default_factory=str)
    every_hours: _Hours | None = None


class NewHarvest(Body):
    """How to harvest."""

    may_retire_most: bool = Field(
        default=False, description="retire what is missing even if that is most of the source"
    )


class HarvestView(View):
    """A harvest: how far it is, and what came of it."""

    id: str
    source_id: str
    state: HarvestState
    report: str = Field(description="what came of it until now, in French")
    reason: str = Field(description="why it failed, in French")
    pages: Annotated[int, BeforeValidator(len)] = Field(description="fetched until now")
    counts: Counts
    retired: int
    kept: int = Field(description="missing, and not retired: they are most of the source")
    refused: list[RefusedDataset] = Field(
        description="the first hundred that could not be taken, or whose data could not"
    )
    started_at: datetime
    ended_at: OptionalDate


class SourceView(View, NewSource):
    """A source, when it is harvested next, and its latest harvest."""

    model_config = ConfigDict(extra="ignore")

    id: str
    title: str
    theme: str
    licence: str
    owner_id: str
    next_at: OptionalDate = Field(description="by itself")
    harvest_id: str = Field(description="the latest harvest; empty before the first")


class SourcePage(ViewPage[SourceView]):
    """One page of sources, by id."""
