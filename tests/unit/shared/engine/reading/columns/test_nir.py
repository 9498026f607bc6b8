"""Numbers of the social security, by their key."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir

from shared.engine.reading.columns.nir import is_nir
from tests.unit.shared.engine.reading.values.test_value_tests import flags


@given(
    st.from_regex(r"[12][0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[1-8][0-9]|2A|2B)[0-9]{6}", fullmatch=True)
)
def test_social_security_numbers_agree_with_the_library(number: str) -> None:
    """The one key of hundred that fits, Corsica's letters included."""
    texts = [f"{number}{key:02}" for key in range(1, 98)]
    assert flags(is_nir, *texts) == [bool(nir.is_valid(text)) for text in texts]
