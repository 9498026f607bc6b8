"""Identifiers are told by their check digits."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir, siren, siret, tva

from shared.engine.reading.columns.identifiers import is_nir, is_siren, is_siret, is_vat
from tests.unit.shared.engine.reading.values.test_value_tests import flags


def test_every_siret_of_la_poste_is_valid() -> None:
    """Luhn's sum alone accepts a tenth of them."""
    heads = (f"356000000{number:05}" for number in range(1, 20_001))
    numbers = [text for text in heads if sum(map(int, text)) % 5 == 0]
    assert len(numbers) == 4_000
    assert all(flags(is_siret, *numbers))


@given(st.lists(st.text("0123456789AB ", min_size=8, max_size=16), max_size=30))
def test_columns_agree_with_the_library_value_by_value(values: list[str]) -> None:
    """python-stdnum checks one value at a time."""
    assert flags(is_siren, *values) == [
        len(value) == 9 and value.isdigit() and siren.is_valid(value) for value in values
    ]


@given(st.integers(0, 10**8 - 1), st.integers(0, 99_999))
def test_made_numbers_agree_with_the_library(number: int, order: int) -> None:
    """SIREN, SIRET and VAT numbers with the right digits, and with each last digit."""
    head = f"{number:08}"
    sirens = [head + str(last) for last in range(10)]
    sirets = [f"{head}0{order:05}"[:13] + str(last) for last in range(10)]
    assert flags(is_siren, *sirens) == [bool(siren.is_valid(number)) for number in sirens]
    assert flags(is_siret, *sirets) == [bool(siret.is_valid(number)) for number in sirets]
    vats = [f"FR{key:02}{siren}" for siren in sirens for key in (0, 40, 83)]
    assert flags(is_vat, *vats) == [bool(tva.is_valid(vat)) for vat in vats]


@given(
    st.from_regex(r"[12][0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[1-8][0-9]|2A|2B)[0-9]{6}", fullmatch=True)
)
def test_social_security_numbers_agree_with_the_library(number: str) -> None:
    """The one key of hundred that fits, Corsica's letters included."""
    texts = [f"{number}{key:02}" for key in range(1, 98)]
    assert flags(is_nir, *texts) == [bool(nir.is_valid(text)) for text in texts]
