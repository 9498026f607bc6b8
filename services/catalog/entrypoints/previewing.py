"""What is told of a treatment before it runs: tables, keys, licence, owners."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.catalog.access.asking import columns_of
from services.catalog.datasets.model import Dataset
from services.catalog.joins import key_matches, treatment_inputs
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.treatment_inputs import Known
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
        known = treatment_inputs.known_datasets(self.documents, asked, caller)
        found = [dataset for dataset in known.values() if dataset]
        licence = compatibility_of(
            source for dataset in found for source in known_sources(dataset, caller)
        )
        matches = key_matches.matches_of(self.joins, asked, known, caller)
        crossings = (crossing for _, crossing in matches if crossing)
        readings = _readings(asked, known)
        return KnownPreview(
            inputs=treatment_inputs.inputs_of(known, crossings, caller),
            matches=tuple(match for match, _ in matches),
            proposed=key_matches.proposed(self.joins, asked, known, caller),
            asked=tuple(_asked(readings, known, member_id)),
            reads=tuple(_reads(readings, known)),
            licence=licence.title,
            obligations=tuple(
                f"{one.text} ({', '.join(one.sources)})" for one in licence.obligations
            ),
            attribution=licence.attribution,
            conflict=licence.conflict.reason if licence.conflict else "",
            persons=tuple(
                f"« {one.metadata.title} » : {one.published.about_persons}"
                for one in found
                if one.published and one.published.about_persons
            ),
            protected=tuple(one.metadata.title for one in found if _is_protected(one, member_id)),
        )


def _readings(treatment: PlannedTreatment, known: Known) -> dict[str, Reading]:
    """What it reads of each dataset; of none, as long as it cannot run."""
    try:
        return readings_of(treatment, columns_of(known)) if treatment.steps else {}
    except Invalid:
        return {}


def _reads(readings: Mapping[str, Reading], known: Known) -> Iterator[DatasetUse]:
    """What is read of each dataset that the member may know of, and what for."""
    columns = columns_of(known)
    for one, reading in readings.items():
        if dataset := known.get(one):
            uses = uses_of(reading, _persons(dataset))
            others = len(columns[one] or ()) - len(uses or ())
            told = {"columns": uses, "others": others if uses is not None else 0}
            yield DatasetUse(dataset_id=one, title=dataset.metadata.title, **told)


def _persons(dataset: Dataset) -> dict[str, str]:
    found = dataset.published.privacy if dataset.published else None
    return {one.column: one.kind_in_french for one in found.findings} if found else {}


def _asked(readings: Mapping[str, Reading], known: Known, member_id: str) -> list[AskedOwner]:
    """Whose data it reads that is restricted and not the member's, and which columns."""
    return [
        AskedOwner(
            dataset_id=one,
            title=dataset.metadata.title,
            owner_id=dataset.owner_id,
            columns=readings.get(one, Reading(columns=None)).columns,
        )
        for one, dataset in known.items()
        if dataset and _is_protected(dataset, member_id)
    ]


def _is_protected(dataset: Dataset, member_id: str) -> bool:
    return dataset.metadata.access == "restricted" and dataset.owner_id != member_id
