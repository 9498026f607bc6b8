"""Metrics of compute alone."""

from shared.metrics import gauge, histogram

jobs = gauge(
    "datalab_jobs",
    "Jobs that wait, run, or wait for an operator (queued, running, given_up), as last seen by the"
    " scheduler; up to 1000 of each.",
    "state",
)

job_seconds = histogram(
    "datalab_job_seconds", "Wall clock of ended jobs, by kind and outcome.", "kind", "outcome"
)
