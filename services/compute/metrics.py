"""Metrics of compute alone."""

from shared.metrics import counter, gauge, histogram

jobs = gauge(
    "datalab_jobs",
    "Jobs that wait, run, or wait for an operator (queued, running, given_up), and those whose"
    " result waits for a reviewer (held), as last seen by the scheduler; up to 1000 of each.",
    "state",
)

quota_requests = gauge(
    "datalab_quota_requests", "Projects that wait for a decision on their quota; up to 1000."
)

job_seconds = histogram(
    "datalab_job_seconds", "Wall clock of ended jobs, by kind and outcome.", "kind", "outcome"
)

job_oldest_due = gauge(
    "datalab_job_oldest_due_seconds",
    "For how long the job has been due that waits longest for its turn, by kind.",
    "kind",
)

job_streams = gauge(
    "datalab_job_streams", "Streams of `GET /jobs/{job_id}/events` that are open now."
)

job_streams_most = gauge(
    "datalab_job_streams_most",
    "How many of these a process opens at most; whoever asks for one more is answered 503.",
)

cluster_runs = gauge(
    "datalab_cluster_runs",
    "Runs on the cluster that a process waits for, by what Slurm last said of them.",
    "phase",
)

cluster_stuck = gauge(
    "datalab_cluster_stuck_runs",
    "Runs of these that Slurm does not start when other jobs end: an administrator has to act.",
)

cluster_silent = gauge(
    "datalab_cluster_silent_seconds",
    "For how long Slurm has answered nothing to who waits for runs there; 0 while none does.",
)

jobs_lost = counter(
    "datalab_jobs_lost_total",
    "Runs of jobs whose process was gone before they ended; they are tried again.",
    "kind",
)

replays = counter(
    "datalab_replays_total",
    "Jobs that were repeated, by what came of it: identical, not_run, the first cause of a"
    " difference (source, code, library, chance, undeclared), different of others' restricted"
    " data, failed, or cancelled.",
    "outcome",
)

renewal_overdue = gauge(
    "datalab_service_renewal_overdue_seconds",
    "For how long the next edition of a delivered service has been due that waits longest to be"
    " begun; 0 while none does.",
)
