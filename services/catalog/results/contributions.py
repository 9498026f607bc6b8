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
from shared.store import Store
from shared.words import quoted


def contributions_of(store: Store, result: Dataset) -> tuple[Contribution, ...]:
    """The restricted datasets that any version of the result is made of, each once.

    What went into a result that it is made of comes after that result, with the way it took.
    Members who decide on it, of whose data nothing more is known, have one without a dataset.
    """
    found: dict[str, Contribution] = {}
    for one in _walk(store, result, frozenset({result.id}), ""):
        found.setdefault(one.dataset_id, one)
    named = {one.member_id for one in found.values()}
    unknown = (
        Contribution(member_id=member, dataset_id="", title="")
        for member in result.source_owners
        if member not in named
    )
    return (*found.values(), *unknown)


def _walk(
    store: Store, result: Dataset, above: frozenset[str], through: str
) -> Iterator[Contribution]:
    for version in result.versions:
        made = version.provenance
        if made is None:
            continue
        inputs = {one.dataset_id: store.of(Dataset).find_one(one.dataset_id) for one in made.inputs}
        readings = _readings(made, inputs)
        for dataset_id, dataset in inputs.items():
            if dataset is None or dataset_id in above or not _is_counted(dataset, made, result):
                continue
            shown = tuple(_told(readings.get(dataset_id))) if not through else (through,)
            yield Contribution(
                member_id=dataset.owner_id,
                dataset_id=dataset_id,
                title=dataset.metadata.title,
                shown=shown,
            )
            way = f"à travers {quoted(dataset.metadata.title)}"
            yield from _walk(store, dataset, above | {dataset_id}, through or way)


def _is_counted(dataset: Dataset, made: VersionProvenance, result: Dataset) -> bool:
    """Whether it was restricted when it went in; its owner being among those who decide, it was."""
    return dataset.id in made.restricted_ids or (
        dataset.metadata.access == "restricted" and dataset.owner_id in result.insiders
    )


def _readings(made: VersionProvenance, inputs: dict[str, Dataset | None]) -> dict[str, Reading]:
    """What the treatment read of each; nothing where it is not known how it ran."""
    versions = {one.dataset_id: one.version for one in made.inputs}
    columns = {
        dataset_id: _columns(dataset, versions[dataset_id])
        for dataset_id, dataset in inputs.items()
    }
    try:
        treatment = Treatment(
            inputs={one.name: one.dataset_id for one in made.inputs}, steps=made.steps
        )
        return readings_of(treatment, columns)
    except (Invalid, ValidationError, KeyError):
        return {}


def _columns(dataset: Dataset | None, number: int) -> tuple[str, ...] | None:
    versions: list[Version] = dataset.versions if dataset else []
    profile = next((one.profile for one in versions if one.number == number), None)
    return tuple(column.name for column in profile.columns) if profile else None


def _told(reading: Reading | None) -> Iterator[str]:
    if reading is None:
        return
    if reading.columns is None:
        yield "ce qu'en montre le traitement n'est pas connu"
    for shown in reading.shown:
        yield _sentence(shown)


def _sentence(shown: Shown) -> str:
    groups = [column_of(one) for one in shown.by or ()]
    figures = figures_in_french([one for one in shown.figures if one not in groups])
    if shown.by is None:
        return f"{figures}, ligne par ligne"
    told = ", ".join(map(quoted, groups))
    if not figures:
        return f"les valeurs de {told}"
    return f"{figures}, par {told}" if told else f"{figures}, en tout"
