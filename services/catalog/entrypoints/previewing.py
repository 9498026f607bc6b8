"""What is told of a treatment before it runs: tables, keys, licence, owners."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.catalog.access.asking import columns_of, is_answered
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.joins import key_matches, treatment_inputs
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.licences.compatibility import compatibility_of
from services.catalog.results.crossing import known_sources
from shared.auth import INSIDE, Caller
from shared.engine.analysis.column_uses import DatasetUse, uses_of
from shared.engine.analysis.lineage import Reading, readings_of
from shared.engine.analysis.preview import AskedOwner, KnownPreview, PlannedTreatment
from shared.errors import Invalid
from shared.messaging import rpc
from shared.store import Store


class Previewing:
    """For those who make a treatment, by compute."""

    documents: Store
    joins: JoinIndexService

    @rpc
    def preview_inputs(
        self, treatment: dict[str, Any], member_id: str = "", *, is_staff: bool = False
    ) -> KnownPreview:
        """What a member may know of a treatment before it runs; without one, what everybody may."""
        caller = INSIDE if is_staff else Caller(member_id, frozenset())
        asked = PlannedTreatment.model_validate(treatment)
        datasets = treatment_inputs.known_datasets(self.documents, asked, caller)
        known_datasets = [dataset for dataset in datasets.values() if dataset]
        licence = compatibility_of(
            source for dataset in known_datasets for source in known_sources(dataset, caller)
        )
        matches = key_matches.matches_of(self.joins, asked, datasets, caller)
        crossings = (crossing for _, crossing in matches if crossing)
        readings = _readings(asked, datasets)
        answered = _answered(asked, datasets, member_id)
        protected = [dataset for dataset in known_datasets if _is_protected(dataset, member_id)]
        asked_for = [
            dataset for dataset in protected if not (dataset.open_tables and dataset.id in answered)
        ]
        return KnownPreview(
            inputs=treatment_inputs.inputs_of(datasets, crossings, caller),
            matches=tuple(match for match, _ in matches),
            proposed=key_matches.proposed(self.joins, asked, datasets, caller),
            asked=tuple(_asked_owner(dataset, readings) for dataset in asked_for),
            reads=tuple(_reads(readings, datasets)),
            licence=licence.title,
            obligations=tuple(
                f"{obligation.text} ({', '.join(obligation.sources)})"
                for obligation in licence.obligations
            ),
            attribution=licence.attribution,
            conflict=licence.conflict.reason if licence.conflict else "",
            persons=tuple(_about_persons(known_datasets)),
            protected=tuple(
                dataset.metadata.title
                for dataset in protected
                if dataset.is_reviewed and dataset.id not in answered
            ),
        )


def _about_persons(datasets: Iterable[Dataset]) -> Iterator[str]:
    """What each dataset holds of persons, where it does, in French."""
    for dataset in datasets:
        if dataset.published and dataset.published.about_persons:
            yield f"« {dataset.metadata.title} » : {dataset.published.about_persons}"


def _answered(treatment: PlannedTreatment, datasets: DatasetsById, member_id: str) -> set[str]:
    """The ids of the datasets for which their protected tables answer."""
    return {
        dataset.id
        for dataset in datasets.values()
        if treatment.steps and dataset and is_answered(treatment, dataset, datasets, member_id)
    }


def _readings(treatment: PlannedTreatment, datasets: DatasetsById) -> dict[str, Reading]:
    """What the treatment reads of each dataset; empty as long as it cannot run."""
    try:
        return readings_of(treatment, columns_of(datasets)) if treatment.steps else {}
    except Invalid:
        return {}


def _reads(readings: Mapping[str, Reading], datasets: DatasetsById) -> Iterator[DatasetUse]:
    """What is read of each dataset that the member may know of, and what for."""
    columns = columns_of(datasets)
    for dataset_id, reading in readings.items():
        if dataset := datasets.get(dataset_id):
            uses = uses_of(reading, _persons(dataset))
            others = len(columns[dataset_id] or ()) - len(uses or ())
            fields = {"columns": uses, "others": others if uses is not None else 0}
            yield DatasetUse(dataset_id=dataset_id, title=dataset.metadata.title, **fields)


def _persons(dataset: Dataset) -> dict[str, str]:
    privacy = dataset.published.privacy if dataset.published else None
    return (
        {finding.column: finding.kind_in_french for finding in privacy.findings} if privacy else {}
    )


def _asked_owner(dataset: Dataset, readings: Mapping[str, Reading]) -> AskedOwner:
    """A restricted dataset of others that it reads, with its owner and columns."""
    return AskedOwner(
        dataset_id=dataset.id,
        title=dataset.metadata.title,
        owner_id=dataset.owner_id,
        columns=readings.get(dataset.id, Reading(columns=None)).columns,
    )


def _is_protected(dataset: Dataset, member_id: str) -> bool:
    return dataset.metadata.access == "restricted" and dataset.owner_id != member_id
