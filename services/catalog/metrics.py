"""Metrics of the catalog alone."""

from prometheus_client import (
    Counter,
    Gauge,
    Histogram,
)

from shared.metrics import REGISTRY, SECONDS

catalog_exports = Counter(
    "datalab_catalog_exports",
    "Pages and datasets of the catalogue given as RDF, by format (jsonld, turtle, rdfxml).",
    ["service", "format"],
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
    buckets=SECONDS,
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
