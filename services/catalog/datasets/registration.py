"""Puts owners' files into the catalogue, and publishes them as the sandbox reads them."""

from services.catalog import metrics
from services.catalog.datasets.manifests import output_of, profile_of, read_manifest
from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import DATASET_PREFIX, Dataset
from services.catalog.datasets.versions import VersionContent
from shared.aggregate import new_id
from shared.events import (
    Envelope,
    JobCancelled,
    JobFailed,
    JobGivenUp,
    JobRetried,
    JobSucceeded,
)
from shared.inbound import IdempotencyKey, fingerprint
from shared.storage import Storage
from shared.store import Store
from shared.tables.key_file import KEYS
from shared.tables.manifest import TABLE


def register_upload(
    store: Store,
    owner_id: str,
    metadata: Metadata,
    upload: VersionContent,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """A new dataset of `owner_id`; the one made before when the key comes again.

    Raises Invalid when the key came with another file or other metadata before.
    """
    identifier = key.id_for(DATASET_PREFIX, owner_id) if key else new_id(DATASET_PREFIX)
    new = Dataset(id=identifier, owner_id=owner_id, metadata=metadata)
    new.sent = fingerprint(metadata, upload.file.sha256)
    new.register(upload.model_copy(update={"modified": metadata.modified}))
    dataset = store.of(Dataset).add(new)
    if key:
        # Datasets from before fingerprints were kept are taken to be as they were sent.
        said = fingerprint(dataset.metadata, dataset.versions[0].file.sha256)
        key.check_same(dataset.sent or said, new.sent)
    return dataset


def register_version(
    store: Store, dataset_id: str, owner_id: str, upload: VersionContent
) -> Dataset:
    """Another version of the owner's dataset, unless the bytes are those of its newest.

    Raises Forbidden for anybody else's dataset, NotFound when it is not even public.
    """

    def add_version(dataset: Dataset) -> None:
        dataset.check_owner(owner_id, "y ajoute des versions")
        dataset.register(upload)

    return store.of(Dataset).change(dataset_id, add_version)


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
        lambda dataset: dataset.publish(
            event.dataset_version, table, profile, event.job_id, keys, manifest=event.result
        ),
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


def note_waiting(store: Store, envelope: Envelope[JobGivenUp | JobRetried]) -> None:
    """An ingest job waits for an operator, or one put it back into the queue."""
    event, reason = envelope.data, ""
    if event.kind != "ingest" or event.dataset_id is None:
        return
    if isinstance(event, JobGivenUp):
        reason = f"lecture suspendue : {event.reason} ; un exploitant du Datalab doit la relancer"
    store.of(Dataset).change(
        event.dataset_id,
        lambda dataset: dataset.note_waiting(event.dataset_version, reason, envelope.sequence),
        because=envelope,
    )
