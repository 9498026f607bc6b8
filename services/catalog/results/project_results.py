"""Puts the results of delivered projects into the catalogue, with how they were made."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

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
from services.catalog.licences.compatibility import Compatibility, Terms, compatibility_of, terms_of
from shared.aggregate import caused_id
from shared.engine.tables.manifest import RESULT, Manifest
from shared.events import Envelope, ProjectDelivered, ServiceRenewed
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
    origin = _origin_of(store, files, event)
    terms = terms_of(event.licence, origin.compatibility)
    dataset = Dataset(
        id=caused_id(DATASET_PREFIX, envelope.id, envelope.time),
        owner_id=event.holder_id,
        metadata=_metadata_of(
            event,
            origin.manifest,
            terms.licence,
            "open" if origin.may_be_open(terms) else "restricted",
        ),
        project_id=event.project_id,
        source_owners=origin.owners,
        readers=list(event.team),
        aware=[event.site_id] if event.site_id else [],
    )
    upload = _result_of(event, origin, terms.note)
    if reason := _taken_back(store, event.project_id, origin.manifest):
        dataset.withhold(upload, f"L'accès aux données dont il est fait a été retiré : {reason}")
    else:
        dataset.register(upload)
    return store.of(Dataset).add(dataset, because=envelope)


def add_edition(store: Store, files: Storage, envelope: Envelope[ServiceRenewed]) -> None:
    """Add the next edition of a service's result to its dataset, unless that is there no more.

    It is as restricted as the strictest that any edition was made of.
    """
    event = envelope.data
    dataset = store.of(Dataset).find_one(event.dataset_id)
    if dataset is None or dataset.project_id != event.project_id:
        return
    origin = _origin_of(store, files, event)
    terms = terms_of(dataset.metadata.licence, origin.compatibility)
    upload = _result_of(event, origin, terms.note)

    def add(dataset: Dataset) -> None:
        if not dataset.retirement:
            is_open = origin.may_be_open(terms)
            dataset.add_edition(upload, origin.owners, terms.licence, may_be_open=is_open)

    store.of(Dataset).change(dataset.id, add, because=envelope)


class _Origin(NamedTuple):
    """What a result was made of: the datasets by id that were restricted, and whose they are."""

    manifest: Manifest
    restricted_ids: list[str]
    owners: list[str]
    compatibility: Compatibility

    def may_be_open(self, terms: Terms) -> bool:
        """Whether all may read it: nothing restricted is in it, nor too much about persons."""
        privacy = privacy_of(self.manifest)
        is_safe = privacy is None or privacy.is_safe
        return terms.is_publishable and not self.owners and is_safe


def _origin_of(store: Store, files: Storage, event: ProjectDelivered | ServiceRenewed) -> _Origin:
    manifest = read_manifest(files, event.result)
    read = list(_datasets_of(store, manifest))
    restricted = [dataset for dataset, _ in read if dataset.was_restricted(manifest.started)]
    compatibility = compatibility_of(
        source for data, version in read for source in data.sources(version)
    )
    return _Origin(
        manifest,
        sorted({dataset.id for dataset in restricted}),
        sorted({member for dataset in restricted for member in dataset.insiders}),
        compatibility,
    )


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
    event: ProjectDelivered | ServiceRenewed, origin: _Origin, note: str
) -> VersionContent:
    manifest, compatibility = origin.manifest, origin.compatibility
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
            restricted_ids=tuple(origin.restricted_ids),
            sources=compatibility.sources,
            attribution=compatibility.attribution,
            privacy=privacy_of(manifest),
            steps=manifest.steps,
            software=manifest.software,
        ),
    )
