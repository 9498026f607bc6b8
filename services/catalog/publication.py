"""Publishes or rejects a dataset version, as the ingest job that read it in the sandbox ended."""

from services.catalog.manifests import output_of, profile_of, read_manifest
from services.catalog.model import Dataset
from shared import metrics
from shared.envelope import Envelope
from shared.events import JobCancelled, JobFailed, JobSucceeded
from shared.key_file import KEYS
from shared.storage import Storage
from shared.store import Store

TABLE = "table.parquet"
"""What an ingest job calls the canonical table."""


def publish(store: Store, files: Storage, envelope: Envelope[JobSucceeded]) -> None:
    """An ingest job read a version: its table and profile make it public, or hold it."""
    event = envelope.data
    if event.kind != "ingest" or event.dataset_id is None:
        return
    manifest = read_manifest(files, event.result)
    table, profile = output_of(manifest, TABLE), profile_of(manifest)
    keys = manifest.output(KEYS)
    store.of(Dataset).change(
        event.dataset_id,
        lambda dataset: dataset.publish(event.dataset_version, table, profile, event.job_id, keys),
        because=envelope,
    )
    if profile.privacy:
        metrics.versions_screened.labels("catalog", profile.privacy.verdict).inc()


def reject(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """An ingest job could not read a version, or was stopped before it had."""
    event = envelope.data
    if event.kind != "ingest" or event.dataset_id is None:
        return
    store.of(Dataset).change(
        event.dataset_id,
        lambda dataset: dataset.reject(event.dataset_version, event.reason, event.job_id),
        because=envelope,
    )
