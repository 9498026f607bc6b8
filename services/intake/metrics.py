"""Metrics of intake alone."""

from shared.metrics import gauge

erasure_oldest_waiting = gauge(
    "datalab_erasure_oldest_waiting_seconds",
    "How long the oldest erasure of a member has been waiting for a service's answer.",
)

workshop_oldest_due = gauge(
    "datalab_workshop_oldest_due_seconds",
    "How late the reminder of a workshop, or the erasure of who registered for one, was.",
)
