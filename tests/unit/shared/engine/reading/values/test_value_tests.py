"""Tests of values, asked for whole columns."""

import pyarrow as pa
import pytest

from shared.engine.reading.columns.identifiers import is_nir, is_siren, is_siret, is_uai, is_vat
from shared.engine.reading.values.value_tests import Test, among, matching


def flags(test: Test, *values: str) -> list[bool]:
    """Which of these values pass."""
    return list(map(bool, test(pa.array(values, pa.string()))))


@pytest.mark.parametrize(
    ("test", "valid", "invalid"),
    [
        (among({"14001"}), "14001", "14002"),
        (matching("a|b"), "b", "ab"),
        (is_siren, "211400015", "211400016"),
        (is_siren, "005520135", "5520135"),
        (is_siret, "21140001500007", "21140001500008"),
        (is_siret, "35600000000048", "35600000000049"),
        (is_vat, "FR40303265045", "FR41303265045"),
        (is_vat, "FR 40 303 265 045", "40303265045"),
        (is_uai, "0750655E", "0422170A"),
        (is_uai, "0422170F", "0750655I"),
        (is_nir, "255081416802538", "255081416802539"),
        (is_nir, "2 55 08 14 168 025 38", "2 55 13 14 168 025 38"),
        (is_nir, "185022A00123484", "185022C00123484"),
    ],
)
def test_valid_and_invalid_values_are_told_apart(test: Test, valid: str, invalid: str) -> None:
    """Side by side in one column, and alone."""
    assert flags(test, valid, invalid, valid) == [True, False, True]
    assert flags(test, invalid) == [False]
    assert flags(test) == []
