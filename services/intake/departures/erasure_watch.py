"""Measures how long erasures wait for a service that does not answer."""

from services.intake import metrics
from services.intake.departures.erasure import Erasure
from shared.aggregate import now
from shared.background import Loop
from shared.store import Store

_LOOK_SECONDS = 30.0


class ErasureWatch(Loop):
    """Looks at the erasure that has waited longest."""

    def __init__(self, service: str, store: Store) -> None:
        super().__init__(_LOOK_SECONDS, self._measure)
        self._service, self._erasures = service, store.of(Erasure)

    def _measure(self) -> None:
        first = self._erasures.find(sort="waits_since", limit=1)
        waited = (now() - first[0].waits_since).total_seconds() if first else 0
        metrics.erasure_oldest_waiting.labels(self._service).set(max(waited, 0))
