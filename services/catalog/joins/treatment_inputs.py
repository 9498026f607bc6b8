"""What is known of the tables that a treatment reads, and of the rows that its crossings make."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from services.catalog.access.asking import columns_of
from services.catalog.access.obstacles import UNKNOWN, obstacle_of
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.datasets.versions import Version
from services.catalog.datasets.visibility import datasets_of
from services.catalog.joins.compared_keys import ComparedKeys, compare
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from shared.auth import Caller
from shared.engine.analysis.dataset_crossings import DatasetCrossing, dataset_crossings
from shared.engine.analysis.known_tables import KnownCrossing, KnownInputs, KnownTable
from shared.engine.tables.key_file import KeyColumn
from shared.engine.tables.multiplicity import Multiplicity
from shared.events import Treatment
from shared.store import Store

T = TypeVar("T")


def describe(
    store: Store, join_index: JoinIndexService, treatment: Treatment, caller: Caller
) -> KnownInputs:
    """The tables of a treatment as `caller` may know them, and its crossings as it may count them.

    Rows are counted of crossings whose two datasets are open or the caller's own: counts against
    other data would tell which values are in it. Raises Invalid for a wrong parameter of a step.
    """
    datasets = known_datasets(store, treatment, caller)
    counted = (
        _counted(join_index, crossing)
        for crossing in dataset_crossings(treatment, columns_of(datasets))
        if crossing.is_exact and may_count(datasets, crossing.dataset_ids, caller)
    )
    return inputs_of(datasets, (crossing for crossing in counted if crossing), caller)


def known_datasets(store: Store, treatment: Treatment, caller: Caller) -> DatasetsById:
    """The datasets that a treatment reads, as far as `caller` may know of them."""
    return {
        dataset_id: dataset if dataset and dataset.may_be_known_to(caller) else None
        for dataset_id, dataset in datasets_of(store, treatment.inputs.values()).items()
    }


def inputs_of(
    datasets: DatasetsById, crossings: Iterable[KnownCrossing], caller: Caller
) -> KnownInputs:
    """These datasets as tables that `caller` may know, with the crossings that were counted."""
    tables = tuple(
        _known_table(dataset_id, dataset, caller) for dataset_id, dataset in datasets.items()
    )
    return KnownInputs(tables=tables, crossings=tuple(crossings))


def _known_table(dataset_id: str, dataset: Dataset | None, caller: Caller) -> KnownTable:
    obstacle = obstacle_of(dataset_id, dataset, caller.member_id)
    reason = obstacle.reason if obstacle else ""
    if dataset is None or dataset.retirement or dataset.is_read_by_source(caller.member_id):
        return KnownTable(dataset_id=dataset_id, reason=reason or UNKNOWN, is_lost=True)
    about: dict[str, Any] = {"dataset_id": dataset_id, "reason": reason}
    about["title"] = dataset.metadata.title
    if dataset.metadata.content == "files":
        return KnownTable(**about, columns=(), is_files=True)
    about["territory"] = dataset.metadata.territory
    version = _version(dataset, caller)
    if version is None or version.profile is None:
        return KnownTable(**about)
    about |= {"size": version.table and version.table.size, "on_cluster": dataset.goes_on_cluster}
    can_read = dataset.may_be_downloaded_by(caller)
    profile = version.profile if can_read else version.profile.without_values()
    table = KnownTable.of(profile, **about)
    if dataset.deciders(caller.member_id):
        update = {"facts": dataset.answering_tables, "is_restricted": True}
        table = table.model_copy(update=update)
    return table if dataset.shows_counts_to(caller) else table.without_counts()


def _version(dataset: Dataset, caller: Caller) -> Version | None:
    """The version that everybody sees; of what is not published, the one that insiders see."""
    return dataset.current_version if caller.may_see(*dataset.insiders) else dataset.published


def may_count(datasets: DatasetsById, dataset_ids: Iterable[str], caller: Caller) -> bool:
    """Whether the index may count values of all these datasets exactly for `caller`."""
    return all(_may_count(datasets.get(dataset_id), caller) for dataset_id in dataset_ids)


def _may_count(dataset: Dataset | None, caller: Caller) -> bool:
    if dataset is None or not dataset.published or dataset.retirement:
        return False
    return dataset.metadata.access == "open" or caller.may_see(dataset.owner_id)


class CrossedKeys(NamedTuple):
    """The keys of a crossing as the index has them, compared as its job does."""

    left: KeyColumn
    right: KeyColumn
    compared: ComparedKeys


def ask_of_both(
    join_index: JoinIndexService, dataset_ids: tuple[str, str], question: Callable[[JoinIndex], T]
) -> T:
    """The answer from an index that knows both datasets as they are saved now."""
    left, right = dataset_ids
    # It takes in what it is asked about first: both, or it may know one of them as it was.
    join_index.ask(right, lambda _index: None)
    return join_index.ask(left, question)


def keys_in(index: JoinIndex, crossing: DatasetCrossing) -> CrossedKeys | None:
    """The keys of a crossing in an index that knows both datasets; None where one is no key."""
    left, right = (index.key(key.dataset_id, key.column) for key in crossing.keys)
    if left is None or right is None:
        return None
    parameters = crossing.parameters
    compared = compare(left[1], right[1], parameters.left_via or "", parameters.right_via or "")
    return CrossedKeys(left[0], right[0], compared)


def known_crossing(step: int, keys: CrossedKeys) -> KnownCrossing:
    """The rows that a crossing of these keys makes."""
    left, right, _common, joined = keys.compared
    return KnownCrossing(
        step=step,
        left=left.rows_met,
        right=right.rows_met,
        joined=joined,
        left_most=right.most or 0,
        right_most=left.most or 0,
        multiplies_left=Multiplicity(left.most).repeats,
        multiplies_right=Multiplicity(right.most).repeats,
        is_cut=keys.left.is_cut or keys.right.is_cut,
    )


def _counted(join_index: JoinIndexService, crossing: DatasetCrossing) -> KnownCrossing | None:
    """The rows of a crossing by the values of its keys; None where the index has them not."""

    def look(index: JoinIndex) -> KnownCrossing | None:
        keys = keys_in(index, crossing)
        return known_crossing(crossing.step, keys) if keys else None

    return ask_of_both(join_index, crossing.dataset_ids, look)
