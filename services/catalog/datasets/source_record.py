"""What the catalogue keeps of a dataset that it knows from another catalogue."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import Field

from shared.engine.contract.harvested_page import Distribution
from shared.events.event import Frozen

Change = Literal["new", "changed", "returned"]
"""What a harvest did to a dataset: it was unknown, told otherwise, or retired before."""


def day_of(moment: str) -> date | None:
    """The day of an ISO date or time; None where it is not told to the day."""
    try:
        return date.fromisoformat(moment[: len("2026-01-31")])
    except ValueError:
        return None


def changed_on(modified: str, files: Iterable[Distribution]) -> date | None:
    """The day a source says that a dataset changed, else that of its newest file, or None."""
    days = (day_of(file.modified) for file in files)
    return day_of(modified) or max(filter(None, days), default=None)


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

    @property
    def changed_on(self) -> date | None:
        """The day its source last changed the data, as that says of the dataset or of its files."""
        return changed_on(self.modified, self.distributions)

    def without_content(self) -> "Harvested":
        """What a deleted dataset keeps of it: enough to know its record again."""
        return self.model_copy(update={"page": None, "distributions": (), "others": ()})

    def dated(self, distribution: Distribution) -> str:
        """When the source says that the distribution last changed, or else the dataset."""
        return distribution.modified or self.modified

    def current_distribution(self, taken: "FetchedCopy") -> Distribution | None:
        """The distribution that was taken in, as it is now: of the same URL, else title."""
        before = taken.distribution
        for mark in ("url", "title"):
            same = [
                distribution
                for distribution in self.distributions
                if getattr(distribution, mark) == getattr(before, mark)
            ]
            if len(same) == 1:
                return same[0]
        return None


class FetchedCopy(Frozen):
    """Data that was fetched from a dataset's source, as that told of it then.

    `sha256` is that of its bytes; by the rest the server knows whether it has other ones.
    """

    distribution: Distribution
    modified: str = ""
    sha256: str
    etag: str = ""
    last_modified: str = ""
