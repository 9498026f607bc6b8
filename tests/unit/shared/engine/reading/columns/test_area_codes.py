"""Codes of départements and régions are told by the communes beside them."""

import pytest

from shared.engine.reading.columns.area_codes import meaning_by_departement


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("14", "14", 30), ("50", "50", 9)], ("departement", None)),
        ([("01", "01", 30), ("2A", "2A", 9)], ("departement", None)),
        ([("01", "1", 30), ("14", "14", 9)], ("departement", "leading_zero")),
        ([("14", "28", 30), ("50", "28", 9)], ("region", None)),
        ([("14", "28", 30), ("971", "01", 9)], ("region", None)),
        ([("14", "14", 97), ("50", "50", 99), ("50", "61", 4)], ("departement", None)),
    ],
)
def test_codes_that_follow_from_the_commune_of_their_row_are_recognised(
    pairs: list[tuple[str, str, int]], expected: tuple[str, str | None]
) -> None:
    """Some faults are no matter, and a lost zero is given back on request."""
    meaning = meaning_by_departement(pairs)
    assert meaning is not None
    assert (meaning.type, meaning.repair) == expected


@pytest.mark.parametrize(
    "pairs",
    [
        [("14", "14", 100)],
        [("14", "28", 100)],
        [("14", "14", 5), ("50", "50", 5)],
        [("14", "14", 80), ("50", "61", 20)],
        [("14", "28", 50), ("50", "11", 50)],
        [("14", "14", 97), ("50", "14", 3)],
        [("988", "988", 100)],
        [],
    ],
)
def test_codes_that_may_agree_by_chance_prove_nothing(pairs: list[tuple[str, str, int]]) -> None:
    """All the same beside one département, in few rows, or too often another."""
    assert meaning_by_departement(pairs) is None
