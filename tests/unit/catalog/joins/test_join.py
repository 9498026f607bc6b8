"""Joins through crosswalks are told where they find more than the values as they are.

And nobody reads single values of restricted data off the counts of joins with it.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import ColumnPairs, disclosed_join
from services.catalog.joins.join_order import Traits, pruned
from shared.engine.tables.key_file import KeyBlock, KeyColumn, blocks_of
from tests.unit.catalog.joins.test_inverted_index import blocks

NONE = np.zeros(0, np.int64)
ONES, ZEROS = np.ones(16), np.zeros(16)
PLAIN = Traits(
    alive=ONES.astype(bool),
    distinct=ONES.astype(np.int64),
    rows=ONES,
    fan_out=ONES,
    sources=ZEROS.astype(np.uint64),
    names=ZEROS.astype(np.uint64),
    steps=ZEROS.astype(np.int64),
    coarse=ZEROS.astype(bool),
    loose=ZEROS.astype(bool),
    identifying=ZEROS.astype(bool),
    ties=ZEROS.astype(np.uint64),
)
"""Sixteen columns that are all alike."""
Column = tuple[str, str, str]
"""Name, key space and crosswalk."""


def blocks_via(columns: Mapping[Column, str]) -> Iterable[KeyBlock]:
    """Columns with their values, one row for each."""
    for (name, space, via), text in columns.items():
        values = text.split()
        column = KeyColumn(
            columns=(name,), space=space, via=via, rows=len(values), distinct=len(values)
        )
        yield from blocks_of(column, [(value, 1) for value in values])


def index_of(**tables: Mapping[Column, str]) -> JoinIndex:
    """An index of these datasets."""
    index = JoinIndex()
    for dataset_id, columns in tables.items():
        index.replace(dataset_id, blocks_via(columns))
    return index


def column_pairs(index: JoinIndex, dataset_id: str) -> list[tuple[str, str, str, str, int]]:
    """Column and crosswalk on either side, and how many values meet, the best first."""
    return [
        (
            *(join.here.column.columns[0], join.here.column.via),
            *(join.there.column.columns[0], join.there.column.via),
            join.matches,
        )
        for join in index.joins(dataset_id)
    ]


PRESENT = {("code", "commune", ""): "14581 14001 14003"}
OLD = {
    ("com", "commune", ""): "14011 14001 14003",
    ("com", "commune", "commune"): "14581 14001 14003",
}


def test_old_codes_find_all_present_ones_and_as_they_are_fewer() -> None:
    """Both are told: the first finds all of them, the second costs nothing."""
    index = index_of(old=OLD, new=PRESENT)
    assert column_pairs(index, "old") == [
        ("com", "commune", "code", "", 3),
        ("com", "", "code", "", 2),
    ]
    assert column_pairs(index, "new") == [
        ("code", "", "com", "commune", 3),
        ("code", "", "com", "", 2),
    ]


def test_two_old_columns_meet_as_they_are() -> None:
    """What both lead to finds no more, and is not told."""
    assert column_pairs(index_of(a=OLD, b=OLD), "a") == [("com", "", "com", "", 3)]


def test_columns_of_different_years_may_both_need_the_crosswalk() -> None:
    """Nothing less finds all of them."""
    older = {
        ("insee", "commune", ""): "14695 14001 14003",
        ("insee", "commune", "commune"): "14581 14001 14003",
    }
    best = column_pairs(index_of(old=OLD, older=older), "old")[0]
    assert best == ("com", "commune", "insee", "commune", 3)


def test_equal_keys_come_before_keys_of_another_kind_that_find_as_much() -> None:
    """However few bodies there are beside their communes."""
    here = {("a", "commune", ""): "14001", ("a", "siren", "commune_epci"): "200000001"}
    there = {("code", "commune", ""): "14001 14003 14005", ("epci", "siren", ""): "200000001"}
    pairs = column_pairs(index_of(here=here, there=there), "here")
    assert [(via, name) for _, via, name, *_ in pairs] == [("", "code"), ("commune_epci", "epci")]


def test_codes_that_nearly_every_table_has_come_last() -> None:
    """Whatever share of them meets."""
    here = {
        ("code", "commune", ""): "14001 14003",
        ("code", "departement", "commune_departement"): "14",
    }
    there = {("com", "commune", ""): "14001 76001", ("dep", "departement", ""): "14 76"}
    pairs = column_pairs(index_of(here=here, there=there), "here")
    assert [(via, name) for _, via, name, *_ in pairs] == [
        ("", "com"),
        ("commune_departement", "dep"),
    ]


PAIRS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(8, 15), st.integers(1, 6)),
    max_size=40,
    unique_by=lambda pair: pair[:2],
)
SOURCES = st.lists(st.integers(0, 3), min_size=16, max_size=16)
STEPS = st.lists(st.integers(0, 2), min_size=16, max_size=16)
SIZES = st.lists(st.integers(6, 9), min_size=16, max_size=16)


@given(PAIRS, SOURCES, STEPS, SIZES)
@example(
    [(0, 8, 1), (0, 9, 5), (0, 14, 6), (0, 15, 1)],
    [0] * 9 + [2, 0, 0, 0, 0, 2, 1],
    [0] * 9 + [1, 0, 0, 0, 0, 0, 0],
    [6] * 14 + [9, 6],
)
def test_pruning_keeps_those_that_nothing_simpler_equals(
    pairs: list[tuple[int, int, int]], sources: list[int], steps: list[int], sizes: list[int]
) -> None:
    """By comparing every pair with every other of the same two columns."""
    taken = [steps[here] + steps[there] for here, there, _ in pairs]
    shares = [matches / sizes[here] + matches / sizes[there] for here, there, matches in pairs]
    between = [(sources[here], sources[there]) for here, there, _ in pairs]
    allowed = [at for at in range(len(pairs)) if taken[at] < 4]
    expected = {
        (between[at], taken[at], shares[at])
        for at in allowed
        if all(
            shares[at] > shares[other] or (taken[at], -shares[at]) == (taken[other], -shares[other])
            for other in allowed
            if between[other] == between[at] and taken[other] <= taken[at]
        )
    }
    columns = [np.array(cell, np.int64) for cell in zip(*pairs, strict=True)] or [NONE] * 3
    zeros = np.zeros(len(pairs), np.int64)
    column_pairs = ColumnPairs(columns[0], columns[1], columns[2], zeros, zeros, zeros)
    traits = PLAIN._replace(
        distinct=np.array(sizes, np.int64),
        sources=np.array(sources, np.uint64),
        steps=np.array(steps, np.int64),
    )
    kept = pruned(column_pairs, traits)
    ranks = [
        (
            (sources[here], sources[there]),
            steps[here] + steps[there],
            matches / sizes[here] + matches / sizes[there],
        )
        for here, there, matches in zip(kept.here, kept.there, kept.matches, strict=True)
    ]
    assert set(ranks) == expected
    assert len(ranks) == len(set(ranks))


def seen(size: int, restricted: str, reader: str) -> list[tuple[int, ...]]:
    """The counts that a reader sees of a probe of so many values, from both ends.

    The secret has twenty; the probe has each of its own twice.
    """
    index = JoinIndex()
    index.replace("secret", blocks({"code": [f"v{n:02}" for n in range(20)]}))
    index.replace("probe", blocks({"code": [f"v{n:02}" for n in range(size)] * 2}))
    index.restrict("secret", "owner" if restricted == "secret" else "", is_shown=True)
    index.restrict("probe", "prober" if restricted == "probe" else "", is_shown=True)
    join_figures: list[tuple[int, ...]] = []
    for dataset_id in ("probe", "secret"):
        joins = index.joins(dataset_id, may_read=lambda owner: owner == reader)
        assert joins.datasets == {join.there.dataset_id for join in joins}
        join_figures += [join[2:] for join in joins]
    return join_figures


@pytest.mark.parametrize("size", [1, 4, 9])
@pytest.mark.parametrize(("restricted", "reader"), [("secret", "owner"), ("", ""), ("", "prober")])
def test_counts_are_exact_for_who_may_read_both(size: int, restricted: str, reader: str) -> None:
    """Open data is everybody's."""
    rows = 2 * size
    assert seen(size, restricted, reader) == [(size, rows, size, rows), (size, size, rows, rows)]


