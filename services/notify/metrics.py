"""Metrics of notify alone."""

from shared.metrics import counter, gauge

webhook_attempts = counter(
    "datalab_webhook_attempts",
    "Webhook calls, by outcome (delivered, failed, abandoned).",
    "outcome",
)

webhook_oldest_due = gauge(
    "datalab_webhook_oldest_due_seconds",
    "How long the oldest due delivery has been waiting for its attempt.",
)
