"""Metrics of compute alone."""

from shared.metrics import gauge, histogram

jobs = gauge(
    "datalab_jobs",
    "Jobs that wait or run (queued, running), as last seen by the scheduler; up to 1000 of each.",
    "state",
)

job_seconds = histogram(
    "datalab_job_seconds", "Wall clock of ended jobs, by kind and outcome.", "kind", "outcome"
)
