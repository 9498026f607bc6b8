"""What came of an attempt is saved, and what failed together does not come back together."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import TypeVar

from services.notify.model import JITTER
from shared.aggregate import Aggregate
from shared.errors import Unavailable
from shared.store import Repository

_AGAIN_SECONDS = 0.5

A = TypeVar("A", bound=Aggregate)


def stretch() -> float:
    """What the wait before the next attempt is multiplied by."""
    return random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load only


def save_attempt(
    repository: Repository[A],
    identifier: str,
    note: Callable[[A], None],
    lease: timedelta,
    stopping: Event,
) -> A:
    """Save the attempt; as long as the lease holds, wait for a document server that is down."""
    end = time.monotonic() + lease.total_seconds()
    while True:
        try:
            return repository.change(identifier, note)
        except Unavailable:
            if time.monotonic() > end or stopping.wait(_AGAIN_SECONDS):
                raise
