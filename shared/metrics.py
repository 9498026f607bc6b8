"""Prometheus metrics: one family per concern, labelled by service, event and outcome."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

# The time each series began doubles their number and answers no question.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()

# A crossing takes minutes, a webhook may wait for days: the default buckets end at 10 s.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

events_handled = Counter(
    "datalab_events_handled",
    "Events taken from a queue, by what became of them (done, retried, parked).",
    ["service", "event", "outcome"],
    registry=REGISTRY,
)
handler_seconds = Histogram(
    "datalab_handler_seconds",
    "Time an event handler took.",
    ["service", "event"],
    buckets=SECONDS,
    registry=REGISTRY,
)
events_published = Counter(
    "datalab_events_published",
    "Events sent to the broker, by outcome (confirmed, returned, refused, lost).",
    ["service", "event", "outcome"],
    registry=REGISTRY,
)
outbox_depth = Gauge(
    "datalab_outbox_documents",
    "Documents with events not yet confirmed by the broker.",
    ["service"],
    registry=REGISTRY,
)
outbox_age = Gauge(
    "datalab_outbox_oldest_seconds",
    "Age of the oldest event not yet confirmed by the broker.",
    ["service"],
    registry=REGISTRY,
)
events_retried = Counter(
    "datalab_events_retried",
    "Events sent to a retry queue, by attempt.",
    ["service", "event", "attempt"],
    registry=REGISTRY,
)
events_parked = Counter(
    "datalab_events_parked",
    "Events sent to a parked queue, to be looked at by an operator.",
    ["service", "event"],
    registry=REGISTRY,
)
rpc_seconds = Histogram(
    "datalab_rpc_seconds",
    "Time of RPC calls, by side (server, client) and outcome (ok or the error's class).",
    ["service", "method", "side", "outcome"],
    buckets=SECONDS,
    registry=REGISTRY,
)
http_seconds = Histogram(
    "datalab_http_seconds",
    "Time of HTTP requests, by route pattern and status.",
    ["service", "method", "route", "status"],
    buckets=SECONDS,
    registry=REGISTRY,
)
hub_lag = Gauge(
    "datalab_hub_lag_seconds",
    "How late eventlet's hub woke a one-second sleeper: blocking work in the process shows here.",
    ["service"],
    registry=REGISTRY,
)


def exposition() -> tuple[str, bytes]:
    """The metrics of this process as (content type, body) in Prometheus text."""
    return CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
