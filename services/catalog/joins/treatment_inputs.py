"""What is known of the tables that a treatment reads, and of the rows that its crossings make."""

from collections.abc import Iterable, Mapping

from services.catalog.access.obstacles import UNKNOWN, obstacle_of
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import datasets_of
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import DatasetColumn, Join
from shared.auth import Caller
from shared.events import Treatment
from shared.store import Store
from shared.tables.manifest import Profile
from shared.treatments.dataset_crossings import DatasetCrossing, dataset_crossings
from shared.treatments.known_tables import KnownColumn, KnownCrossing, KnownInputs, KnownTable

Known = Mapping[str, Dataset | None]
"""Datasets by id; None for one that the caller may not know of."""


def describe(
    store: Store, join_index: JoinIndexService, treatment: Treatment, caller: Caller
) -> KnownInputs:
    """The tables of a treatment as `caller` may know them, and its crossings as it may count them.

    Rows are counted of crossings whose two datasets are open or the caller's own: counts against
    other data would tell which values are in it. Raises Invalid for a wrong parameter of a step.
    """
    known = known_datasets(store, treatment, caller)
    counted = (
        _counted(join_index, one)
        for one in dataset_crossings(treatment)
        if may_count(known, (one.left, one.right), caller)
    )
    return inputs_of(known, (one for one in counted if one), caller)


def known_datasets(store: Store, treatment: Treatment, caller: Caller) -> Known:
    """The datasets that a treatment reads, as far as `caller` may know of them."""
    return {
        one: dataset if dataset and dataset.may_be_known_to(caller) else None
        for one, dataset in datasets_of(store, treatment.inputs.values()).items()
    }


def inputs_of(known: Known, crossings: Iterable[KnownCrossing], caller: Caller) -> KnownInputs:
    """Those datasets as tables that `caller` may know, with what was counted of crossings."""
    tables = tuple(_known(one, dataset, caller) for one, dataset in known.items())
    return KnownInputs(tables=tables, crossings=tuple(crossings))


def _known(dataset_id: str, dataset: Dataset | None, caller: Caller) -> KnownTable:
    obstacle = obstacle_of(dataset_id, dataset)
    reason = obstacle.reason if obstacle else ""
    if dataset is None or dataset.retirement:
        return KnownTable(dataset_id=dataset_id, reason=reason or UNKNOWN, is_lost=True)
    about = {"dataset_id": dataset_id, "title": dataset.metadata.title, "reason": reason}
    if dataset.metadata.content == "files":
        return KnownTable(**about, columns=(), is_files=True)
    profile = _profile(dataset, caller)
    return KnownTable(
        **about,
        rows=profile.rows if profile else None,
        totals=sum(one.count for one in profile.totals if one.ranges) if profile else 0,
        total_rows=profile.total_rows if profile and _may_see_rows(dataset, caller) else (),
        columns=tuple(map(KnownColumn.of, profile.columns)) if profile else None,
    )


def _may_see_rows(dataset: Dataset, caller: Caller) -> bool:
    """Whether where a row stands tells `caller` nothing that the data would not."""
    return dataset.metadata.access == "open" or caller.may_see(*dataset.insiders)


def _profile(dataset: Dataset, caller: Caller) -> Profile | None:
    """What everybody sees of its columns; of what is not published, what its insiders see."""
    shown = dataset.shown if caller.may_see(*dataset.insiders) else dataset.published
    return shown.profile if shown else None


def may_count(known: Known, dataset_ids: Iterable[str], caller: Caller) -> bool:
    """Whether the index may count values of all these datasets exactly for `caller`."""
    return all(_may_count(known.get(one), caller) for one in dataset_ids)


def _may_count(dataset: Dataset | None, caller: Caller) -> bool:
    if dataset is None or not dataset.published or dataset.retirement:
        return False
    return dataset.metadata.access == "open" or caller.may_see(dataset.owner_id)


def join_of(crossing: DatasetCrossing, joins: Iterable[Join]) -> Join | None:
    """The one of `joins` that the crossing makes, by its columns and crosswalks."""
    told = crossing.parameters
    wanted = (
        (crossing.right, (told.left_key,), (told.right_key,)),
        (told.left_via or "", told.right_via or ""),
    )
    for one in joins:
        here, there = one.here.column, one.there.column
        columns = one.there.dataset_id, here.columns, there.columns
        if (columns, (here.via, there.via)) == wanted:
            return one
    return None


def known_crossing(index: JoinIndex, crossing: DatasetCrossing, found: Join) -> KnownCrossing:
    """The rows that the crossing makes, counted from the values of its keys."""
    left_most, right_most = index.most_rows(found.here, found.there)
    left, right = rows_met(index, found)
    # Two keys that lead to several may meet at several of them: that makes one row.
    is_doubtful = found.here.leads_to_several and found.there.leads_to_several
    times = found.multiplication
    return KnownCrossing(
        step=crossing.step,
        left=left,
        right=right,
        joined=None if is_doubtful else found.rows_joined,
        left_most=left_most,
        right_most=right_most,
        multiplies_left=times in {"one_to_many", "many_to_many"},
        multiplies_right=times in {"many_to_one", "many_to_many"},
        is_cut=found.here.column.is_cut or found.there.column.is_cut,
    )


def rows_met(index: JoinIndex, found: Join) -> tuple[int | None, int | None]:
    """How many rows meet some, here and there; None where the values do not tell."""
    sides = (found.here, found.rows_here), (found.there, found.rows_there)
    here, there = (_rows_met(index, held, met) for held, met in sides)
    return here, there


def _rows_met(index: JoinIndex, held: DatasetColumn, met: int) -> int | None:
    """Of rows that stand under several values, from how often they meet under one."""
    if not held.leads_to_several:
        return met
    # Under values that meet nothing stand rows that meet nothing, and others that do elsewhere.
    least = held.column.rows - (index.standing(held) - met)
    most = min(met, held.column.rows)
    return most if least == most else None


def _counted(join_index: JoinIndexService, crossing: DatasetCrossing) -> KnownCrossing | None:
    """The rows of a crossing by the values of its keys; None where the index has them not."""

    def look(index: JoinIndex) -> KnownCrossing | None:
        found = join_of(crossing, index.joins(crossing.left, crossing.parameters.left_key))
        return known_crossing(index, crossing, found) if found else None

    # The index takes in what it is asked about first: both, or it may know one of them as it was.
    join_index.ask(crossing.right, lambda _index: None)
    return join_index.ask(crossing.left, look)
