"""Tells owners and projects what a dataset that was just published can be joined with."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.catalog import metrics
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import datasets_of
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import Join, disclosed_join
from shared.auth import Caller
from shared.engine.tables.key_file import COARSE
from shared.events import DatasetPublished, Envelope, Joined, JoinsDiscovered
from shared.store import Store

_BEST = 10
"""How many other datasets are told, each by its best join."""

_WORTH_TELLING = 0.1
"""Share of one side's values that must be on the other; a list of joins has no such limit."""

_LOOKED_AT = 1000
_MOST_PROJECTS = 50


def tell_joins(
    store: Store, join_index: JoinIndexService, envelope: Envelope[DatasetPublished]
) -> None:
    """Record on the dataset what it can be joined with, in one write; nothing for no join.

    Joins with data that one of those who are told may not read are told as `disclosed_join` has it.
    An event of a version that is not the published one any more changes nothing: the newer one has
    its own.
    """
    published = envelope.data
    dataset = store.of(Dataset).get(published.dataset_id)
    if dataset.published is None or dataset.published.number != published.version:
        return
    best = join_index.ask(dataset.id, lambda index: _best(index, dataset.id, dataset.owner_id))
    others = datasets_of(store, (join.there.dataset_id for join in best))
    dataset_joins = [
        _DatasetJoin(join, dataset, other)
        for join in best
        if (other := others[join.there.dataset_id])
    ]
    events = [
        *_for_owners(published, dataset_joins),
        *_for_projects(store, published, dataset_joins),
    ]
    if not events:
        return
    store.of(Dataset).change(dataset.id, lambda dataset: dataset.tell(events), because=envelope)
    dataset_ids = {join.dataset_id for event in events for join in event.joins}
    metrics.joins_found.labels("catalog").inc(len(dataset_ids))


class _DatasetJoin(NamedTuple):
    """A join between the dataset that was published, `here`, and another."""

    join: Join
    here: Dataset
    there: Dataset

    def told_to(self, members: Iterable[str]) -> Iterator[Joined]:
        """The join as far as all these members may know it; nothing when they may not."""
        callers = [Caller(member, frozenset()) for member in members]
        sides = {self.join.here: self.here, self.join.there: self.there}
        closed = {
            column
            for column, side in sides.items()
            if not all(side.may_be_downloaded_by(caller) for caller in callers)
        }
        if any(held.column.is_identifying and _is_silent(sides[held]) for held in closed):
            return
        join = disclosed_join(self.join, closed)
        if join and max(join.containment or 0.0, join.contained or 0.0) >= _WORTH_TELLING:
            shares = {"containment": join.containment or 0.0, "contained": join.contained or 0.0}
            yield Joined(
                dataset_id=self.there.id,
                title=self.there.metadata.title,
                owner_id=self.there.owner_id,
                **join.summary_fields | shares,
            )


def _is_silent(dataset: Dataset) -> bool:
    """Whether others are told nothing of joins by its identifiers."""
    return dataset.metadata.access == "restricted" and not dataset.metadata.joins_shown


def _best(index: JoinIndex, dataset_id: str, owner_id: str) -> list[Join]:
    """The best join with each other dataset, but for coarse ones.

    What its owner is not told takes no place of what it is: who counts would learn that there is a
    join.
    """
    joins = index.joins(dataset_id)
    is_silent = index.silence(lambda owner: owner == owner_id)
    best: tuple[dict[str, Join], dict[str, Join]] = {}, {}
    for join in joins.chosen(joins.at_least(_WORTH_TELLING)[:_LOOKED_AT]):
        best_by_dataset = best[is_silent(join)]
        if join.here.column.space not in COARSE and len(best_by_dataset) < _BEST:
            best_by_dataset.setdefault(join.there.dataset_id, join)
    return [join for best_by_dataset in best for join in best_by_dataset.values()]


def _for_owners(
    published: DatasetPublished, dataset_joins: list[_DatasetJoin]
) -> Iterator[JoinsDiscovered]:
    """For the dataset's owner and those of the others, who are all told the same."""
    audience = {published.owner_id, *(pair.there.owner_id for pair in dataset_joins)}
    joins = [join for pair in dataset_joins for join in pair.told_to(audience)]
    if not joins:
        return
    owners = {join.owner_id for join in joins} - {published.owner_id}
    yield JoinsDiscovered(
        dataset_id=published.dataset_id,
        owner_id=published.owner_id,
        member_ids=tuple(sorted(owners)),
        title=published.title,
        published_id=published.dataset_id,
        joins=tuple(joins),
    )


def _for_projects(
    store: Store, published: DatasetPublished, dataset_joins: list[_DatasetJoin]
) -> Iterator[JoinsDiscovered]:
    """For each open project that brings one of these datasets, or needs a key of the new one."""
    needed = [*published.keys, *(pair.there.id for pair in dataset_joins)]
    where = {"needs": {"$in": needed}, "closed": False}
    for access in store.of(ProjectAccess).find(where, limit=_MOST_PROJECTS):
        if access.holder_id == published.owner_id:
            continue
        joins = [join for pair in dataset_joins for join in pair.told_to([access.holder_id])]
        own = tuple(join for join in joins if join.dataset_id in access.needs)
        keys = tuple(key for key in published.keys if key in access.needs)
        # That there is any join, if only with others' data, is not told either when it is hidden.
        if joins and (own or keys):
            yield JoinsDiscovered(
                project_id=access.id,
                holder_id=access.holder_id,
                title=published.title,
                published_id=published.dataset_id,
                keys=keys,
                joins=own,
            )
