"""Puts the results of delivered projects into the catalogue, with how they were made."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.manifests import (
    descriptions_of,
    output_of,
    privacy_of,
    read_manifest,
)
from services.catalog.datasets.metadata import AccessLevel, Metadata
from services.catalog.datasets.model import DATASET_PREFIX, Dataset
from services.catalog.datasets.versions import Version, VersionContent, VersionProvenance
from services.catalog.licences.compatibility import Compatibility, compatibility_of, terms_of
from shared.aggregate import caused_id
from shared.engine.tables.manifest import RESULT, Manifest
from shared.events import Envelope, ProjectDelivered
from shared.storage import Storage
from shared.store import Store

_Read: TypeAlias = tuple[Dataset, Version | None]


def register_result(store: Store, files: Storage, envelope: Envelope[ProjectDelivered]) -> Dataset:
    """The dataset that a delivered project gives back, with how it was made.

    Made of restricted data it is restricted too, the holder's own included: such owners may see it
    and how it was made, and decide with the holder which projects read it. What counts is how the
    data was when the job read it, and how it is now: the stricter. Made of data that was taken away
    from the project before, it is kept from everybody. It is restricted as well where the terms of
    its sources, which decide its licence, keep it from being published, and where it tells too much
    of persons. The project's team reads it, its pilot site knows of it.
    """
    event = envelope.data
    manifest = read_manifest(files, event.result)
    read = list(_datasets_of(store, manifest))
    restricted = {
        dataset.id: dataset for dataset, _ in read if dataset.was_restricted(manifest.started)
    }
    owners = sorted({member for dataset in restricted.values() for member in dataset.insiders})
    compatibility = compatibility_of(
        source for data, version in read for source in data.sources(version)
    )
    terms, privacy = terms_of(event.licence, compatibility), privacy_of(manifest)
    is_opened = terms.is_publishable and not owners and (privacy is None or privacy.is_safe)
    dataset = Dataset(
        id=caused_id(DATASET_PREFIX, envelope.id, envelope.time),
        owner_id=event.holder_id,
        metadata=_metadata_of(
            event, manifest, terms.licence, "open" if is_opened else "restricted"
        ),
        project_id=event.project_id,
        source_owners=owners,
        readers=list(event.team),
        aware=[event.site_id] if event.site_id else [],
    )
    upload = _result_of(event, manifest, sorted(restricted), compatibility, terms.note)
    if reason := _taken_back(store, event.project_id, manifest):
        dataset.withhold(upload, f"L'accès aux données dont il est fait a été retiré : {reason}")
    else:
        dataset.register(upload)
    return store.of(Dataset).add(dataset, because=envelope)


def _metadata_of(
    event: ProjectDelivered, manifest: Manifest, licence: str, access: AccessLevel
) -> Metadata:
    fields = event.model_dump(include={"title", "description", "theme", "keywords", "territory"})
    return Metadata(**fields, licence=licence, access=access, columns=descriptions_of(manifest))


def _datasets_of(store: Store, manifest: Manifest) -> Iterator[_Read]:
    """The datasets that a job read, each with the version it read."""
    for input_version in manifest.inputs:
        dataset = store.of(Dataset).find_one(input_version.dataset_id)
        if dataset:
            yield (
                dataset,
                next((v for v in dataset.versions if v.number == input_version.version), None),
            )


def _taken_back(store: Store, project_id: str, manifest: Manifest) -> str:
    access = store.of(ProjectAccess).find_one(project_id)
    # What was granted of data whose protected tables were read is the data, or these themselves.
    granted_ids = (
        dataset_id
        for dataset, _ in _datasets_of(store, manifest)
        for dataset_id in (dataset.id, dataset.tables_of if dataset.deciders("") else "")
    )
    return access.taken_back(granted_ids) if access else ""


def _result_of(
    event: ProjectDelivered,
    manifest: Manifest,
    restricted: Iterable[str],
    compatibility: Compatibility,
    note: str,
) -> VersionContent:
    return VersionContent(
        file=output_of(manifest, RESULT),
        filename=RESULT,
        note=note,
        files=tuple(output for output in manifest.outputs if not output.is_internal),
        provenance=VersionProvenance(
            project_id=event.project_id,
            job_id=event.job_id,
            manifest=event.result,
            inputs=manifest.inputs,
            restricted_ids=tuple(restricted),
            sources=compatibility.sources,
            attribution=compatibility.attribution,
            privacy=privacy_of(manifest),
            steps=manifest.steps,
            software=manifest.software,
        ),
    )
