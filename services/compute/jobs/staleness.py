"""What a result was made of, and what of that changed since."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pydantic import AwareDatetime

from shared import events
from shared.engine.tables.manifest import Input
from shared.events.compute import StaleCause
from shared.events.envelope import Envelope
from shared.events.event import Frozen

SourceEvent: TypeAlias = (
    events.AccessExpired
    | events.DatasetDeleted
    | events.DatasetPublished
    | events.DatasetRetired
    | events.RecipePublished
)
"""What makes results stale, beside the end of an access."""

_CAUSES: dict[type[Any], StaleCause] = {
    events.AccessExpired: "access_expired",
    events.AccessRevoked: "access_revoked",
    events.DatasetDeleted: "deleted",
    events.DatasetPublished: "new_version",
    events.DatasetRetired: "retired",
    events.RecipePublished: "new_recipe",
}

OF_ACCESS: frozenset[StaleCause] = frozenset({"access_expired", "access_revoked"})
"""The causes that another grant ends."""

ENDED: frozenset[StaleCause] = OF_ACCESS | {"deleted", "retired"}
"""The causes by which data cannot be read any more."""


class ReadVersion(Frozen):
    """The version of a dataset that a job read, and what its treatment calls that.

    `table` is the hash of its table, or of its files.
    """

    name: str
    dataset_id: str
    version: int
    table: str = ""


class SourceChange(Frozen):
    """Something that results are made of changed: a dataset, or a recipe by its name.

    `number` is of a newer version, else 0.
    """

    cause: StaleCause
    source_id: str
    number: int = 0
    since: AwareDatetime

    @classmethod
    def of(cls, envelope: Envelope[Any]) -> "SourceChange":
        """Return what an event says has changed, since the time of that event."""
        event = envelope.data
        cause = _CAUSES[type(event)]
        if isinstance(event, events.RecipePublished):
            source_id, number = event.name, event.number
        else:
            source_id, number = event.dataset_id, getattr(event, "version", 0)
        return cls(cause=cause, source_id=source_id, number=number, since=envelope.time)

    def is_like(self, other: "SourceChange") -> bool:
        """Whether both are told as one: by cause and source."""
        return (self.cause, self.source_id) == (other.cause, other.source_id)


def recipe_of(written: str) -> tuple[str, int]:
    """Return the name and the number of a recipe's version as treatments name it: `name@2`."""
    name, _, number = written.partition("@")
    return name, int(number) if number.isdecimal() else 0


def versions_of(
    inputs: Iterable[Input], hashes_by_dataset: Mapping[str, str]
) -> tuple[ReadVersion, ...]:
    """Return the versions of what a job read, whose tables have these hashes."""
    return tuple(
        ReadVersion(
            name=read.name,
            dataset_id=read.dataset_id,
            version=read.version,
            table=hashes_by_dataset.get(read.dataset_id, ""),
        )
        for read in inputs
    )
