"""The index finds what a dictionary of everything finds, however it came to hold it."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import Join
from services.catalog.joins.segment import Hasher, Hashes, Words, hash_words
from shared.engine.tables.key_file import KeyBlock, KeyColumn, blocks_of

Table = dict[str, list[str]]
"""A column's name (its first letter is the key space) and its cells."""

CELLS = st.lists(
    st.one_of(
        st.sampled_from(["14118", "14", "141180000", "a" * 8, "a" * 9, "é" * 8, "2A004"]),
        st.text(st.characters(blacklist_characters="\0", codec="utf-8"), min_size=1, max_size=20),
    ),
    max_size=12,
)
TABLES = st.dictionaries(st.sampled_from(["ca", "cb", "sa"]), CELLS, max_size=3)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["d1", "d2", "d3", "d4"]), TABLES, st.booleans()), max_size=12
)
"""Versions of datasets as they are published, and whether somebody asks after it."""


def one_hash(words: Words) -> Hashes:
    """Every value collides with every other."""
    return np.zeros(len(words), np.uint64)


def two_hashes(words: Words) -> Hashes:
    """About half of the values collide."""
    return hash_words(words) % np.uint64(2)


HASHERS = st.sampled_from([hash_words, one_hash, two_hashes])


def blocks(table: Table) -> Iterator[KeyBlock]:
    """A table's key columns as its key file has them."""
    for name, cells in table.items():
        counted = Counter(cells)
        column = KeyColumn(
            columns=(name,), space=name[0], rows=counted.total(), distinct=len(counted)
        )
        yield from blocks_of(column, counted.items())


def brute_force(tables: dict[str, Table], dataset_id: str) -> set[tuple[object, ...]]:
    """Every join of a dataset, by comparing everything with everything."""
    naive_joins: set[tuple[object, ...]] = set()
    for here, mine in ((name, Counter(cells)) for name, cells in tables[dataset_id].items()):
        for other, table in tables.items():
            for there, cells in table.items() if other != dataset_id else ():
                theirs = Counter(cells)
                common = mine.keys() & theirs.keys()
                if common and here[0] == there[0]:
                    rows = sum(mine[v] for v in common), sum(theirs[v] for v in common)
                    joined = sum(mine[v] * theirs[v] for v in common)
                    naive_joins.add((here, other, there, len(common), *rows, joined))
    return naive_joins


def plain(join: Join) -> tuple[object, ...]:
    """What `brute_force` says of a join."""
    here, there, *figures = join
    return (here.column.columns[0], there.dataset_id, there.column.columns[0], *figures)


def indexed(
    changes: list[tuple[str, Table, bool]], hasher: Hasher
) -> tuple[dict[str, Table], JoinIndex]:
    """The newest versions, and an index that was told of all and asked in between."""
    index = JoinIndex(hasher)
    for dataset_id, table, is_asked in changes:
        index.replace(dataset_id, blocks(table))
        if is_asked:
            index.settle()
    return {dataset_id: table for dataset_id, table, _ in changes}, index


@given(CHANGES, HASHERS)
def test_index_finds_what_comparing_everything_finds(
    changes: list[tuple[str, Table, bool]], hasher: Hasher
) -> None:
    """With versions replaced, segments merged in any order, and hashes that collide."""
    tables, index = indexed(changes, hasher)
    for dataset_id in tables:
        joins = index.joins(dataset_id)
        assert {plain(join) for join in joins} == brute_force(tables, dataset_id)
        assert len(joins) == len(set(map(plain, joins)))
        assert joins.datasets == {there for _, there, *_ in brute_force(tables, dataset_id)}


@given(CHANGES, HASHERS)
def test_unmatched_values_are_those_that_the_other_column_lacks(
    changes: list[tuple[str, Table, bool]], hasher: Hasher
) -> None:
    """All of them when there is room, in both directions."""
    tables, index = indexed(changes, hasher)
    for dataset_id in tables:
        for here, there, *_ in index.joins(dataset_id):
            mine = set(tables[dataset_id][here.column.columns[0]])
            theirs = set(tables[there.dataset_id][there.column.columns[0]])
            assert sorted(index.unmatched(here, there, 99)) == sorted(mine - theirs)
            assert sorted(index.unmatched(there, here, 99)) == sorted(theirs - mine)


@given(CHANGES, HASHERS)
def test_size_counts_what_is_published_now(
    changes: list[tuple[str, Table, bool]], hasher: Hasher
) -> None:
    """Columns without values are none; earlier versions do not count."""
    tables, index = indexed(changes, hasher)
    cells = [cells for table in tables.values() for cells in table.values() if cells]
    assert index.columns == len(cells)
    assert index.values == sum(len(set(cell)) for cell in cells)


def test_ten_values_find_all_columns_that_hold_one() -> None:
    """No sampling and no threshold: one value in a hundred columns of 500 is enough."""
    index = JoinIndex()
    for number in range(100):
        values = [f"{number:04}{n:05}" for n in range(500)]
        index.replace(f"big_{number}", blocks({"s": values}))
    texts = [f"{number:04}00499" for number in range(0, 100, 10)]
    index.replace("small", blocks({"s": texts}))
    joins = index.joins("small")
    assert joins.datasets == {f"big_{number}" for number in range(0, 100, 10)}
    assert [join.matches for join in joins] == [1] * 10


def test_best_join_finds_most_of_what_is_here() -> None:
    """Among equals the column that holds less besides comes first, in every process."""
    tables = {
        "here": {"c": ["1", "2", "3", "4"]},
        "half": {"c": ["1", "2"]},
        "all": {"c": ["1", "2", "3", "4", "5", "6"]},
        "same": {"c": ["4", "3", "2", "1"]},
    }
    forwards, backwards = JoinIndex(), JoinIndex()
    for dataset_id, table in tables.items():
        forwards.replace(dataset_id, blocks(table))
    for dataset_id, table in reversed(tables.items()):
        backwards.replace(dataset_id, blocks(table))
    ranked = [join.there.dataset_id for join in forwards.joins("here")]
    assert ranked == ["same", "all", "half"]
    assert ranked == [join.there.dataset_id for join in backwards.joins("here")]
    assert forwards.joins("here").at_least(1) == [0, 1, 2]


def test_multiplication_is_told_from_the_rows_that_match() -> None:
    """Rows without a partner do not make a join multiply."""
    index = JoinIndex()
    index.replace("towns", blocks({"c": ["1", "2", "3", "9", "9"]}))
    index.replace("homes", blocks({"c": ["1", "1", "2", "8"]}))
    (join,) = index.joins("towns")
    assert (join.relation.name, join.matches, join.rows_joined) == ("one_to_many", 2, 3)
    assert (join.containment, join.contained) == (0.5, 2 / 3)
    (back,) = index.joins("homes")
    assert (back.relation.name, back.rows_joined) == ("many_to_one", 3)


def test_what_was_replaced_often_leaves_little_behind() -> None:
    """The memory of dead columns is given back."""
    index = JoinIndex()
    for version in range(40):
        index.replace("d", blocks({"s": [f"{version:03}{n:05}" for n in range(1000)]}))
        index.settle()
    once = JoinIndex()
    once.replace("d", blocks({"s": [f"{n:08}" for n in range(1000)]}))
    once.settle()
    assert index.bytes < 4 * once.bytes
