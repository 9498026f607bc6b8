"""What Prometheus scrapes is what it accepts, and names what operators ask about."""

import shutil
import subprocess
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.reference import METRICS
from shared import metrics
from tests.servers import require

FAMILIES = {
    "datalab_events_handled": {"service", "event", "outcome"},
    "datalab_handler_seconds": {"service", "event"},
    "datalab_events_published": {"service", "event", "outcome"},
    "datalab_outbox_documents": {"service"},
    "datalab_outbox_oldest_seconds": {"service"},
    "datalab_events_retried": {"service", "event", "attempt"},
    "datalab_events_parked": {"service", "event"},
    "datalab_retention_due": {"service"},
    "datalab_erasure_oldest_waiting_seconds": {"service"},
    "datalab_workshop_oldest_due_seconds": {"service"},
    "datalab_retention_oldest_due_seconds": {"service"},
    "datalab_retention_erased": {"service", "kind"},
    "datalab_rpc_seconds": {"service", "method", "side", "outcome"},
    "datalab_http_seconds": {"service", "method", "route", "status"},
    "datalab_catalog_exports": {"service", "format"},
    "datalab_jobs": {"service", "state"},
    "datalab_cluster_runs": {"service", "phase"},
    "datalab_cluster_silent_seconds": {"service"},
    "datalab_cluster_stuck_runs": {"service"},
    "datalab_service_renewal_overdue_seconds": {"service"},
    "datalab_quota_requests": {"service"},
    "datalab_jobs_lost": {"service", "kind"},
    "datalab_replays": {"service", "outcome"},
    "datalab_job_oldest_due_seconds": {"service", "kind"},
    "datalab_job_streams": {"service"},
    "datalab_job_streams_most": {"service"},
    "datalab_job_seconds": {"service", "kind", "outcome"},
    "datalab_webhook_attempts": {"service", "outcome"},
    "datalab_webhook_oldest_due_seconds": {"service"},
    "datalab_webhook_oldest_unserved_seconds": {"service"},
    "datalab_webhook_turns": {"service"},
    "datalab_webhook_silent_hosts": {"service"},
    "datalab_mail_attempts": {"service", "outcome"},
    "datalab_mails_waiting": {"service"},
    "datalab_mail_oldest_due_seconds": {"service"},
    "datalab_crossings_judged": {"service", "outcome"},
    "datalab_versions_screened": {"service", "verdict"},
    "datalab_datasets_held": {"service"},
    "datalab_access_waiting_projects": {"service"},
    "datalab_access_oldest_waiting_seconds": {"service"},
    "datalab_access_oldest_due_seconds": {"service"},
    "datalab_erasure_oldest_due_seconds": {"service"},
    "datalab_join_columns": {"service"},
    "datalab_join_values": {"service"},
    "datalab_join_seconds": {"service", "step"},
    "datalab_joins_found": {"service"},
    "datalab_harvested_records": {"service", "outcome"},
    "datalab_ready": {"service", "check"},
    "datalab_http_connections": {"service", "state"},
    "datalab_http_connections_cut": {"service", "reason"},
    "datalab_hub_lag_seconds": {"service"},
    "datalab_name_seconds": {"service", "outcome"},
    "datalab_orphans_erased": {"service"},
    "datalab_orphan_oldest_due_seconds": {"service"},
    "datalab_steering_behind_seconds": {"service"},
    "datalab_search_seconds": {"service"},
    "datalab_search_indexed": {"service"},
    "datalab_search_followed_timestamp_seconds": {"service"},
}
"""Dashboards and alerts name these: renaming one breaks them."""


@pytest.fixture(scope="module")
def body() -> bytes:
    """The exposition with a sample in every family, one label of it nasty."""
    for metric in METRICS:
        child: Any = metric.labels(*(f'a "{name}"\n\\' for name in metric._labelnames))
        (child.observe if hasattr(child, "observe") else child.inc)(0.5)
    return metrics.exposition()[1]


def test_every_concern_has_its_family_with_its_labels(body: bytes) -> None:
    """Exactly these, each with the labels that operators group by."""
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    labels = {
        name: {label for sample in family.samples for label in sample.labels} - {"le"}
        for name, family in families.items()
    }
    assert labels == FAMILIES


def test_every_family_explains_itself(body: bytes) -> None:
    """A dashboard shows the help text."""
    for family in text_string_to_metric_families(body.decode()):
        assert family.documentation.endswith(".")


def test_promtool_accepts_the_exposition(body: bytes) -> None:
    """Prometheus's own linter has nothing to say."""
    promtool = shutil.which("promtool")
    require(promtool, "promtool")
    command = [str(promtool), "check", "metrics"]
    checked = subprocess.run(command, input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_content_type_is_prometheus_text() -> None:
    """A scraper refuses what it cannot name."""
    assert metrics.exposition()[0].startswith("text/plain; version=")


def test_buckets_reach_from_milliseconds_to_an_hour(body: bytes) -> None:
    """Handlers take milliseconds, jobs minutes: both must be told apart."""
    bounds = [
        float(sample.labels["le"])
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == "datalab_job_seconds_bucket"
    ]
    assert (bounds[0], bounds[-2]) == (0.005, 3600)


def test_library_metrics_of_other_registries_stay_out() -> None:
    """The registry is ours: nothing shows up by being imported."""
    assert b"python_gc" not in metrics.exposition()[1]