@pytest.mark.parametrize(
    ("size", "matches", "rows"), [(5, 5, 10), (6, 5, 10), (9, 5, 15), (10, 10, 20), (20, 20, 40)]
)
@pytest.mark.parametrize("restricted", ["secret", "probe"])
def test_counts_for_others_are_in_fives(
    size: int, matches: int, rows: int, restricted: str
) -> None:
    """Whichever side is restricted, and whichever is asked about."""
    assert seen(size, restricted, "somebody") == [
        (matches, rows, matches, rows),
        (matches, matches, rows, rows),
    ]


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("restricted", ["secret", "probe"])
def test_join_of_a_few_values_is_hidden_from_others(size: int, restricted: str) -> None:
    """Else anybody could test one value."""
    assert seen(size, restricted, "somebody") == []


def strangers_view(secret: int, probe: int, decoy: int) -> list[object]:
    """All that a stranger is told of joins with a secret of so many communes.

    Its own tables are a probe of the first of these, and a decoy with as many in common.
    """
    index = index_of(
        secret={COMMUNE: " ".join(f"{number:05}" for number in range(secret))},
        probe={COMMUNE: " ".join(f"{number:05}" for number in range(probe))},
        decoy={COMMUNE: " ".join(f"{number:05}" for number in (*range(probe), *range(-decoy, 0)))},
    )
    index.restrict("secret", "owner")
    seen_joins: list[object] = []
    for dataset_id in ("probe", "secret"):
        joins = index.joins(dataset_id, may_read=lambda _owner: False)
        seen_joins += [(join.there.dataset_id, join.summary_fields, join[2:]) for join in joins]
        seen_joins += [joins.at_least(percent / 100) for percent in range(101)]
    return seen_joins


