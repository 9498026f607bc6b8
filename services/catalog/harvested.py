"""What the catalogue keeps of a dataset that it knows from another catalogue."""

from typing import Literal

from pydantic import Field

from shared.events import Frozen
from shared.harvest import Distribution

Change = Literal["new", "changed", "returned"]
"""What a harvest did to a dataset: it was unknown, told otherwise, or retired before."""


class Harvested(Frozen):
    """Which source says it, under which identifier, and what `fingerprint` knows it again by."""

    source_id: str
    identifier: str
    others: tuple[str, ...] = Field(default=(), description="what the source says it is elsewhere")
    fingerprint: str = Field(description="sha256 of all that the source says of the dataset")
    modified: str = Field(default="", description="ISO date or time, as the source says")
    page: str | None = None
    distributions: tuple[Distribution, ...] = ()
    harvest_id: str = Field(description="the harvest that last changed it")
    change: Change = Field(description="how that harvest changed it")
    updated: str = Field(description="ISO date: the source's, or that of the harvest")
