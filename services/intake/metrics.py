"""Metrics of intake alone."""

from shared.metrics import gauge

erasure_oldest_waiting = gauge(
    "datalab_erasure_oldest_waiting_seconds",
    "How long the oldest erasure of a member has been waiting for a service's answer.",
)