@pytest.mark.parametrize("secret", [12, 58, 127, 866, 4217])
def test_shares_of_restricted_data_do_not_tell_how_many_values_it_has(secret: int) -> None:
    """With a value more, a stranger sees the same, whatever is uploaded beside it and asked."""
    for probe in range(5, secret, max(5, secret // 12)):
        for decoy in (0, secret - probe, secret - probe - 1, secret):
            with_it = strangers_view(secret, probe, decoy)
            assert with_it == strangers_view(secret - 1, probe, decoy)


@pytest.mark.parametrize(
    ("secret", "share"), [(50, None), (100, None), (101, 0.7), (110, 0.7), (160, 0.5), (800, 0.1)]
)
def test_shares_of_restricted_data_are_in_tenths(secret: int, share: float | None) -> None:
    """At least so much of what it has at most; of up to a hundred values none is told."""
    index = index_of(
        secret={COMMUNE: " ".join(f"{number:05}" for number in range(secret))},
        probe={COMMUNE: " ".join(f"{number:05}" for number in range(20, 104))},
    )
    index.restrict("secret", "owner")
    matches = min(secret, 104) - 20
    (join,) = index.joins("secret", may_read=lambda _owner: False)
    assert (join.containment, join.contained) == (share, (matches - matches % 5) / 84)
    (read,) = index.joins("secret", may_read=lambda _owner: True)
    assert read.containment == matches / secret


@pytest.mark.parametrize(
    ("closed", "shares", "matches"),
    [
        ((), (84 / 160, 1.0), 84),
        (("secret",), (0.5, 80 / 84), 80),
        (("probe",), (80 / 160, None), 80),
        (("secret", "probe"), (0.5, None), 80),
    ],
)
def test_join_that_several_are_told_is_as_who_may_read_least_knows_it(
    closed: tuple[str, ...], shares: tuple[float, float | None], matches: int
) -> None:
    """Of the sides that one of them may not read, whatever the others may."""
    secret, probe = (" ".join(f"{number:05}" for number in range(size)) for size in (160, 84))
    (join,) = index_of(secret={COMMUNE: secret}, probe={COMMUNE: probe}).joins("secret")
    sides = {side for side in (join.here, join.there) if side.dataset_id in closed}
    seen_join = disclosed_join(join, sides)
    assert seen_join
    assert (seen_join.containment, seen_join.contained) == shares
    assert seen_join.matches == matches


SIREN, SIRET, NAMED = ("siren", "siren", ""), ("siret", "siret", ""), ("code", "identifier", "")
BY_SIRET = ("siret", "siren", "siret_siren")
NAF = ("naf", "naf", "")
COMMUNE, IRIS = ("com", "commune", ""), ("iris", "commune", "iris_commune")
EPCI = ("com", "siren", "commune_epci")


@pytest.mark.parametrize(
    ("column", "other"), [(SIREN, SIREN), (SIRET, SIRET), (NAMED, NAMED), (BY_SIRET, SIREN)]
)
@pytest.mark.parametrize("closed", ["secret", "probe", "both"])
def test_whether_identifiers_are_in_restricted_data_is_not_told(
    column: Column, other: Column, closed: str
) -> None:
    """However many there are, from both ends, and by what they lead to, too."""
    values = " ".join(f"v{n:02}" for n in range(20))
    index = index_of(secret={column: values}, probe={other: values})
    for dataset_id in ("secret", "probe") if closed == "both" else (closed,):
        index.restrict(dataset_id, "owner")
    for dataset_id in ("secret", "probe"):
        assert len(index.joins(dataset_id, may_read=lambda owner: owner == "owner")) == 1
        assert len(index.joins(dataset_id, may_read=lambda _owner: False)) == 0


@pytest.mark.parametrize(
    ("column", "other"), [(COMMUNE, COMMUNE), (IRIS, COMMUNE), (EPCI, SIREN), (NAF, NAF)]
)
def test_areas_and_classes_are_told_of_restricted_data(column: Column, other: Column) -> None:
    """In fives: to know that a commune is in a table tells of nobody."""
    values = " ".join(f"v{n:02}" for n in range(7))
    index = index_of(secret={column: values}, probe={other: values})
    index.restrict("secret", "owner")
    for dataset_id in ("probe", "secret"):
        (join,) = index.joins(dataset_id, may_read=lambda _owner: False)
        assert join.matches == 5


def test_epci_of_a_table_are_areas_though_their_codes_are_companies() -> None:
    """Where the sandbox said so; a key file of before it did is taken to hold companies."""
    columns = {"columns": ("epci",), "space": "siren", "rows": 1, "distinct": 1}
    assert not KeyColumn(**columns, kind="epci").is_identifying
    assert KeyColumn(**columns).is_identifying


def of_one_kind(index: JoinIndex, dataset_id: str, name: str = "") -> list[tuple[str, str]]:
    """What a stranger is told of columns of the same kind: here, and whose there."""
    pairs = index.same_kind(dataset_id, name, lambda _owner: False)
    return [(here.column.columns[0], there.dataset_id) for here, there in pairs]


@pytest.mark.parametrize("value", ["a", "b"])
def test_same_kind_of_identifier_is_told_whatever_the_values(value: str) -> None:
    """Of known kinds, as they are; not of those that may be anything."""
    index = index_of(
        probe={SIREN: value, NAMED: value},
        secret={SIREN: "a", NAMED: "a", BY_SIRET: "a"},
        shown={SIREN: "a"},
        other={SIREN: "a"},
        areas={COMMUNE: "a"},
    )
    for dataset_id in ("secret", "shown", "areas"):
        index.restrict(dataset_id, "owner", is_shown=dataset_id == "shown")
    assert of_one_kind(index, "probe") == [("siren", "secret")]
    assert of_one_kind(index, "probe", "siren") == [("siren", "secret")]
    assert of_one_kind(index, "probe", "code") == []
    joined_ids = {there for _, there in of_one_kind(index, "secret")}
    assert joined_ids == {"probe", "shown", "other"}
    assert index.same_kind("probe", "", lambda owner: owner == "owner") == []


def test_restrictions_survive_a_snapshot_and_change() -> None:
    """An owner who shows joins may hide them again."""
    index = index_of(probe={SIREN: "a b c d e"}, secret={SIREN: "a b c d e"})
    for is_shown in (True, False):
        index.restrict("secret", "owner", is_shown=is_shown)
        restored = JoinIndex.restored(index.state())
        assert len(restored.joins("probe", may_read=lambda _owner: False)) == is_shown
    index.restrict("secret", "")
    assert len(JoinIndex.restored(index.state()).joins("probe", may_read=lambda _: False)) == 1
