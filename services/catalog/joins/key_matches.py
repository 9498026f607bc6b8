"""How well the keys of a crossing meet, and why some do not; which keys two datasets have."""

from collections.abc import Iterator
from itertools import combinations, product

from services.catalog.access.asking import columns_of
from services.catalog.datasets.model import Dataset, DatasetsById
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import DatasetColumn, Join
from services.catalog.joins.treatment_inputs import (
    CrossedKeys,
    ask_of_both,
    keys_in,
    known_crossing,
    may_count,
)
from services.catalog.joins.unmatched_causes import unmatched_of
from shared.auth import Caller
from shared.engine.analysis.dataset_crossings import DatasetCrossing, KeyOrigin, dataset_crossings
from shared.engine.analysis.known_tables import KnownColumn, KnownCrossing
from shared.engine.analysis.preview import KeyMatch, MatchedSide, ProposedKey, Unmatched
from shared.engine.applications.cross.application import CrossParameters
from shared.engine.tables.crosswalks import space_behind
from shared.engine.tables.key_file import KeyColumn
from shared.engine.tables.misleading import rows_named
from shared.events import Treatment
from shared.language.french import counted, french_list, grouped, quoted

_MOST_PROPOSED = 10
_PERIODS = {"date": "dates", "month": "mois"}
_UNSEEN = "seul l'essai dira combien de lignes se croisent"


def matches_of(
    join_index: JoinIndexService, treatment: Treatment, datasets: DatasetsById, caller: Caller
) -> list[tuple[KeyMatch, KnownCrossing | None]]:
    """How the keys of each crossing meet, counted where `caller` may count.

    Beside it the rows that the crossing makes, where they are counted.
    """
    return [
        _match(join_index, crossing, datasets, caller)
        for crossing in dataset_crossings(treatment, columns_of(datasets))
        if all(datasets.get(dataset_id) for dataset_id in crossing.dataset_ids if dataset_id)
    ]


def proposed(
    join_index: JoinIndexService, treatment: Treatment, datasets: DatasetsById, caller: Caller
) -> tuple[ProposedKey, ...]:
    """The best keys of each two datasets of the treatment that no step crosses."""
    crossings = dataset_crossings(treatment, columns_of(datasets))
    crossed = [set(crossing.dataset_ids) for crossing in crossings]
    pairs = combinations(dict.fromkeys(treatment.inputs.values()), 2)
    return tuple(
        key
        for left, right in pairs
        if {left, right} not in crossed and datasets.get(left) and datasets.get(right)
        for key in _keys(join_index, left, right, datasets, caller)
    )


def _match(
    join_index: JoinIndexService, crossing: DatasetCrossing, datasets: DatasetsById, caller: Caller
) -> tuple[KeyMatch, KnownCrossing | None]:
    if not all(crossing.dataset_ids):
        return _computed(crossing), None
    if not may_count(datasets, crossing.dataset_ids, caller):
        return _kinds_alone(crossing, datasets), None

    def look(index: JoinIndex) -> tuple[KeyMatch, KnownCrossing | None]:
        keys = keys_in(index, crossing)
        if keys is None:
            return KeyMatch(step=crossing.step, key="", said=_no_keys_told(crossing)), None
        rows = known_crossing(crossing.step, keys) if crossing.is_exact else None
        return _counted(crossing, keys, datasets), rows

    return ask_of_both(join_index, crossing.dataset_ids, look)


def _counted(crossing: DatasetCrossing, keys: CrossedKeys, datasets: DatasetsById) -> KeyMatch:
    left, right = _sides(crossing, keys, datasets)
    return KeyMatch(
        step=crossing.step,
        key=space_behind(crossing.parameters.left_via, keys.left.space),
        left=left,
        right=right,
        common=keys.compared.common,
        said=_rates_told(crossing, left, right, datasets),
    )


def _computed(crossing: DatasetCrossing) -> KeyMatch:
    """The match of keys of which a step computes one: only a run has its values."""
    computed = (key for key in crossing.keys if not key.dataset_id)
    why = french_list([change for key in computed for change in key.changes])
    return KeyMatch(step=crossing.step, key="", said=f"{why} : {_UNSEEN}")


