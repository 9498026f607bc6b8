"""Metrics of compute alone."""

from prometheus_client import Gauge, Histogram

from shared.metrics import REGISTRY, SECONDS

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
    buckets=SECONDS,
    registry=REGISTRY,
)
