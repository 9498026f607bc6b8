"""Kept steps go after their time."""

from datetime import timedelta

from services.compute.execution.step_cache.cache import StepCache
from shared.background import Loop

_LOOK_SECONDS = 60.0


class StepExpiry(Loop):
    """Erases what was kept of steps longer than `days` ago; for ever when that is 0."""

    def __init__(self, cache: StepCache, days: float) -> None:
        super().__init__(_LOOK_SECONDS, self.look)
        self._cache, self._days = cache, days

    def look(self) -> None:
        """Erase what is old enough."""
        if self._days:
            self._cache.drop_before(timedelta(days=self._days))
