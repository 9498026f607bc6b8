"""Nobody reads single values of restricted data off the counts of joins with it."""

import pytest

from services.catalog.joins.inverted_index import JoinIndex
from services.catalog.joins.join import Join
from tests.unit.catalog.joins.test_inverted_index import blocks


def seen(size: int, restricted: str, reader: str) -> list[tuple[int, ...]]:
    """The counts that a reader sees of a probe of so many values, from both ends.

    The secret has twenty; the probe has each of its own twice.
    """
    index = JoinIndex()
    index.replace("secret", blocks({"code": [f"v{n:02}" for n in range(20)]}))
    index.replace("probe", blocks({"code": [f"v{n:02}" for n in range(size)] * 2}))
    index.restrict("secret", "owner" if restricted == "secret" else "")
    index.restrict("probe", "prober" if restricted == "probe" else "")
    found: list[tuple[int, ...]] = []
    for one in ("probe", "secret"):
        joins = index.joins(one, may_read=lambda owner: owner == reader)
        assert joins.datasets == {join.there.dataset_id for join in joins}
        found += [join[2:] for join in joins]
    return found


@pytest.mark.parametrize("size", [1, 4, 9])
@pytest.mark.parametrize(("restricted", "reader"), [("secret", "owner"), ("", ""), ("", "prober")])
def test_counts_are_exact_for_who_may_read_both(size: int, restricted: str, reader: str) -> None:
    """Open data is everybody's."""
    rows = 2 * size
    assert seen(size, restricted, reader) == [
        (size, rows, size, rows),
        (size, size, rows, rows),
    ]


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


def test_shares_and_ranks_come_from_the_rounded_counts() -> None:
    """Nine values in common stand where five would."""
    index = JoinIndex()
    values = [f"v{n}" for n in range(10)]
    index.replace("here", blocks({"code": values}))
    index.replace("secret", blocks({"code": values[:9]}))
    index.replace("open", blocks({"code": values[:6]}))
    index.restrict("secret", "owner")

    def ranked(reader: str) -> list[Join]:
        return list(index.joins("here", may_read=lambda owner: owner == reader))

    assert [join.containment for join in ranked("owner")] == [0.9, 0.6]
    joins = ranked("somebody")
    assert [(join.there.dataset_id, join.containment) for join in joins] == [
        ("open", 0.6),
        ("secret", 0.5),
    ]
