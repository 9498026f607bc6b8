"""What a changed treatment reads and shows beyond the one that a reviewer agreed to."""

from collections.abc import Mapping

from services.catalog.access.asking import ProjectFacts, columns_of, sentences_of_use
from services.catalog.datasets.model import Dataset, DatasetsById
from shared.engine.analysis.lineage import Reading, readings_of
from shared.errors import Invalid
from shared.events.event import ReadingChange


def changes_of(
    before: ProjectFacts, after: ProjectFacts, datasets: DatasetsById
) -> tuple[ReadingChange, ...]:
    """Datasets of which the treatment `after` reads more than `before`, or shows anything finer.

    `datasets` are those of both. Other code or another query counts where a dataset is restricted
    and not the holder's, or tells about persons: of open data it shows what anybody may read.
    """
    is_sensitive = any(
        _is_sensitive(datasets[dataset_id], after.holder_id) for dataset_id in after.reads
    )
    read, reads = _readings(before, datasets), _readings(after, datasets)
    return tuple(
        _change(dataset_id, before, after, datasets)
        for dataset_id in dict.fromkeys(after.reads)
        if not _covers(read.get(dataset_id), reads.get(dataset_id), is_sensitive=is_sensitive)
    )


def differing(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The sentences that no longer hold, and the new ones."""
    gone = [sentence for sentence in before if sentence not in after]
    return gone, [sentence for sentence in after if sentence not in before]


def _is_sensitive(dataset: Dataset | None, holder_id: str) -> bool:
    if dataset is None:
        return True
    version = dataset.published
    persons = version.screened_privacy.verdict if version and version.screened_privacy else "none"
    return persons != "none" or bool(dataset.deciders(holder_id))


def _readings(facts: ProjectFacts, datasets: DatasetsById) -> Mapping[str, Reading]:
    """What is read of each dataset, by id; empty when the treatment cannot run."""
    try:
        return readings_of(facts.treatment, columns_of(datasets))
    except Invalid:
        return {}


def _covers(before: Reading | None, after: Reading | None, *, is_sensitive: bool) -> bool:
    if before is None or after is None:
        return False
    without_code = {} if is_sensitive else {"code": ()}
    return before.covers(after.model_copy(update=without_code))


def _change(
    dataset_id: str, before: ProjectFacts, after: ProjectFacts, datasets: DatasetsById
) -> ReadingChange:
    dataset = datasets[dataset_id]
    sentences_before, sentences_after = (
        tuple(sentences_of_use(facts, dataset_id, datasets)) if dataset_id in facts.reads else ()
        for facts in (before, after)
    )
    gone, new = differing(sentences_before, sentences_after)
    return ReadingChange(
        dataset_id=dataset_id,
        title=dataset.metadata.title if dataset and dataset.is_known else "",
        before=tuple(gone),
        after=tuple(new),
    )
