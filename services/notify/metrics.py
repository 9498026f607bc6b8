"""Metrics of notify alone."""

from prometheus_client import (
    Counter,
    Gauge,
)

from shared.metrics import REGISTRY

webhook_attempts = Counter(
    "datalab_webhook_attempts",
    "Webhook calls, by outcome (delivered, failed, abandoned).",
    ["service", "outcome"],
    registry=REGISTRY,
)


webhook_oldest_due = Gauge(
    "datalab_webhook_oldest_due_seconds",
    "How long the oldest due delivery has been waiting for its attempt.",
    ["service"],
    registry=REGISTRY,
)
