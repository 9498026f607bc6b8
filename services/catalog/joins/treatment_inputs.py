"""What is known of the tables that a treatment reads, and of the rows that its crossings make."""

from services.catalog.access.known import known_tables
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import datasets_of
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import Join
from shared.auth import Caller
from shared.events import Treatment
from shared.store import Store
from shared.tables.manifest import Profile
from shared.treatments.dataset_crossings import DatasetCrossing, dataset_crossings
from shared.treatments.known_tables import KnownCrossing, KnownInputs


def describe(
    store: Store, join_index: JoinIndexService, treatment: Treatment, caller: Caller
) -> KnownInputs:
    """The tables of a treatment as `caller` may know them, and its crossings as it may count them.

    Rows are counted of crossings whose two datasets are open or the caller's own: counts against
    other data would tell which values are in it. Raises Invalid for a wrong parameter of a step.
    """
    known = {
        one: dataset if dataset and dataset.may_be_known_to(caller) else None
        for one, dataset in datasets_of(store, treatment.inputs.values()).items()
    }
    counted = (
        _counted(join_index, one)
        for one in dataset_crossings(treatment)
        if may_count(known.get(one.left), caller) and may_count(known.get(one.right), caller)
    )
    return KnownInputs(
        tables=known_tables(known, lambda dataset: _profile(dataset, caller)),
        crossings=tuple(one for one in counted if one),
    )


def _profile(dataset: Dataset, caller: Caller) -> Profile | None:
    """What everybody sees of its columns; of what is not published, what its insiders see."""
    shown = dataset.shown if caller.may_see(*dataset.insiders) else dataset.published
    return shown.profile if shown else None


def may_count(dataset: Dataset | None, caller: Caller) -> bool:
    """Whether the index may count values of a dataset exactly for `caller`."""
    if dataset is None or not dataset.published or dataset.retirement:
        return False
    return dataset.metadata.access == "open" or caller.may_see(dataset.owner_id)


def _counted(join_index: JoinIndexService, crossing: DatasetCrossing) -> KnownCrossing | None:
    """The rows of a crossing by the values of its keys; None where the index has them not."""
    told = crossing.parameters

    def look(index: JoinIndex) -> tuple[Join, tuple[int, int]] | None:
        for join in index.joins(crossing.left, told.left_key):
            here, there = join.here.column, join.there.column
            if (
                join.there.dataset_id == crossing.right
                and (here.columns, here.via) == ((told.left_key,), told.left_via or "")
                and (there.columns, there.via) == ((told.right_key,), told.right_via or "")
            ):
                return join, index.most_rows(join.here, join.there)
        return None

    # The index takes in what it is asked about first: both, or it may know one of them as it was.
    join_index.ask(crossing.right, lambda _index: None)
    answer = join_index.ask(crossing.left, look)
    if answer is None:
        return None
    found, (left_most, right_most) = answer
    times = found.multiplication
    return KnownCrossing(
        step=crossing.step,
        left=found.rows_here,
        right=found.rows_there,
        joined=found.rows_joined,
        left_most=left_most,
        right_most=right_most,
        multiplies_left=times in {"one_to_many", "many_to_many"},
        multiplies_right=times in {"many_to_one", "many_to_many"},
        is_cut=found.here.column.is_cut or found.there.column.is_cut,
    )
