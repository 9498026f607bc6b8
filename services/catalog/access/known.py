"""What is known of datasets before a treatment of them is sent: their columns, keys and counts."""

from collections.abc import Callable

from services.catalog.access.obstacles import UNKNOWN, obstacle_of
from services.catalog.datasets.model import Dataset, Wanted
from shared.tables.manifest import Profile
from shared.treatments.known_tables import KnownColumn, KnownTable

ShownProfile = Callable[[Dataset], Profile | None]
"""What of a dataset's columns may be seen."""


def published_profile(dataset: Dataset) -> Profile | None:
    """What everybody sees of its columns."""
    return dataset.profile


def known_tables(
    wanted: Wanted, profile_of: ShownProfile = published_profile
) -> tuple[KnownTable, ...]:
    """Datasets as somebody knows them; None stands for one that this one may not know of."""
    return tuple(_known(one, dataset, profile_of) for one, dataset in wanted.items())


def _known(dataset_id: str, dataset: Dataset | None, profile_of: ShownProfile) -> KnownTable:
    obstacle = obstacle_of(dataset_id, dataset)
    reason = obstacle.reason if obstacle else ""
    if dataset is None or dataset.retirement:
        return KnownTable(dataset_id=dataset_id, reason=reason or UNKNOWN, is_lost=True)
    if dataset.metadata.content == "files":
        about = {"title": dataset.metadata.title, "is_files": True}
        return KnownTable(dataset_id=dataset_id, columns=(), reason=reason, **about)
    profile = profile_of(dataset)
    return KnownTable(
        dataset_id=dataset_id,
        title=dataset.metadata.title,
        rows=profile.rows if profile else None,
        columns=tuple(map(KnownColumn.of, profile.columns)) if profile else None,
        reason=reason,
    )
