"""When events arrive at a listener of their own, as a partner hears them."""

import contextlib
import json
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from kombu import Connection

PATIENCE = 120.0
_LOOK = 0.2


class Arrivals:
    """The events of these services from now on, with the times of a steady clock."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, dict[str, Any]]] = []
        self._news, self._over = threading.Condition(), threading.Event()

    def wait(self, topics: Iterable[str], **about: object) -> tuple[float, dict[str, Any]]:
        """The first of these events, and when it arrived."""
        with self._news:
            if not self._news.wait_for(lambda: self._find(topics, about), PATIENCE):
                raise SystemExit(f"no {topics} of {about}")
        return self._find(topics, about)[0]

    def has(self, topics: Iterable[str], **about: object) -> bool:
        """Whether one of these events arrived."""
        return bool(self._find(topics, about))

    def after(self, number: int, seconds: float) -> list[dict[str, Any]]:
        """What arrived after the first `number` events, within that time if there is nothing."""
        with self._news:
            self._news.wait_for(lambda: len(self._heard) > number, seconds)
        return [event for _, event in self._heard[number:]]

    def _find(
        self, topics: Iterable[str], about: dict[str, object]
    ) -> list[tuple[float, dict[str, Any]]]:
        return [
            (at, event)
            for at, event in list(self._heard)
            if event["type"] in topics and about.items() <= event["data"].items()
        ]

    def listen(self, uri: str, exchanges: Iterable[str], there: threading.Event) -> None:
        """Hear events until it is over."""
        with Connection(uri) as connection:
            channel = connection.channel()
            queue = channel.queue_declare("", exclusive=True, durable=False).queue
            for exchange in exchanges:
                channel.queue_bind(queue, exchange, "#")
            channel.basic_consume(queue, no_ack=True, callback=self._note)
            there.set()
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=_LOOK)

    def end(self) -> None:
        """Hear no more."""
        self._over.set()

    def _note(self, message: Any) -> None:
        with self._news:
            self._heard.append((time.monotonic(), json.loads(message.body)))
            self._news.notify_all()


@contextlib.contextmanager
def listening(uri: str, *services: str) -> Iterator[Arrivals]:
    """What these services publish while the block lasts."""
    arrivals, there = Arrivals(), threading.Event()
    exchanges = [f"{service}.events" for service in services]
    thread = threading.Thread(target=arrivals.listen, args=(uri, exchanges, there), daemon=True)
    thread.start()
    there.wait(PATIENCE)
    try:
        yield arrivals
    finally:
        arrivals.end()
        thread.join()
