"""Prometheus metrics: one family per concern, labelled by service, event and outcome."""

from collections.abc import Sequence

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
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)


def counter(name: str, text: str, *labels: str) -> Counter:
    """A family of counters, one for each service and value of `labels`."""
    return Counter(name, text, ["service", *labels], registry=REGISTRY)


def gauge(name: str, text: str, *labels: str) -> Gauge:
    """A family of gauges, one for each service and value of `labels`."""
    return Gauge(name, text, ["service", *labels], registry=REGISTRY)


def histogram(name: str, text: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Histogram:
    """A family of histograms, of seconds unless `buckets` says otherwise."""
    return Histogram(name, text, ["service", *labels], buckets=buckets, registry=REGISTRY)


events_handled = counter(
    "datalab_events_handled",
    "Events taken from a queue, by what became of them (done, retried, parked).",
    "event",
    "outcome",
)
handler_seconds = histogram("datalab_handler_seconds", "Time an event handler took.", "event")
events_published = counter(
    "datalab_events_published",
    "Events sent to the broker, by outcome (confirmed, returned, refused, lost).",
    "event",
    "outcome",
)
outbox_depth = gauge(
    "datalab_outbox_documents", "Documents with events not yet confirmed by the broker."
)
outbox_age = gauge(
    "datalab_outbox_oldest_seconds", "Age of the oldest event not yet confirmed by the broker."
)
events_retried = counter(
    "datalab_events_retried", "Events sent to a retry queue, by attempt.", "event", "attempt"
)
events_parked = counter(
    "datalab_events_parked",
    "Events sent to a parked queue, to be looked at by an operator.",
    "event",
)
rpc_seconds = histogram(
    "datalab_rpc_seconds",
    "Time of RPC calls, by side (server, client) and outcome (ok or the error's class).",
    "method",
    "side",
    "outcome",
)
http_seconds = histogram(
    "datalab_http_seconds",
    "Time of HTTP requests, by route pattern and status.",
    "method",
    "route",
    "status",
)
ready = gauge(
    "datalab_ready",
    "Whether a check of /readyz is green (1) or red (0), looked at every 5 seconds or more often.",
    "check",
)
http_connections = gauge(
    "datalab_http_connections",
    "Open HTTP connections, by state: idle, head (a request begins), request, closing.",
    "state",
)
http_connections_cut = counter(
    "datalab_http_connections_cut",
    "HTTP connections that were closed before they were served, by reason: short (all were in use"
    " and this one made way), slow (the head of a request did not come in time).",
    "reason",
)
name_seconds = histogram(
    "datalab_name_seconds",
    "Time of resolving the host names of webhooks and catalogues, by outcome (found, unknown,"
    " silent: no answer in time).",
    "outcome",
)
hub_lag = gauge(
    "datalab_hub_lag_seconds",
    "How late eventlet's hub woke a one-second sleeper: blocking work in the process shows here.",
)

retention_due = gauge(
    "datalab_retention_due",
    "Announced things whose time is over and that are not erased yet, up to 50.",
)
retention_oldest_due = gauge(
    "datalab_retention_oldest_due_seconds", "How long the oldest of these has been due."
)
retention_erased = counter(
    "datalab_retention_erased",
    "Things that were erased once their time was over, by what setting they are kept (projects,"
    " uses, jobs, deliveries, timeline).",
    "kind",
)

orphans_erased = counter(
    "datalab_orphans_erased",
    "Files in the store that nothing referred to, erased by the service that had put them there.",
)
orphan_oldest_due = gauge(
    "datalab_orphan_oldest_due_seconds",
    "How late the oldest file is that is to be looked up, whether anything refers to it.",
)


def exposition() -> tuple[str, bytes]:
    """The metrics of this process as (content type, body) in Prometheus text."""
    return CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
