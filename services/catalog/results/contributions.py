"""Whose restricted data went into a result, however far back, and what of it comes out."""

from collections.abc import Iterator

from pydantic import ValidationError

from services.catalog.access.asking import figures_in_french
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import Version, VersionProvenance
from services.catalog.decisions.opening_request import Contribution
from shared.engine.analysis.lineage import Reading, Shown, column_of, readings_of
from shared.errors import Invalid
from shared.events import Treatment
from shared.language.french import quoted
from shared.store import Store


def contributions_of(store: Store, result: Dataset) -> tuple[Contribution, ...]:
    """The restricted datasets that any version of the result is made of, each once.

    What went into a result that it is made of comes after that result, with the way it took.
    Members who decide on it, of whose data nothing more is known, have one without a dataset.
    """
    contributions: dict[str, Contribution] = {}
    for contribution in _walk(store, result, frozenset({result.id}), ""):
        contributions.setdefault(contribution.dataset_id, contribution)
    named = {contribution.member_id for contribution in contributions.values()}
    unknown = (
        Contribution(member_id=member, dataset_id="", title="")
        for member in result.source_owners
        if member not in named
    )
    return (*contributions.values(), *unknown)


def _walk(
    store: Store, result: Dataset, above: frozenset[str], through: str
) -> Iterator[Contribution]:
    for version in result.versions:
        provenance = version.provenance
        if provenance is None:
            continue
        inputs = {
            input_version.dataset_id: store.of(Dataset).find_one(input_version.dataset_id)
            for input_version in provenance.inputs
        }
        readings = _readings(provenance, inputs)
        for dataset_id, dataset in inputs.items():
            if (
                dataset is None
                or dataset_id in above
                or not _is_counted(dataset, provenance, result)
            ):
                continue
            sentences = (
                tuple(_sentences_of(readings.get(dataset_id))) if not through else (through,)
            )
            yield Contribution(
                member_id=dataset.owner_id,
                dataset_id=dataset_id,
                title=dataset.metadata.title,
                shown=sentences,
            )
            way = f"à travers {quoted(dataset.metadata.title)}"
            yield from _walk(store, dataset, above | {dataset_id}, through or way)


def _is_counted(dataset: Dataset, provenance: VersionProvenance, result: Dataset) -> bool:
    """Whether it was restricted when it went in: it was if its owner decides on the result."""
    return dataset.id in provenance.restricted_ids or (
        dataset.metadata.access == "restricted" and dataset.owner_id in result.insiders
    )


def _readings(
    provenance: VersionProvenance, inputs: dict[str, Dataset | None]
) -> dict[str, Reading]:
    """What the treatment read of each dataset; empty where its run is not known."""
    versions = {
        input_version.dataset_id: input_version.version for input_version in provenance.inputs
    }
    columns = {
        dataset_id: _columns(dataset, versions[dataset_id])
        for dataset_id, dataset in inputs.items()
    }
    try:
        treatment = Treatment(
            inputs={
                input_version.name: input_version.dataset_id for input_version in provenance.inputs
            },
            steps=provenance.steps,
        )
        return readings_of(treatment, columns)
    except (Invalid, ValidationError, KeyError):
        return {}


def _columns(dataset: Dataset | None, number: int) -> tuple[str, ...] | None:
    versions: list[Version] = dataset.versions if dataset else []
    profile = next((version.profile for version in versions if version.number == number), None)
    return tuple(column.name for column in profile.columns) if profile else None


def _sentences_of(reading: Reading | None) -> Iterator[str]:
    if reading is None:
        return
    if reading.columns is None:
        yield "ce qu'en montre le traitement n'est pas connu"
    for output in reading.shown:
        yield _sentence(output)


def _sentence(output: Shown) -> str:
    groups = [column_of(origin) for origin in output.by or ()]
    figures = figures_in_french([figure for figure in output.figures if figure not in groups])
    if output.by is None:
        return f"{figures}, ligne par ligne"
    group_names = ", ".join(map(quoted, groups))
    if not figures:
        return f"les valeurs de {group_names}"
    return f"{figures}, par {group_names}" if group_names else f"{figures}, en tout"
