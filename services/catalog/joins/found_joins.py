"""What a dataset can be joined with, as the caller may see it, and why in French."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from pydantic import BaseModel, Field

from services.catalog.datasets.metadata import AccessLevel
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.visibility import visible
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import DatasetColumn, Join, MayRead
from shared.aggregate import ViewPage
from shared.auth import Caller
from shared.engine.tables.crosswalks import Cost
from shared.engine.tables.key_file import KeyColumn
from shared.engine.tables.multiplicity import RelationName
from shared.errors import Invalid
from shared.inbound import Paging
from shared.language.french import grouped
from shared.store import Store

_UNTOLD = (
    *("matches", "containment", "contained", "multiplication"),
    *("rows_here", "share_of_rows", "rows_there", "rows_joined"),
    *("unmatched_here", "unmatched_there"),
)
"""Fields of a join that are not told of identifiers in data that one may not read."""

_SameKind: TypeAlias = tuple[DatasetColumn, DatasetColumn]
_EXAMPLES = 3

_PAGE_SIZE = 25
"""Datasets that are read in one go."""

_ONLY = "La seule valeur"

_MULTIPLICATION: dict[RelationName, str] = {
    "one_to_one": "une ligne y trouve au plus une ligne",
    "one_to_many": "une ligne peut y trouver plusieurs lignes",
    "many_to_one": "plusieurs lignes peuvent y trouver la même ligne",
    "many_to_many": "plusieurs lignes peuvent y trouver plusieurs lignes",
}


class JoinQuery(Paging):
    """Which joins to list."""

    column: str = Field(default="", max_length=500, description="by this column of the dataset")
    containment: float = Field(
        default=0.0, ge=0, le=1, description="at least this share of one side is on the other"
    )


class JoinView(BaseModel):
    """A column here and one of another dataset with values in common; `rows_...` are those of them.

    Examples of values that are alone are shown to those who may read both datasets, else None.
    To others counts are rounded, and `multiplication` does not show for a few rows that multiply.
    Of identifiers in data that one may not read no count is told, nor whether there is a value in
    common: only that both columns hold the same kind of key.
    """

    dataset_id: str
    title: str
    owner_id: str
    access: AccessLevel
    key: str = Field(description="key space: commune, siren, identifier, commune+year, ...")
    columns_here: tuple[str, ...] = Field(description="two are compared together")
    columns_there: tuple[str, ...]
    via_here: str = Field(description="the crosswalk that made the values here, if one did")
    via_there: str
    cost: list[Cost] = Field(description="what the crosswalks cost: here, then there")
    matches: int | None = Field(description="distinct values in common; null where not told")
    containment: float | None = Field(
        description="share of the distinct values here in common; of data that you may not read, at"
        " least so many tenths, and null where it has few"
    )
    contained: float | None = Field(description="the same of the distinct values there")
    multiplication: RelationName | None
    rows_here: int | None = Field(
        description="once for each value that a crosswalk made of a row's own"
    )
    share_of_rows: float | None = Field(
        description="share of all rows here that find one; null where a crosswalk leads to several"
    )
    rows_there: int | None
    rows_joined: int | None = Field(description="rows of an inner join")
    unmatched_here: list[str] | None
    unmatched_there: list[str] | None
    is_exact: bool = Field(description="false when a column has more values than are kept")
    is_rounded: bool = Field(
        description="counts are down to multiples of 5, as you may not read both datasets"
    )
    reason: str


class JoinPage(ViewPage[JoinView]):
    """One page of joins, the best first; `next` counts on from here."""


class _Examples(NamedTuple):
    here: list[str]
    there: list[str]


def list_joins(
    store: Store, join_index: JoinIndexService, dataset_id: str, query: JoinQuery, caller: Caller
) -> JoinPage:
    """One page of the joins of a dataset; NotFound when the caller may not know of it.

    Raises Invalid for a column that it does not have.
    """
    here, start = visible(store, dataset_id, caller), _start(query)
    _check_has(here, query.column)
    stop = start + query.limit
    joins, alike, total = join_index.ask(
        dataset_id,
        lambda index: _joins_in_span(index, dataset_id, query, caller.may_see, (start, stop)),
    )
    dataset_ids = {join.there.dataset_id for join in joins} | {
        there.dataset_id for _, there in alike
    }
    others = _datasets(store, dataset_ids)
    joins = [join for join in joins if join.there.dataset_id in others]
    readable = {id_ for id_, other in others.items() if _is_counted_exactly(other, caller)}
    readable = readable if _is_counted_exactly(here, caller) else set()
    rows = _rows_of(here) if _is_counted_exactly(here, caller) else None
    examples = join_index.ask(
        dataset_id,
        lambda index: {
            join: _examples(index, join) for join in joins if join.there.dataset_id in readable
        },
    )
    views = [_view(join, rows, others[join.there.dataset_id], examples.get(join)) for join in joins]
    views += [
        _alike(*pair, others[pair[1].dataset_id]) for pair in alike if pair[1].dataset_id in others
    ]
    return JoinPage(items=views, next=str(stop) if stop < total else None)


def _joins_in_span(
    index: JoinIndex, dataset_id: str, query: JoinQuery, may_read: MayRead, span: tuple[int, int]
) -> tuple[list[Join], list[_SameKind], int]:
    """The joins of that span, then what is told by its kind alone; how many there are of both."""
    start, stop = span
    joins = index.joins(dataset_id, query.column, may_read)
    positions = joins.at_least(query.containment)
    alike = index.same_kind(dataset_id, query.column, may_read)
    # How much of them is in common is not told, so that none is at least so much.
    alike = [] if query.containment else sorted(alike, key=_order)
    rest = slice(max(0, start - len(positions)), max(0, stop - len(positions)))
    return joins.chosen(positions[start:stop]), alike[rest], len(positions) + len(alike)


def joinable(join_index: JoinIndexService, dataset_id: str, caller: Caller) -> set[str]:
    """The datasets that have values of a key column of this one, as far as the caller may know.

    Those of which it is told no more than that they have the same kind of identifier are among them
    whether they have a value or not.
    """

    def dataset_ids(index: JoinIndex) -> set[str]:
        alike = index.same_kind(dataset_id, "", caller.may_see)
        joins = index.joins(dataset_id, may_read=caller.may_see)
        return joins.datasets | {there.dataset_id for _, there in alike}

    return join_index.ask(dataset_id, dataset_ids)


def _order(pair: _SameKind) -> tuple[str, tuple[str, ...]]:
    _here, there = pair
    return there.dataset_id, there.column.columns


def _is_counted_exactly(dataset: Dataset, caller: Caller) -> bool:
    """Whether the index, which knows owners alone, tells `caller` of its values without rounding.

    A team that reads the result gets its joins as all others do.
    """
    return dataset.metadata.access == "open" or caller.may_see(dataset.owner_id)


def _start(query: JoinQuery) -> int:
    if query.after is None:
        return 0
    if not query.after.isascii() or not query.after.isdigit():
        raise Invalid("doit être le `next` de la page d'avant", "after")
    return int(query.after)


def _check_has(dataset: Dataset, column: str) -> None:
    profile = dataset.published.profile if dataset.published else None
    if column and profile and column not in {own_column.name for own_column in profile.columns}:
        raise Invalid("ce jeu de données n'a pas de colonne de ce nom", "column")


def _datasets(store: Store, identifiers: Iterable[str]) -> dict[str, Dataset]:
    datasets = store.of(Dataset).of_ids(identifiers, _PAGE_SIZE)
    return {dataset.id: dataset for dataset in datasets if dataset.published}


def _examples(index: JoinIndex, join: Join) -> _Examples:
    def alone(column: DatasetColumn, other: DatasetColumn) -> list[str]:
        has_any = join.matches < column.column.distinct
        return index.unmatched(column, other, _EXAMPLES) if has_any else []

    return _Examples(alone(join.here, join.there), alone(join.there, join.here))


def _view(join: Join, rows: int | None, other: Dataset, examples: _Examples | None) -> JoinView:
    """The join; `rows` are all of the dataset here, where the caller may know them exactly."""
    here, there = join.here.column, join.there.column
    is_told = rows is not None and not join.here.leads_to_several
    about = "Au moins " if examples is None else ""
    return JoinView(
        dataset_id=other.id,
        title=other.metadata.title,
        owner_id=other.owner_id,
        access=other.metadata.access,
        **join.summary_fields,
        cost=[cost for cost in (here.cost, there.cost) if cost],
        rows_here=join.rows_here,
        share_of_rows=join.rows_here / max(1, rows or 0) if is_told else None,
        rows_there=join.rows_there,
        rows_joined=join.rows_joined,
        unmatched_here=examples.here if examples else None,
        unmatched_there=examples.there if examples else None,
        is_exact=not (here.is_cut or there.is_cut),
        is_rounded=examples is None,
        reason=_reason(join, other.metadata.title, about, rows if is_told else None),
    )


def _alike(here: DatasetColumn, there: DatasetColumn, other: Dataset) -> JoinView:
    """Two columns of one kind of identifier, of which nothing more is told."""
    kind, title = here.column.space, other.metadata.title
    names = f"{_named(here.column.columns)} et {_named(there.column.columns)} de « {title} »"
    return JoinView(
        dataset_id=other.id,
        title=title,
        owner_id=other.owner_id,
        access=other.metadata.access,
        key=kind,
        columns_here=here.column.columns,
        columns_there=there.column.columns,
        via_here="",
        via_there="",
        cost=[],
        **dict.fromkeys(_UNTOLD),
        is_exact=False,
        is_rounded=True,
        reason=f"{names} sont des identifiants de même nature ({kind}). Combien ils ont de valeurs"
        " en commun n'est pas dit : ces données sont à accès restreint.",
    )


def _rows_of(dataset: Dataset) -> int | None:
    """All rows that steps read, also those without a value."""
    profile = dataset.published.profile if dataset.published else None
    return profile.rows - sum(total.count for total in profile.totals) if profile else None


def _reason(join: Join, title: str, about: str, rows: int | None) -> str:
    here, there = join.here.column, join.there.column
    crosswalks = [_crosswalk_told(column) for column in (here, there) if column.via]
    are = "sont" if join.matches > 1 else "est"
    of_all = "" if join.here.is_coarse else f" des {here.distinct}"
    some = f"{about}{join.matches}{of_all} valeurs" if here.distinct > 1 else _ONLY
    origin = (
        f" de {_named(here.columns)}" if not here.via else f" qu'atteint {_named(here.columns)}"
    )
    sentence = f"{some}{origin} {are} dans {_named(there.columns)} de « {title} »"
    if rows is not None:
        # A few values may stand in most of the rows.
        share = f"{100 * join.rows_here / max(1, rows):.1f}".replace(".", ",")
        met = f"{grouped(join.rows_here)} des {grouped(rows)} lignes ({share} %)"
        sentence = f"{sentence}, soit {about.lower()}{met}"
    return " ; ".join([sentence, *crosswalks, _MULTIPLICATION[join.relation.name]]) + "."


def _crosswalk_told(column: KeyColumn) -> str:
    cost = f" ({column.cost.in_words})" if column.cost else ""
    return f"{_named(column.columns)} passe par « {column.via} »{cost}"


def _named(columns: tuple[str, ...]) -> str:
    return " et ".join(f"« {column} »" for column in columns)
