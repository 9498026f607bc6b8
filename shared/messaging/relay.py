"""Publishes what documents have in their outbox, and clears it once the broker has confirmed.

Told of every save, it publishes at once; a sweep finds what a crash or an outage left behind. A
crash between the confirm and the clearing publishes an event again: a duplicate, never a loss.
"""

import logging
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from eventlet.greenpool import GreenPool
from eventlet.queue import Empty, Full, LightQueue
from pydantic_core import to_json

from shared import metrics
from shared.aggregate import Aggregate, now
from shared.errors import LabError
from shared.messaging.publisher import Outgoing, Publisher, PublishOutcome
from shared.store import PAGE_LIMIT, Document, Store

log = logging.getLogger(__name__)

Waiting = tuple[type[Aggregate], Document]

_BATCH = 500
"""Documents published in one window of confirms."""

_CLEARERS = 8
"""Documents cleared at the same time: each waits for the document server."""

_QUEUE = 5000
"""Documents waiting in memory; what does not fit waits in the store for the sweep."""

_REMEMBERED = 20_000


class Relay:
    """Moves the events of one service's documents to the broker."""

    def __init__(
        self,
        service: str,
        store: Store,
        classes: Sequence[type[Aggregate]],
        publisher: Publisher,
        sweep_seconds: float,
    ) -> None:
        self._service, self._store = service, store
        self._classes = [cls for cls in classes if cls.has_events]
        self._publisher, self._sweep_seconds = publisher, sweep_seconds
        self._queue: Any = LightQueue(_QUEUE)
        self._clearing = GreenPool(_CLEARERS)
        # Confirmed lately: a document swept up while its clearing is under way is not sent twice.
        self._confirmed: OrderedDict[str, None] = OrderedDict()

    def saved(self, cls: type[Aggregate], document: Document) -> None:
        """Remember that `document` has something to publish."""
        try:
            self._queue.put_nowait((cls, document))
        except Full:
            log.warning("the relay is behind, the sweep follows", extra={"id": document["_id"]})

    def run(self) -> None:
        """Publish what was saved, for ever."""
        while True:
            self._publish([self._queue.get(), *self._more()])

    def sweep(self) -> None:
        """Publish what has waited longer than `sweep_seconds`, and measure what waits."""
        depth, oldest = 0, 0.0
        for cls in self._classes:
            go_on = True
            while go_on:
                waiting = self._store.unpublished(cls, timedelta(0))
                ages = [(now() - document["outbox_since"]).total_seconds() for document in waiting]
                # Oldest first: those that wait too long stand in front.
                late = sum(age > self._sweep_seconds for age in ages)
                done = late and self._publish([(cls, document) for document in waiting[:late]])
                go_on = bool(done) and len(waiting) == PAGE_LIMIT
            depth += len(waiting)
            oldest = max([oldest, *ages])
        metrics.outbox_depth.labels(self._service).set(depth)
        metrics.outbox_age.labels(self._service).set(oldest)

    def flush(self) -> None:
        """Publish what is queued now; called when the service stops."""
        if more := self._more():
            self._publish(more)

    def _more(self) -> list[Waiting]:
        waiting: list[Waiting] = []
        with suppress(Empty):
            while len(waiting) < _BATCH:
                waiting.append(self._queue.get_nowait())
        return waiting

    def _publish(self, waiting: list[Waiting]) -> bool:
        """Publish and clear; whether the broker confirmed everything."""
        events = {
            event["id"]: event
            for _, document in waiting
            for event in document["outbox"]
            if event["id"] not in self._confirmed
        }
        outcomes = self._publisher.publish_all([_outgoing(event) for event in events.values()])
        self._note(list(events.values()), outcomes)
        for start in range(_CLEARERS):
            self._clearing.spawn(self._clear, waiting[start::_CLEARERS])
        self._clearing.waitall()
        return all(outcome is PublishOutcome.CONFIRMED for outcome in outcomes)

    def _note(self, events: list[dict[str, Any]], outcomes: list[PublishOutcome]) -> None:
        counted: Counter[tuple[str, str]] = Counter()
        for event, outcome in zip(events, outcomes, strict=True):
            counted[event["type"], outcome.value] += 1
            if outcome is PublishOutcome.CONFIRMED:
                self._confirmed[event["id"]] = None
        while len(self._confirmed) > _REMEMBERED:
            self._confirmed.popitem(last=False)
        for (topic, outcome_name), count in counted.items():
            metrics.events_published.labels(self._service, topic, outcome_name).inc(count)
            if outcome_name != PublishOutcome.CONFIRMED.value:
                log.warning(
                    "events stay in their outbox",
                    extra={"event": topic, "outcome": outcome_name, "count": count},
                )

    def _clear(self, waiting: list[Waiting]) -> None:
        for cls, document in waiting:
            ids = {event["id"] for event in document["outbox"] if event["id"] in self._confirmed}
            try:
                if ids:
                    self._store.published(cls, document, ids)
            except LabError as error:
                log.warning("an outbox was not cleared", extra={"error": str(error)})


def _outgoing(event: dict[str, Any]) -> Outgoing:
    return Outgoing(
        exchange=f"{event['source']}.events",
        routing_key=event["type"],
        body=to_json(event),
        id=event["id"],
    )
