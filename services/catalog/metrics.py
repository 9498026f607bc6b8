"""Metrics of the catalog alone."""

from shared.metrics import counter, gauge, histogram

catalog_exports = counter(
    "datalab_catalog_exports",
    "Pages and datasets of the catalogue given as RDF, by format (jsonld, turtle, rdfxml).",
    "format",
)

crossings_judged = counter(
    "datalab_crossings_judged",
    "Crossings of datasets whose licences were judged, by outcome (clear, conflict).",
    "outcome",
)

versions_screened = counter(
    "datalab_versions_screened",
    "Versions of datasets screened for personal data, by verdict (none, quasi, direct).",
    "verdict",
)

datasets_held = gauge(
    "datalab_datasets_held",
    "Datasets with a version that waits for its owner to confirm the legal basis, up to 100.",
)

access_waiting = gauge(
    "datalab_access_waiting_projects", "Projects that wait for a data owner's decision, up to 100."
)

access_oldest_waiting = gauge(
    "datalab_access_oldest_waiting_seconds",
    "How long the oldest access request has been waiting for a decision.",
)

access_oldest_due = gauge(
    "datalab_access_oldest_due_seconds",
    "How late the oldest due reminder, expiry or end of a grant is.",
)

erasure_oldest_due = gauge(
    "datalab_erasure_oldest_due_seconds",
    "How late the erasure of a deleted dataset's content is, its grace aside.",
)

join_columns = gauge("datalab_join_columns", "Key columns in this process's index of joins.")

join_values = gauge(
    "datalab_join_values", "Pairs of a value and a column in this process's index of joins."
)

join_seconds = histogram(
    "datalab_join_seconds",
    "Time for joins, by step: catch_up (take in what was published since) and answer.",
    "step",
)

joins_found = counter(
    "datalab_joins_found",
    "Joins that owners and projects were told of when a dataset was published.",
)

harvested_records = counter(
    "datalab_harvested_records",
    "Datasets that harvests met, by outcome: unchanged, new, changed, returned, here (ours),"
    " ended (retired or deleted here), refused, retired, renewed, outdated.",
    "outcome",
)

search_seconds = histogram(
    "datalab_search_seconds",
    "Time of searches in the index, without the catching up before.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5),
)

search_indexed = counter(
    "datalab_search_indexed",
    "Datasets read into the index of this process; all of them when it starts without a snapshot.",
)

search_followed = gauge(
    "datalab_search_followed_timestamp_seconds",
    "When the index of this process was last in step with the documents, in seconds since 1970.",
)
