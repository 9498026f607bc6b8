"""Things that are kept for a time only: their owners are told, and after the notice they go.

Nothing is held in memory. Now and then each process looks through what there may be to announce;
what is announced has a document that says when it is due, and is found by that date.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, NamedTuple

from shared import metrics
from shared.aggregate import LONG_AGO, NEVER, Aggregate, now
from shared.background import Loop
from shared.events import ErasedCount, RetentionAnnounced, RetentionKind
from shared.events.endings import ANNOUNCED, APPLIED
from shared.language.french import french_date
from shared.settings import Settings
from shared.store import Store

_LOOK_SECONDS = 60.0
_SEARCH_SECONDS = 24 * 3600.0
_AT_ONCE = 50
"""How many due things a look takes up."""

_LEASE = timedelta(seconds=60)
"""How long a part may take before another process does it."""

_BATCHES = 20
"""How many parts of a thing a look erases."""


class Batch(NamedTuple):
    """A bounded part of an erasure: how many of what, in French, and where the next one begins."""

    erased: Mapping[str, int]
    cursor: str = ""
    is_last: bool = False


class Thing(NamedTuple):
    """Something that may be old: whose it is, and since when its oldest part is kept."""

    thing_id: str
    member_id: str
    since: datetime


class Retained(Aggregate):
    """What was announced of a thing: all of it up to `through` goes once `erase_at` is over.

    `cursor` is where the erasure goes on, or where the next one begins.
    """

    collection: ClassVar[str] = "retained"
    indexes: ClassVar[tuple[str, ...]] = ("erase_at",)

    kind: RetentionKind
    thing_id: str
    member_id: str
    through: datetime = LONG_AGO
    erase_at: datetime = NEVER
    counts: dict[str, int] = {}
    cursor: str = ""

    @property
    def waits(self) -> bool:
        """Whether it was announced and is not erased yet."""
        return self.erase_at != NEVER

    def announce(self, erase_at: datetime, kept: timedelta, event: RetentionAnnounced) -> None:
        """Announce its erasure to the owner; what is announced already is not announced again."""
        if self.waits:
            return
        self.erase_at, self.through, self.counts = erase_at, erase_at - kept, {}
        self.record(event)

    def note(self, batch: Batch) -> None:
        """Note that a part of it is erased."""
        self.cursor = batch.cursor
        for kind, count in batch.erased.items():
            self.counts[kind] = self.counts.get(kind, 0) + count

    def release(self) -> None:
        """Let any process go on with it at once."""
        self.erase_at = now()

    def end(self, through: datetime) -> None:
        """Stop waiting: it is erased up to that date, or is not to be erased any more."""
        self.erase_at, self.through = NEVER, through


@dataclass(frozen=True)
class Policy:
    """How long things of a kind are kept, and how they are found, named and erased.

    `erase` is given a thing's id, up to when it goes, and where the batch before it ended.
    `what`, masculine, and `advice` are French: what goes, and how to keep it.
    """

    kind: RetentionKind
    days: float
    things: Callable[[], Iterable[Thing]]
    erase: Callable[[str, datetime, str], Batch]
    what: str
    advice: str

    @property
    def kept(self) -> timedelta:
        """How long these things are kept."""
        return timedelta(days=self.days)


class RetentionLoop(Loop):
    """Announces and erases what the policies of one service say, as long as they say so."""

    def __init__(
        self, service: str, store: Store, notice_days: float, policies: Sequence[Policy]
    ) -> None:
        self._notice = timedelta(days=notice_days)
        self._search_seconds = min(_SEARCH_SECONDS, self._notice.total_seconds() / 4)
        super().__init__(min(_LOOK_SECONDS, self._search_seconds), self._search, self._apply)
        self._service, self._retained = service, store.of(Retained)
        self._policies = {policy.kind: policy for policy in policies if policy.days}
        self._announced, self._applied = ANNOUNCED[service], APPLIED[service]
        self._searched = float("-inf")

    def _search(self) -> None:
        if time.monotonic() - self._searched < self._search_seconds:
            return
        for policy in self._policies.values():
            for thing in policy.things():
                if self.stopping.is_set():
                    return
                self._announce(policy, thing)
        self._searched = time.monotonic()

    def _announce(self, policy: Policy, thing: Thing) -> None:
        erase_at = _later(max(thing.since + policy.kept, now() + self._notice))
        if erase_at - self._notice > now() + self._notice / 100:
            return
        identifier = f"{policy.kind}.{thing.thing_id}"
        retained = self._retained.find_one(identifier)
        if retained and (retained.waits or thing.since <= retained.through):
            return
        day = erase_at.date().isoformat()
        event = self._announced(
            **_about(policy.kind, thing),
            erase_on=day,
            text=f"le {french_date(day)}, {policy.what} ({thing.thing_id}) sera effacé."
            f" {policy.advice}",
        )
        new = Retained(id=identifier, **_about(policy.kind, thing))
        self._retained.change(
            identifier,
            lambda current: current.announce(erase_at, policy.kept, event),
            new=new.model_copy,
        )

    def _apply(self) -> None:
        # Dates are compared here: a query by date walks through all documents on some servers.
        oldest = self._retained.find(sort="erase_at", limit=_AT_ONCE)
        due = [retained for retained in oldest if retained.erase_at <= now()]
        late = (now() - due[0].erase_at).total_seconds() if due else 0
        metrics.retention_due.labels(self._service).set(len(due))
        metrics.retention_oldest_due.labels(self._service).set(late)
        for retained in due:
            if self.stopping.is_set():
                return
            leased = self._retained.lease(retained, "erase_at", _LEASE)
            if leased is None:
                continue
            if policy := self._policies.get(retained.kind):
                self._erase(policy, leased)
            else:
                self._retained.change(retained.id, lambda current: current.end(LONG_AGO))

    def _erase(self, policy: Policy, retained: Retained) -> None:
        """Erase a part of it, so that no large thing keeps others from their turn."""
        through = min(retained.through, now() - policy.kept)
        for _ in range(_BATCHES):
            batch = policy.erase(retained.thing_id, through, retained.cursor)
            retained = self._retained.change(retained.id, partial(Retained.note, batch=batch))
            erased = sum(batch.erased.values())
            metrics.retention_erased.labels(self._service, policy.kind).inc(erased)
            if batch.is_last:
                self._retained.change(
                    retained.id, lambda current: self._end(policy, current, through)
                )
                return
            if self.stopping.is_set():
                break
        self._retained.change(retained.id, Retained.release)

    def _end(self, policy: Policy, retained: Retained, through: datetime) -> None:
        if not retained.waits:
            return
        retained.end(through)
        counts = tuple(
            ErasedCount(kind=kind, count=count) for kind, count in retained.counts.items()
        )
        text = f"comme annoncé, {policy.what} ({retained.thing_id}) est effacé."
        if counts:
            retained.record(
                self._applied(**_about(policy.kind, retained), text=text, counts=counts)
            )


def retaining(policies: Callable[[Store, Settings], list[Policy]]) -> Callable[[Any], Loop]:
    """Builds the loop of a service's policies, from the context of its background work."""
    return lambda context: RetentionLoop(
        context.service,
        context.store,
        context.settings.retention_notice_days,
        policies(context.store, context.settings),
    )


def _later(time: datetime) -> datetime:
    """A moment later, in whole milliseconds: documents cut off what is below."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000) + timedelta(milliseconds=2)


def _about(kind: RetentionKind, thing: Thing | Retained) -> dict[str, Any]:
    is_project = kind in {"projects", "jobs", "timeline"}
    return {
        "member_id": thing.member_id,
        "kind": kind,
        "thing_id": thing.thing_id,
        "project_id": thing.thing_id if is_project else None,
    }
