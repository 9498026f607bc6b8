"""Which page of a list: what every list of the lab takes in its query, and how all are read."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.inbound.identifier import Identifier

T = TypeVar("T")


class Paging(BaseModel):
    """Where a page starts and how long it is; the query of a list adds its conditions."""

    model_config = ConfigDict(extra="forbid")

    after: Identifier | None = Field(default=None, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=100)


def every(page: Callable[[str | None], tuple[list[T], str | None]]) -> Iterator[T]:
    """All of a list; `page` gives what comes after a cursor, and the next cursor or None."""
    cursor: str | None = None
    while True:
        items, cursor = page(cursor)
        yield from items
        if cursor is None:
            return
