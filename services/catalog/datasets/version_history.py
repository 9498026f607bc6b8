"""The versions of a dataset, as they follow one another."""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import Field

from services.catalog.datasets.legal_basis import LegalBasis, covers
from services.catalog.datasets.versions import Version
from shared.errors import WrongStage
from shared.events import Frozen
from shared.tables.manifest import Column, Profile


class VersionHistory(NamedTuple):
    """All versions of one dataset, the oldest first; none of data that is only referenced."""

    dataset_id: str
    versions: list[Version]

    @property
    def newest(self) -> Version | None:
        """The last one, whatever became of it."""
        return self.versions[-1] if self.versions else None

    @property
    def published(self) -> Version | None:
        """The newest version that could be read."""
        return next((one for one in reversed(self.versions) if one.state == "published"), None)

    @property
    def shown(self) -> Version | None:
        """The published version, else the newest."""
        return self.published or self.newest

    def numbered(self, number: int | None) -> Version:
        """The version of that number, the newest when not said; raises WrongStage without it."""
        found = next((one for one in self.versions if one.number == number), None)
        if number is None:
            found = self.newest
        if found is None:
            wanted = f"de version {number}" if number else "encore de version"
            raise WrongStage(f"{self.dataset_id} n'a pas {wanted}")
        return found

    def held(self, number: int | None) -> Version:
        """The held version of that number, the newest one when not said; raises WrongStage."""
        held = [v for v in self.versions if v.state == "held" and number in {None, v.number}]
        if not held:
            raise WrongStage(f"{self.dataset_id} n'a pas de version en attente d'une base légale")
        return held[-1]

    def confirmed(self, profile: Profile) -> LegalBasis | None:
        """The newest legal basis that was confirmed for a table that `profile` adds nothing to."""
        bases = (v.legal_basis for v in reversed(self.versions) if covers(v.profile, profile))
        return next(filter(None, bases), None)


class Retyped(Frozen):
    """A column whose values are of another kind, or another identifier, than before."""

    name: str
    before: str
    after: str


class Coverage(Frozen):
    """How much of a key column is filled, as shares of the rows from 0 to 1."""

    name: str
    key: str
    before: float
    after: float


class Changes(Frozen):
    """A version beside the one published before it; columns by name, in the order of the table."""

    since: int = Field(description="number of the version it is compared with")
    rows: int = Field(description="rows more, or less when negative")
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[Retyped, ...] = ()
    coverage: tuple[Coverage, ...] = Field(
        default=(), description="key columns that are filled more or less than before"
    )


def compare(since: int, before: Profile, after: Profile) -> Changes:
    """What `after` changed of `before`, which is version `since`."""
    old = {column.name: column for column in before.columns}
    new = {column.name: column for column in after.columns}
    kept = [(old[name], column) for name, column in new.items() if name in old]
    return Changes(
        since=since,
        rows=after.rows - before.rows,
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        retyped=tuple(_retyped(kept)),
        coverage=tuple(_coverage(kept, before.rows, after.rows)),
    )


def _retyped(kept: list[tuple[Column, Column]]) -> Iterator[Retyped]:
    for old, new in kept:
        before, after = old.key or old.kind, new.key or new.kind
        if before != after:
            yield Retyped(name=new.name, before=before, after=after)


def _coverage(
    kept: list[tuple[Column, Column]], rows_before: int, rows_after: int
) -> Iterator[Coverage]:
    for old, new in kept:
        before, after = old.filled / max(1, rows_before), new.filled / max(1, rows_after)
        if new.key and before != after:
            yield Coverage(name=new.name, key=new.key, before=before, after=after)
