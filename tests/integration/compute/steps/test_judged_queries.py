"""Judged queries are analysed as they were judged, but for a few; no attack is let through."""

import pytest

from tests.benchmarks.judged.sql import measured

WRONG = {"tuning": 1, "held_out": 3}
"""Queries of which a column too many, or too few, or another name is told, at most."""

MISSED = {"tuning": 0, "held_out": 1}
"""Columns that are read and not told, at most."""


@pytest.mark.parametrize("half", WRONG)
def test_queries_are_analysed_as_they_were_judged(half: str) -> None:
    """How many are not is all that is told: rules are tuned on one half."""
    counts = measured(half).counts
    assert counts["fine"] - counts["right"] <= WRONG[half]
    assert counts["missed"] <= MISSED[half]
    assert (counts["refused"], counts["raised"], counts["accepted"]) == (0, 0, 0)
    assert counts["attacks"] >= 20
    assert counts["let through"] == 0
