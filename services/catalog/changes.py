"""What is different between two versions of a dataset, from their profiles."""

from collections.abc import Iterator

from pydantic import Field

from shared.events import Frozen
from shared.manifest import Column, Profile


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