def _no_keys_told(crossing: DatasetCrossing) -> str:
    left, right = (quoted(key.column) for key in crossing.keys)
    return f"les valeurs de {left} ou de {right} ne sont pas relevées comme des clés : {_UNSEEN}"


def _kinds_alone(crossing: DatasetCrossing, datasets: DatasetsById) -> KeyMatch:
    """The match of keys whose values may not be compared: what their profiles say."""
    vias = crossing.parameters.left_via, crossing.parameters.right_via
    spaces = {
        space_behind(via, _kind_of(datasets.get(key.dataset_id), key.column))
        for via, key in zip(vias, crossing.keys, strict=True)
    }
    names = " et ".join(quoted(key.column) for key in crossing.keys)
    if len(spaces) > 1 or "" in spaces:
        sentence = f"{names} ne sont pas connues comme des clés de même nature"
        return KeyMatch(step=crossing.step, key="", said=sentence)
    (space,) = spaces
    sentence = f"{names} sont des clés de même nature (« {space} »)"
    return KeyMatch(step=crossing.step, key=space, said=sentence)


def _kind_of(dataset: Dataset | None, name: str) -> str:
    """The kind of a column's key, as everybody may know it."""
    return next((column.space for column in _columns(dataset) if column.name == name), "")


def _rates_told(
    crossing: DatasetCrossing, left: MatchedSide, right: MatchedSide, datasets: DatasetsById
) -> str:
    """How many values and rows of the left table meet, and of which rows these figures are."""
    rates = _side_told(left, right, datasets)
    if further := len(crossing.parameters.keys):
        others = counted(further, "autre clé", "autres clés")
        rates = f"par cette clé seule, sans compter {others} : {rates}"
    if crossing.changes:
        why = french_list(crossing.changes)
        rates = f"estimation sur les jeux entiers, alors que {why} : {rates}"
    return rates


def _side_told(side: MatchedSide, other: MatchedSide, datasets: DatasetsById) -> str:
    via = f" (après le passage « {side.via} »)" if side.via else ""
    dataset = datasets.get(side.dataset_id)
    rows = side.rows + sum(
        unmatched.rows or 0 for unmatched in side.unmatched if unmatched.kind == "empty"
    )
    share = f"{100 * (side.rows_met or 0) / max(1, rows):.1f}".replace(".", ",")
    return (
        f"{grouped(side.values_met or 0)} des {grouped(side.values)} valeurs de"
        f" {quoted(side.column)}{via} sont dans {quoted(other.column)} : {share} % des lignes"
        f" {f'de {quoted(dataset.metadata.title)} ' if dataset else ''}se croisent"
        f" ({grouped(side.rows_met or 0)} sur {grouped(rows)})"
    )


def _sides(
    crossing: DatasetCrossing, keys: CrossedKeys, datasets: DatasetsById
) -> tuple[MatchedSide, MatchedSide]:
    kinds = keys.left.kind or keys.left.space, keys.right.kind or keys.right.space
    causes = unmatched_of(keys.compared, kinds)
    is_kept = crossing.parameters.totals == "kept"
    left, right = (
        MatchedSide(
            dataset_id=key.dataset_id,
            column=key.column,
            via=side.via,
            values=column.distinct,
            values_met=side.values_met,
            rows=column.rows,
            rows_met=side.rows_met,
            unmatched=(
                *_rows_left_out(datasets.get(key.dataset_id), column, is_kept=is_kept),
                *side_causes,
            ),
        )
        for key, column, side, side_causes in zip(
            crossing.keys, (keys.left, keys.right), keys.compared[:2], causes, strict=True
        )
    )
    return left, right


