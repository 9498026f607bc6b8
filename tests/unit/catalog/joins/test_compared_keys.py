"""Keys of two tables are compared value by value."""

import numpy as np

from services.catalog.joins.compared_keys import MOST_PAIRS, KeyRows, compare
from shared.engine.codes.cog import load_cog


def key(**rows: int) -> KeyRows:
    """A key of these values, as many rows of each."""
    codes = [value.removeprefix("_") for value in rows]
    return KeyRows(np.array(codes, "S"), np.array(list(rows.values()), np.int64))


def test_rows_that_meet_and_how_often_are_counted() -> None:
    """Two rows of one value meet three: six pairs; another value of the left has nothing."""
    compared_keys = compare(key(x=2, y=5), key(x=3, z=1), "", "")
    assert (compared_keys.common, compared_keys.joined) == (1, 6)
    assert (
        compared_keys.left.values_met,
        compared_keys.left.rows_met,
        compared_keys.left.most,
    ) == (1, 2, 3)
    assert (
        compared_keys.right.values_met,
        compared_keys.right.rows_met,
        compared_keys.right.most,
    ) == (1, 3, 2)
    nothing = compare(key(x=1), key(y=1), "", "")
    assert (nothing.common, nothing.joined, nothing.left.most) == (0, 0, 0)


def test_values_that_meet_at_several_targets_are_one_pair() -> None:
    """76111 serves three communes: rows of it on both sides meet once."""
    compared_keys = compare(key(_76111=2), key(_76111=4), "postcode_commune", "postcode_commune")
    assert (compared_keys.common, compared_keys.joined, compared_keys.left.most) == (3, 8, 4)


def test_what_a_crosswalk_leads_nowhere_is_no_row_that_meets() -> None:
    """It stays among the values and rows."""
    compared_keys = compare(key(_14000=9, _92042=1), key(_14118=1), "postcode_commune", "")
    assert (compared_keys.left.values_met, compared_keys.left.rows_met) == (1, 9)
    assert compared_keys.left.is_led.tolist() == [True, False]


def test_too_many_pairs_are_not_counted() -> None:
    """All communes of a region meet one another; what meets is known all the same."""
    codes = load_cog().communes["code"]
    every = KeyRows(codes, np.ones(len(codes), np.int64))
    pairs = compare(every, every, "commune_region", "commune_region")
    assert (pairs.joined, pairs.left.most) == (None, None)
    assert pairs.left.rows_met > MOST_PAIRS // 1000
