"""Who left the lab: each service keeps it, since events of a member may come after its end."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ClassVar

from shared.aggregate import LONG_AGO, Aggregate
from shared.errors import Forbidden
from shared.events import Envelope, ErasureAnswer, Event
from shared.store import Store

GONE = "Le membre a quitté le Datalab."
"""Why things of a member end, as others are told."""


class Departure(Aggregate):
    """A member who left; its id is the member's. With an `erasure_id` its data is erased, too.

    What came later than it shall not bring anything of that member back: it is asked for after
    every save that might.
    """

    collection: ClassVar[str] = "departures"
    indexes: ClassVar[tuple[str, ...]] = ("is_erased",)

    left_at: datetime = LONG_AGO
    reason: str = ""
    by: str = ""
    erasure_id: str = ""
    is_erased: bool = False

    def leave(self, at: datetime) -> None:
        """Note that the member left, the first time that it is told."""
        self.left_at = at if self.left_at == LONG_AGO else self.left_at

    def erase(self, erasure_id: str) -> None:
        """Note that what the service owns of the member is erased from now on."""
        self.erasure_id, self.is_erased, self.reason = self.erasure_id or erasure_id, True, ""


def note_left(store: Store, member_id: str, at: datetime) -> None:
    """Note that a member left."""
    _note(store, member_id, lambda departure: departure.leave(at))


def note_erasure(store: Store, member_id: str, erasure_id: str) -> None:
    """Note that a member's data is to be erased, before it is: so later data is seen as well."""
    _note(store, member_id, lambda departure: departure.erase(erasure_id))


def answer(store: Store, event: ErasureAnswer, because: Envelope[Event]) -> None:
    """Record, once, that everything is erased."""
    store.of(Departure).change(
        event.member_id, lambda departure: departure.record(event), because=because
    )


def _note(store: Store, member_id: str, decide: Callable[[Departure], None]) -> None:
    store.of(Departure).change(member_id, decide, new=lambda: Departure(id=member_id))


def check_present(store: Store, member_id: str) -> None:
    """Raise Forbidden for a member who left: its token is valid until it expires."""
    if has_left(store, member_id):
        raise Forbidden("ce membre a quitté le Datalab : il n'y dépose ni n'y décide plus rien")


def has_left(store: Store, member_id: str) -> bool:
    """Whether that member left."""
    return store.of(Departure).find_one(member_id) is not None


def left_among(store: Store, member_ids: Iterable[str]) -> list[str]:
    """Those of these members who left."""
    return [departure.id for departure in _among(store, member_ids)]


def erased_among(store: Store, member_ids: Iterable[str]) -> list[str]:
    """Those of these members whose data was erased."""
    return [departure.id for departure in _among(store, member_ids) if departure.is_erased]


def any_erased(store: Store) -> bool:
    """Whether the data of any member was ever erased."""
    return bool(store.of(Departure).find({"is_erased": True}, limit=1))


def _among(store: Store, member_ids: Iterable[str]) -> list[Departure]:
    ids = sorted(set(filter(None, member_ids)))
    return store.of(Departure).find({"_id": {"$in": ids}}) if ids else []
