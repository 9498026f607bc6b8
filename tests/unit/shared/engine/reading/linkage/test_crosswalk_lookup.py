"""Columns of Arrow go through crosswalks as codes do."""

import pyarrow as pa

from shared.engine.reading.columns.cog import best_year
from shared.engine.reading.linkage.crosswalk_lookup import map_keys


def test_nulls_and_what_is_no_code_keep_their_places() -> None:
    """A null, a letter with an accent and a long text lead nowhere; those after them still do."""
    values = pa.array([None, "76540", "é", "", "1" * 300, "14118"], pa.string())
    at, targets = map_keys("commune", values)
    assert (at.to_pylist(), targets.to_pylist()) == ([1, 5], ["76540", "14118"])
    assert map_keys("commune", pa.array([], pa.string()))[0].to_pylist() == []


def test_each_value_that_is_no_code_counts_against_a_year() -> None:
    """However long it is; nulls and what is there twice do not."""
    fit = best_year(pa.array(["14118", "14118", None, "é" * 20, "x" * 300]))
    assert fit is not None
    assert fit.share == 1 / 3
    assert fit.kinds == {"commune": 1, "unknown": 2}
