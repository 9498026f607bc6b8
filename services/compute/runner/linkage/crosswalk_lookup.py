"""Leads keys through a crosswalk, all of a column at once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from services.compute.runner.columns.cog import best_year, load_cog
from services.compute.runner.columns.reference_files import Arrow, read_reference
from services.compute.runner.values.value_tests import Texts
from shared.tables.crosswalks import CROSSWALKS, PRESENT, Cost, Crosswalk

MappedKeys: TypeAlias = tuple[Any, Any]
"""Positions in the values, ascending, and the key that each leads to; a position repeats where its
value leads to several keys, and is left out where the crosswalk does not know the value."""

KeyMapping = Callable[[Texts], MappedKeys]


def map_keys(name: str, values: Texts) -> MappedKeys:
    """Lead `values` (Arrow strings) through the crosswalk of that name."""
    return _MAPPINGS[name](values)


def _present(values: Texts) -> MappedKeys:
    """The present communes; those that were split since the year that fits the column are many."""
    cog = load_cog()
    fit = best_year(values)
    if fit is None:
        return pa.array([], pa.int64()), pa.array([], pa.string())
    is_of_year = pc.and_(
        pc.less_equal(cog.splits["first"], fit.year), pc.greater_equal(cog.splits["last"], fit.year)
    )
    split = cog.splits.filter(is_of_year)
    whole = cog.communes.filter(pc.invert(pc.is_in(cog.communes["code"], split["code"])))
    return _joined(
        values,
        pa.concat_arrays([*whole["code"].chunks, *split["code"].chunks]),
        pa.concat_arrays([*whole["commune"].chunks, *split["commune"].chunks]),
    )


def _joined(values: Texts, keys: Texts, targets: Texts) -> MappedKeys:
    """Each value with the targets of the key that it equals."""
    left = pa.table({"key": values, "at": np.arange(len(values))})
    right = pa.table({"key": keys, "target": targets}).filter(pc.is_valid(targets))
    met = left.join(right, "key", join_type="inner").sort_by(
        [("at", "ascending"), ("target", "ascending")]
    )
    return met["at"].combine_chunks(), met["target"].combine_chunks()


def _chained(first: KeyMapping, second: KeyMapping) -> KeyMapping:
    """One mapping after the other; where both fork, a target that is reached twice is told once."""

    def mapping(values: Texts) -> MappedKeys:
        starts, stops = first(values)
        at, targets = second(stops)
        reached = pa.table({"at": starts.take(at), "target": targets})
        once = reached.group_by(["at", "target"]).aggregate([])
        once = once.sort_by([("at", "ascending"), ("target", "ascending")])
        return once["at"].combine_chunks(), once["target"].combine_chunks()

    return mapping


def _sliced(pattern: str, length: int) -> KeyMapping:
    """The beginning of values that fit a pattern."""

    def mapping(values: Texts) -> MappedKeys:
        fits = pc.fill_null(pc.match_substring_regex(values, f"^{pattern}$"), False)
        at = pc.indices_nonzero(fits).cast(pa.int64())
        return at, pc.utf8_slice_codeunits(values.take(at), 0, length)

    return mapping


def _listed(table: Callable[[], Arrow], key: str, target: str) -> KeyMapping:
    """What stands beside a value in a reference table."""
    return lambda values: _joined(values, *_pairs(table(), key, target))


def _pairs(table: Arrow, key: str, target: str) -> tuple[Texts, Texts]:
    pairs = table.select([key, target]).drop_null().group_by([key, target]).aggregate([])
    return pairs[key].combine_chunks(), pairs[target].combine_chunks()


def _postcodes() -> Arrow:
    """The communes that ordinary codes serve, and those that offices of CEDEX are called after."""
    return pa.concat_tables([load_cog().postcodes, read_reference("cedex.csv.gz")])


def _departement(communes: Texts) -> MappedKeys:
    """The first two signs, three overseas; the collectivities are in no département."""
    starts = pc.if_else(
        pc.starts_with(communes, "97"),
        pc.utf8_slice_codeunits(communes, 0, 3),
        pc.utf8_slice_codeunits(communes, 0, 2),
    )
    known = pc.is_in(starts, load_cog().departements["code"].combine_chunks())
    at = pc.indices_nonzero(known).cast(pa.int64())
    return at, starts.take(at)


_EPCI = _listed(lambda: load_cog().communes, "code", "epci")
_MEMBERS = _listed(lambda: load_cog().communes, "epci", "code")
_REGION = _listed(lambda: load_cog().departements, "code", "region")

_MAPPINGS: dict[str, KeyMapping] = {
    PRESENT.name: _present,
    "siret_siren": _sliced("[0-9]{14}", 9),
    "siren_commune": _listed(lambda: load_cog().communes, "siren", "commune"),
    "iris_commune": _chained(_sliced("[0-9][0-9AB][0-9]{7}", 5), _present),
    "postcode_commune": _listed(_postcodes, "postcode", "commune"),
    "commune_epci": _chained(_present, _EPCI),
    "commune_departement": _chained(_present, _departement),
    "commune_region": _chained(_chained(_present, _departement), _REGION),
    "epci_commune": _MEMBERS,
    "epci_departement": _chained(_MEMBERS, _departement),
    "epci_region": _chained(_chained(_MEMBERS, _departement), _REGION),
    "departement_region": _REGION,
}

_ENOUGH = 0.9
"""Share of the values that must lead somewhere: a few companies among many may be communes."""

Counted = Sequence[tuple[str, int]]
"""Distinct values and the rows of each, in order."""


class Projection(NamedTuple):
    """Where values lead; `rows` are those with a value that leads somewhere."""

    crosswalk: Crosswalk
    cost: Cost
    rows: int
    counted: Counted


def projections(kind: str, counted: Counted) -> Iterator[Projection]:
    """The projections of a column of that kind that tell more than its own values do."""
    values = pa.array([value for value, _ in counted], pa.string())
    counts = np.array([rows for _, rows in counted], np.int64)
    for crosswalk in CROSSWALKS.values():
        if crosswalk.source != kind:
            continue
        at, targets = map_keys(crosswalk.name, values)
        led = np.unique(at)
        if len(led) < _ENOUGH * len(values) or targets.equals(values):
            continue
        rows = pa.table({"target": targets, "rows": counts[at]})
        summed = rows.group_by("target").aggregate([("rows", "sum")]).sort_by("target")
        pairs = zip(*(summed[name].to_pylist() for name in ("target", "rows_sum")), strict=True)
        cost = Cost.of(multiplies=len(targets) > len(led), merges=len(targets) > len(summed))
        yield Projection(crosswalk, cost, int(counts[led].sum()), list(pairs))