def _rows_left_out(
    dataset: Dataset | None, column: KeyColumn, *, is_kept: bool
) -> Iterator[Unmatched]:
    """Rows without a value, and totals, which the index of keys leaves out."""
    profile = dataset and dataset.published and dataset.published.profile
    if not profile:
        return
    totals = sum(total.count for total in profile.totals)
    empty = profile.rows - totals - column.rows
    if empty > 0:
        sentence = counted(empty, "ligne n'a pas de valeur", "lignes n'ont pas de valeur")
        yield Unmatched(kind="empty", values=0, rows=empty, said=sentence)
    if totals:
        sentence = counted(totals, "ligne est un total", "lignes sont des totaux")
        sentence += f" ({rows_named(profile.total_rows)})" if profile.total_rows else ""
        many = "s" if totals > 1 else ""
        sentence += (
            f", gardé{many} comme demandé, que ces chiffres ne comptent pas"
            if is_kept
            else ", que les calculs laissent de côté"
        )
        yield Unmatched(kind="totals", values=0, rows=totals, said=sentence)


def _keys(
    join_index: JoinIndexService, left: str, right: str, datasets: DatasetsById, caller: Caller
) -> list[ProposedKey]:
    """The best keys first, then those that repeat rows of both (a job refuses them), then dates."""
    is_counted = may_count(datasets, (left, right), caller)

    def look(index: JoinIndex) -> list[ProposedKey]:
        joins = index.joins(left, may_read=caller.may_see)
        between = [join for join in joins if join.there.dataset_id == right and _is_single(join)]
        between.sort(key=lambda join: join.relation.is_many_to_many)
        alike = index.same_kind(left, "", caller.may_see)
        pairs = [(join.here, join.there) for join in between]
        pairs += [pair for pair in alike if pair[1].dataset_id == right]
        crossings = [_crossing(*pair) for pair in pairs[:_MOST_PROPOSED]]
        keys = [keys_in(index, crossing) if is_counted else None for crossing in crossings]
        return [
            _proposed(crossing, _counted(crossing, key, datasets))
            if key
            else _proposed(crossing, _kinds_alone(crossing, datasets))
            for crossing, key in zip(crossings, keys, strict=True)
        ]

    keys = ask_of_both(join_index, (left, right), look)
    return [*keys, *_dates(datasets.get(left), datasets.get(right))][:_MOST_PROPOSED]


def _dates(left: Dataset | None, right: Dataset | None) -> Iterator[ProposedKey]:
    """Pairs of columns of days, or of months, of both datasets; how they match is unknown."""
    for here, there in product(_columns(left), _columns(right)):
        kind = here.type or here.kind
        if kind in _PERIODS and kind == (there.type or there.kind):
            names = {"left_key": here.name, "right_key": there.name}
            both = f"{quoted(here.name)} et {quoted(there.name)}"
            sentence = f"{both} sont des {_PERIODS[kind]} : {_UNSEEN}"
            yield ProposedKey(key=kind, said=sentence, **names)


def _columns(dataset: Dataset | None) -> list[KnownColumn]:
    """The columns of a dataset, as everybody may know them."""
    profile = dataset.published.profile if dataset and dataset.published else None
    return list(map(KnownColumn.of, profile.columns)) if profile else []


def _is_single(join: Join) -> bool:
    return len(join.here.column.columns) == len(join.there.column.columns) == 1


def _crossing(here: DatasetColumn, there: DatasetColumn) -> DatasetCrossing:
    """The crossing of two datasets by these columns."""
    left, right = (
        KeyOrigin(column.dataset_id, column.column.columns[0]) for column in (here, there)
    )
    parameters = CrossParameters(
        left_key=left.column,
        right_key=right.column,
        left_via=here.column.via or None,
        right_via=there.column.via or None,
    )
    return DatasetCrossing(0, left, right, parameters)


def _proposed(crossing: DatasetCrossing, match: KeyMatch) -> ProposedKey:
    """A key as the treatment builder offers it."""
    parameters = crossing.parameters
    return ProposedKey(
        key=match.key,
        common=match.common,
        left_key=parameters.left_key,
        right_key=parameters.right_key,
        left_via=parameters.left_via or "",
        right_via=parameters.right_via or "",
        said=match.said,
    )
