"""What came of an attempt is saved, and what failed together does not come back together."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Event
from typing import TypeVar

from services.notify.model import JITTER
from shared.aggregate import Aggregate
from shared.errors import Conflict, Unavailable
from shared.store import Repository

_AGAIN_SECONDS = 0.5

A = TypeVar("A", bound=Aggregate)


def stretch() -> float:
    """What the wait before the next attempt is multiplied by."""
    return random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load only


def change_read(repository: Repository[A], read: A, decide: Callable[[A], None]) -> A:
    """Decide on a document as it was read, and on a newer one only if there is one.

    `read` itself is changed: who calls this uses what it returns.
    """
    # What is published leaves an outbox without a new version: saved as read, it would come back.
    if not read.outbox:
        decide(read)
        try:
            return repository.save(read)
        except Conflict:
            pass
    return repository.change(read.id, decide)


def save_attempt(
    repository: Repository[A],
    leased: A,
    note: Callable[[A], None],
    lease: timedelta,
    stopping: Event,
) -> A:
    """Save the attempt; as long as the lease holds, wait for a document server that is down."""
    end = time.monotonic() + lease.total_seconds()
    save = partial(change_read, repository, leased, note)
    while True:
        try:
            return save()
        except Unavailable:
            if time.monotonic() > end or stopping.wait(_AGAIN_SECONDS):
                raise
            # `leased` is changed by now, and may be saved though no answer came.
            save = partial(repository.change, leased.id, note)
