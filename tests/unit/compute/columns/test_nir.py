"""Numbers of the social security, by their key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir

from services.compute.runner.columns.nir import is_nir
from tests.unit.compute.columns.test_value_tests import flags


@pytest.mark.parametrize(
    ("valid", "invalid"),
    [
        ("255081416802538", "255081416802539"),
        ("2 55 08 14 168 025 38", "2 55 13 14 168 025 38"),
        ("185022A00123484", "185022C00123484"),
    ],
)
def test_valid_and_invalid_values_are_told_apart(valid: str, invalid: str) -> None:
    """Side by side in one column, and alone."""
    assert flags(is_nir, valid, invalid, valid) == [True, False, True]
    assert flags(is_nir, invalid) == [False]
    assert flags(is_nir) == []


@given(
    st.from_regex(r"[12][0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[1-8][0-9]|2A|2B)[0-9]{6}", fullmatch=True)
)
def test_social_security_numbers_agree_with_the_library(number: str) -> None:
    """The one key of hundred that fits, Corsica's letters included."""
    made = [f"{number}{key:02}" for key in range(1, 98)]
    assert flags(is_nir, *made) == [bool(nir.is_valid(one)) for one in made]
