"""What the catalogue takes and shows of sources and harvests."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.catalog.datasets.bodies import Label
from services.catalog.harvesting.fetched_page import Counts, Refused
from services.catalog.harvesting.model import Harvest, HarvestState, RemoteSource
from shared.aggregate import NEVER
from shared.events.event import CatalogueKind

_Hours = Annotated[int, Field(ge=1, le=8760)]
_Url = Annotated[str, Field(max_length=2000)]


class NewSource(BaseModel):
    """Another catalogue; `theme` and `licence` are those of records that say nothing of them."""

    model_config = ConfigDict(extra="forbid")

    title: Label
    catalogue: CatalogueKind
    url: _Url = Field(default="", description="its first page; empty when files are uploaded")
    theme: Label = "non classé"
    licence: Label = "notspecified"
    every_hours: _Hours | None = Field(default=None, description="harvest it so often by itself")


class ChangeSource(BaseModel):
    """What to change of a source; fields that are not sent stay."""

    model_config = ConfigDict(extra="forbid")

    # Made, and not given: an empty text is no label, and the schema would name it as the default.
    title: Label = Field(default_factory=str)
    url: _Url = ""
    theme: Label = Field(default_factory=str)
    licence: Label = Field(default_factory=str)
    every_hours: _Hours | None = None


class NewHarvest(BaseModel):
    """How to harvest."""

    model_config = ConfigDict(extra="forbid")

    may_retire_most: bool = Field(
        default=False, description="retire what is missing even if that is most of the source"
    )


class HarvestView(BaseModel):
    """A harvest: how far it is, and what came of it."""

    id: str
    source_id: str
    state: HarvestState
    report: str = Field(description="what came of it until now, in French")
    reason: str = Field(description="why it failed, in French")
    pages: int = Field(description="fetched until now")
    counts: Counts
    retired: int
    kept: int = Field(description="missing, and not retired: they are most of the source")
    refused: list[Refused] = Field(
        description="the first hundred that could not be taken, or whose data could not"
    )
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, harvest: Harvest) -> "HarvestView":
        """The view of a harvest."""
        same = {"id", "source_id", "state", "reason", "kept", "refused", "counts", "started_at"}
        return cls(
            **harvest.model_dump(include=same),
            report=harvest.report,
            pages=len(harvest.pages),
            retired=harvest.gone if harvest.state == "completed" else 0,
            ended_at=None if harvest.ended_at == NEVER else harvest.ended_at,
        )


class SourceView(NewSource):
    """A source, when it is harvested next, and its latest harvest."""

    model_config = ConfigDict(extra="ignore")

    id: str
    owner_id: str
    next_at: datetime | None = Field(description="by itself")
    harvest_id: str = Field(description="the latest harvest; empty before the first")

    @classmethod
    def of(cls, source: RemoteSource) -> "SourceView":
        """The view of a source."""
        next_at = None if source.next_at == NEVER else source.next_at
        return cls.model_validate({**source.model_dump(), "next_at": next_at})


class SourcePage(BaseModel):
    """One page of sources, by id."""

    items: list[SourceView]
    next: str | None
