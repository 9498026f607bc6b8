"""How well the keys of a crossing meet, and why some do not; which keys two datasets have."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from services.catalog.datasets.model import Dataset
from services.catalog.joins.index_service import JoinIndexService
from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import DatasetColumn, Join
from services.catalog.joins.treatment_inputs import (
    Known,
    join_of,
    known_crossing,
    may_count,
    rows_met,
)
from shared.auth import Caller
from shared.events import Treatment
from shared.tables.crosswalks import CROSSWALKS
from shared.tables.key_file import KeyColumn
from shared.tables.total_rows import rows_named
from shared.treatments.dataset_crossings import DatasetCrossing, dataset_crossings
from shared.treatments.known_tables import KnownCrossing
from shared.treatments.preview import KeyMatch, MatchedSide, ProposedKey, Unmatched
from shared.words import counted, grouped, quoted

_MOST_PROPOSED = 10
_LOOKED_AT = 20_000
"""Values that meet nothing whose zeros are looked at."""


def matches_of(
    join_index: JoinIndexService, treatment: Treatment, known: Known, caller: Caller
) -> list[tuple[KeyMatch, KnownCrossing | None]]:
    """How the keys of each crossing of two datasets meet, counted where `caller` may count.

    Beside it the rows that the crossing makes, where they are counted.
    """
    return [
        _match(join_index, one, known, caller)
        for one in dataset_crossings(treatment)
        if known.get(one.left) and known.get(one.right)
    ]


def proposed(
    join_index: JoinIndexService, treatment: Treatment, known: Known, caller: Caller
) -> tuple[ProposedKey, ...]:
    """The best keys of each two datasets of the treatment that no step crosses."""
    crossed = [{one.left, one.right} for one in dataset_crossings(treatment)]
    pairs = combinations(dict.fromkeys(treatment.inputs.values()), 2)
    return tuple(
        key
        for left, right in pairs
        if {left, right} not in crossed and known.get(left) and known.get(right)
        for key in _keys(join_index, left, right, known, caller)
    )


def _match(
    join_index: JoinIndexService, crossing: DatasetCrossing, known: Known, caller: Caller
) -> tuple[KeyMatch, KnownCrossing | None]:
    is_counted = may_count(known, (crossing.left, crossing.right), caller)

    def look(index: JoinIndex) -> tuple[KeyMatch, KnownCrossing | None]:
        joins = index.joins(crossing.left, crossing.parameters.left_key, caller.may_see)
        keys = [one for one in joins if _is_between(one, crossing)]
        join = join_of(crossing, keys)
        if join is None:
            return _not_compared(index, crossing, caller), None
        said = _said(index, join, is_counted=is_counted)
        match = KeyMatch(step=crossing.step, key=join.here.column.space, said=said)
        if not is_counted:
            return match, None
        is_kept = crossing.parameters.totals == "kept"
        left, right = _sides(index, join, keys, known, is_kept=is_kept)
        counts = {"left": left, "right": right, "common": join.matches}
        return match.model_copy(update=counts), known_crossing(index, crossing, join)

    join_index.ask(crossing.right, lambda _index: None)
    return join_index.ask(crossing.left, look)


def _not_compared(index: JoinIndex, crossing: DatasetCrossing, caller: Caller) -> KeyMatch:
    """What is told of keys that the index tells no values in common of."""
    told = crossing.parameters
    if not (told.left_via or told.right_via):
        for here, there in index.same_kind(crossing.left, told.left_key, caller.may_see):
            if (there.dataset_id, *there.column.columns) == (crossing.right, told.right_key):
                said = _same_kind_told(here.column, there.column)
                return KeyMatch(step=crossing.step, key=here.column.space, said=said)
    return KeyMatch(
        step=crossing.step,
        key="",
        said=f"{quoted(told.left_key)} et {quoted(told.right_key)} n'ont pas de valeur commune"
        " connue, ou ce ne sont pas des clés",
    )


def _is_between(join: Join, crossing: DatasetCrossing) -> bool:
    here, there = join.here.column, join.there.column
    told = crossing.parameters
    return join.there.dataset_id == crossing.right and (here.columns, there.columns) == (
        (told.left_key,),
        (told.right_key,),
    )


def _keys(
    join_index: JoinIndexService, left: str, right: str, known: Known, caller: Caller
) -> list[ProposedKey]:
    is_counted = may_count(known, (left, right), caller)

    def look(index: JoinIndex) -> list[ProposedKey]:
        joins = index.joins(left, may_read=caller.may_see)
        found = [one for one in joins if one.there.dataset_id == right and _is_single(one)]
        told = [_proposed(index, join, is_counted=is_counted) for join in found]
        alike = index.same_kind(left, "", caller.may_see)
        told += [_same_kind(*pair) for pair in alike if pair[1].dataset_id == right]
        return told[:_MOST_PROPOSED]

    join_index.ask(right, lambda _index: None)
    return join_index.ask(left, look)


def _is_single(join: Join) -> bool:
    return len(join.here.column.columns) == len(join.there.column.columns) == 1


def _proposed(index: JoinIndex, join: Join, *, is_counted: bool) -> ProposedKey:
    here, there = join.here.column, join.there.column
    return ProposedKey(
        key=here.space,
        common=join.matches if is_counted else None,
        left_key=here.columns[0],
        right_key=there.columns[0],
        left_via=here.via,
        right_via=there.via,
        said=_said(index, join, is_counted=is_counted),
    )


def _same_kind(here: DatasetColumn, there: DatasetColumn) -> ProposedKey:
    """Two columns of identifiers, whatever they have in common: that is not told."""
    return ProposedKey(
        key=here.column.space,
        common=None,
        left_key=here.column.columns[0],
        right_key=there.column.columns[0],
        said=_same_kind_told(here.column, there.column),
    )


def _same_kind_told(here: KeyColumn, there: KeyColumn) -> str:
    names = f"{quoted(here.columns[0])} et {quoted(there.columns[0])}"
    return f"{names} sont des clés de même nature (« {here.space} »)"


def _said(index: JoinIndex, join: Join, *, is_counted: bool) -> str:
    here, there = join.here.column, join.there.column
    if not is_counted:
        return _same_kind_told(here, there)
    via = f" (après le passage « {here.via} »)" if here.via else ""
    told = (
        f"{grouped(join.matches)} des {grouped(here.distinct)} valeurs de"
        f" {quoted(here.columns[0])}{via} sont dans {quoted(there.columns[0])}"
    )
    met, _ = rows_met(index, join)
    if met is None:
        return told
    share = f"{100 * met / max(1, here.rows):.1f}".replace(".", ",")
    return f"{told} : {share} % des lignes se croisent"


class _Side(NamedTuple):
    """A side of two keys that were compared; `alone` are some of its values that meet nothing.

    `is_kept` when the crossing keeps rows of totals, which the index of keys leaves out.
    """

    held: DatasetColumn
    dataset: Dataset | None
    rows_met: int | None
    alone: list[str]
    is_kept: bool

    def told(self, join: Join, other: "_Side", gained: Iterable[Unmatched]) -> MatchedSide:
        """What is told of it."""
        column = self.held.column
        return MatchedSide(
            dataset_id=self.held.dataset_id,
            column=column.columns[0],
            via=column.via,
            values=column.distinct,
            rows=column.rows,
            rows_met=self.rows_met,
            unmatched=(
                *self._of_rows(),
                *gained,
                *self._of_values(column.distinct - join.matches, set(other.alone)),
            ),
        )

    def _of_rows(self) -> Iterator[Unmatched]:
        profile = self.dataset and self.dataset.published and self.dataset.published.profile
        if not profile:
            return
        totals = sum(one.count for one in profile.totals)
        empty = profile.rows - totals - self.held.column.rows
        if empty > 0 and not self.held.column.via:
            said = counted(empty, "ligne n'a pas de valeur", "lignes n'ont pas de valeur")
            yield Unmatched(kind="empty", values=0, rows=empty, said=said)
        if totals:
            said = counted(totals, "ligne est un total", "lignes sont des totaux")
            said += f" ({rows_named(profile.total_rows)})" if profile.total_rows else ""
            many = "s" if totals > 1 else ""
            said += (
                f", gardé{many} comme demandé, que ces chiffres ne comptent pas"
                if self.is_kept
                else ", que les calculs laissent de côté"
            )
            yield Unmatched(kind="totals", values=0, rows=totals, said=said)

    def _of_values(self, values: int, others: set[str]) -> Iterator[Unmatched]:
        """Those that differ by a zero, and the rest."""
        padded = sum(
            f"0{one}" in others or (one[0] == "0" and one[1:] in others) for one in self.alone
        )
        if padded:
            said = counted(padded, "valeur diffère", "valeurs diffèrent") + " par un zéro de tête"
            yield Unmatched(kind="leading_zero", values=padded, said=said)
        if (rest := values - padded) > 0:
            rows = None if self.rows_met is None else self.held.column.rows - self.rows_met
            said = counted(rest, "valeur est", "valeurs sont") + " d'un côté seulement"
            yield Unmatched(kind="unknown", values=rest, rows=rows, said=said)


def _sides(
    index: JoinIndex, join: Join, keys: Iterable[Join], known: Known, *, is_kept: bool
) -> tuple[MatchedSide, MatchedSide]:
    here_met, there_met = rows_met(index, join)
    sides = (join.here, join.there, here_met), (join.there, join.here, there_met)
    here, there = (
        _Side(
            held, known.get(held.dataset_id), met, index.unmatched(held, other, _LOOKED_AT), is_kept
        )
        for held, other, met in sides
    )
    return here.told(join, there, _gained(index, join, keys)), there.told(join, here, ())


def _gained(index: JoinIndex, join: Join, keys: Iterable[Join]) -> Iterator[Unmatched]:
    """That a crosswalk would lead more rows of the left side to something."""
    led = [(met, one.here.column.via) for one in keys if (met := rows_met(index, one)[0])]
    now = rows_met(index, join)[0]
    met, via = max(led, default=(0, ""))
    more = 0 if now is None else met - now
    if more > 0 and via:
        lead = counted(more, "ligne", "lignes")
        said = f"le passage « {via} » ({CROSSWALKS[via].description}) en mène {lead} de plus"
        yield Unmatched(kind="crosswalk", values=0, rows=more, said=said)
