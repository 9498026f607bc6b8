"""Puts owners' files into the catalogue, and publishes them as the sandbox reads them."""

from services.catalog import metrics
from services.catalog.datasets.manifests import output_of, profile_of, read_manifest
from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import DATASET_PREFIX, Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.datasets.views import SameBytes
from services.catalog.datasets.visibility import with_bytes
from shared.aggregate import new_id
from shared.auth import Caller
from shared.engine.tables.files import LISTING
from shared.engine.tables.key_file import KEYS
from shared.engine.tables.manifest import TABLE
from shared.errors import WrongStage
from shared.events import Envelope, JobCancelled, JobFailed, JobGivenUp, JobRetried, JobSucceeded
from shared.inbound import IdempotencyKey, fingerprint
from shared.language.french import quoted
from shared.storage import Storage
from shared.store import Store


def register_upload(
    store: Store,
    owner_id: str,
    metadata: Metadata,
    upload: VersionContent,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Register an upload as a new dataset; return the earlier one when the key comes again.

    Raises Invalid when the key came with another file or other metadata before.
    """
    identifier = key.id_for(DATASET_PREFIX, owner_id) if key else new_id(DATASET_PREFIX)
    new = Dataset(id=identifier, owner_id=owner_id, metadata=metadata)
    new.sent = fingerprint(metadata, upload.file.sha256, *filter(None, [upload.sheet]))
    new.register(upload.model_copy(update={"modified": metadata.modified}))
    dataset = store.of(Dataset).add(new)
    if key:
        # Datasets from before fingerprints were kept are taken to be as they were sent.
        recomputed = fingerprint(dataset.metadata, dataset.versions[0].file.sha256)
        key.check_same(dataset.sent or recomputed, new.sent)
    return dataset


def register_version(
    store: Store, dataset_id: str, owner_id: str, upload: VersionContent
) -> tuple[Dataset, bool]:
    """Register another version; return the dataset, and whether the version is new.

    Raises Forbidden for anybody else's dataset, NotFound when it is not even public, WrongStage for
    protected tables, which the lab makes.
    """
    before = 0

    def add_version(dataset: Dataset) -> None:
        nonlocal before
        dataset.check_owner(owner_id, "y ajoute des versions")
        if dataset.tables_of:
            # Nothing else is spared the screening for personal data.
            raise WrongStage(f"ces tableaux se font du jeu {dataset.tables_of}, et de rien d'autre")
        before = len(dataset.versions)
        dataset.register(upload)

    dataset = store.of(Dataset).change(dataset_id, add_version)
    return dataset, len(dataset.versions) > before


def same_bytes(
    store: Store, caller: Caller, uploaded: Dataset, sha256: str, *, is_new: bool = True
) -> list[SameBytes]:
    """Versions with the bytes of an upload; with `is_new`, all but the uploaded version itself."""
    copies = []
    for dataset, version in with_bytes(store, caller, sha256):
        is_itself = dataset.id == uploaded.id
        if is_itself and is_new and version.number == uploaded.versions[-1].number:
            continue
        where = "ce jeu" if is_itself else f"{quoted(dataset.metadata.title)} ({dataset.id})"
        message = f"ce fichier est, octet pour octet, la version {version.number} de {where}"
        if is_itself and not is_new:
            message += " : aucune version n'est ajoutée"
        elif not is_itself and dataset.owner_id == uploaded.owner_id:
            message += " : si c'est le même jeu, retirez l'un des deux"
        copies.append(
            SameBytes(
                dataset_id=dataset.id,
                title=dataset.metadata.title,
                version=version.number,
                message=message,
            )
        )
    return copies


def publish(store: Store, files: Storage, envelope: Envelope[JobSucceeded]) -> None:
    """Publish or hold the version that an ingest job read, with its table and profile."""
    event = envelope.data
    if event.kind != "ingest" or event.dataset_id is None:
        return
    manifest = read_manifest(files, event.result)
    profile, keys = profile_of(manifest), manifest.output(KEYS)
    table = None if profile.files else output_of(manifest, TABLE)
    listing = output_of(manifest, LISTING) if profile.files else None
    store.of(Dataset).change(
        event.dataset_id,
        lambda dataset: dataset.publish(
            event.dataset_version,
            table,
            profile,
            event.job_id,
            keys,
            listing=listing,
            manifest=event.result,
        ),
        because=envelope,
    )
    if profile.privacy and not profile.files:
        metrics.versions_screened.labels("catalog", profile.privacy.verdict).inc()


def reject(store: Store, envelope: Envelope[JobFailed | JobCancelled]) -> None:
    """Reject the version that an ingest job could not read, or was stopped before it had."""
    event = envelope.data
    if event.kind != "ingest" or event.dataset_id is None:
        return
    store.of(Dataset).change(
        event.dataset_id,
        lambda dataset: dataset.reject(event.dataset_version, event.reason, event.job_id),
        because=envelope,
    )


def note_waiting(store: Store, envelope: Envelope[JobGivenUp | JobRetried]) -> None:
    """Note that an ingest job waits for an operator, or was put back into the queue."""
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
