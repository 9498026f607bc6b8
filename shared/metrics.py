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
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

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
    buckets=_SECONDS,
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
    buckets=_SECONDS,
    registry=REGISTRY,
)
http_seconds = Histogram(
    "datalab_http_seconds",
    "Time of HTTP requests, by route pattern and status.",
    ["service", "method", "route", "status"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
catalog_exports = Counter(
    "datalab_catalog_exports",
    "Pages and datasets of the catalogue given as RDF, by format (jsonld, turtle, rdfxml).",
    ["service", "format"],
    registry=REGISTRY,
)
jobs = Gauge(
    "datalab_jobs",
    "Jobs that wait or run (queued, running), as last seen by the scheduler; up to 1000 of each.",
    ["service", "state"],
    registry=REGISTRY,
)
job_seconds = Histogram(
    "datalab_job_seconds",
    "Wall clock of ended jobs, by kind and outcome.",
    ["service", "kind", "outcome"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
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
crossings_judged = Counter(
    "datalab_crossings_judged",
    "Crossings of datasets whose licences were judged, by outcome (clear, conflict).",
    ["service", "outcome"],
    registry=REGISTRY,
)
versions_screened = Counter(
    "datalab_versions_screened",
    "Versions of datasets screened for personal data, by verdict (none, quasi, direct).",
    ["service", "verdict"],
    registry=REGISTRY,
)
datasets_held = Gauge(
    "datalab_datasets_held",
    "Datasets with a version that waits for its owner to confirm the legal basis, up to 100.",
    ["service"],
    registry=REGISTRY,
)
access_waiting = Gauge(
    "datalab_access_waiting_projects",
    "Projects that wait for a data owner's decision, up to 100.",
    ["service"],
    registry=REGISTRY,
)
access_oldest_waiting = Gauge(
    "datalab_access_oldest_waiting_seconds",
    "How long the oldest access request has been waiting for a decision.",
    ["service"],
    registry=REGISTRY,
)
access_oldest_due = Gauge(
    "datalab_access_oldest_due_seconds",
    "How late the oldest due reminder, expiry or end of a grant is.",
    ["service"],
    registry=REGISTRY,
)
join_columns = Gauge(
    "datalab_join_columns",
    "Key columns in this process's index of joins.",
    ["service"],
    registry=REGISTRY,
)
join_values = Gauge(
    "datalab_join_values",
    "Pairs of a value and a column in this process's index of joins.",
    ["service"],
    registry=REGISTRY,
)
join_seconds = Histogram(
    "datalab_join_seconds",
    "Time for joins, by step: catch_up (take in what was published since) and answer.",
    ["service", "step"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
joins_found = Counter(
    "datalab_joins_found",
    "Joins that owners and projects were told of when a dataset was published.",
    ["service"],
    registry=REGISTRY,
)
harvested_records = Counter(
    "datalab_harvested_records",
    "Datasets that harvests met, by outcome: unchanged, new, changed, returned, here (ours),"
    " refused, retired, renewed, outdated.",
    ["service", "outcome"],
    registry=REGISTRY,
)
hub_lag = Gauge(
    "datalab_hub_lag_seconds",
    "How late eventlet's hub woke a one-second sleeper: blocking work in the process shows here.",
    ["service"],
    registry=REGISTRY,
)

search_seconds = Histogram(
    "datalab_search_seconds",
    "Time of searches in the index, without the catching up before.",
    ["service"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5),
    registry=REGISTRY,
)
search_indexed = Counter(
    "datalab_search_indexed",
    "Datasets taken into the index of this process; all of them when it starts.",
    ["service"],
    registry=REGISTRY,
)
search_followed = Gauge(
    "datalab_search_followed_timestamp_seconds",
    "When the index of this process was last in step with the documents, in seconds since 1970.",
    ["service"],
    registry=REGISTRY,
)


def exposition() -> tuple[str, bytes]:
    """The metrics of this process as (content type, body) in Prometheus text."""
    return CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
