"""JSON from outside: what is read, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from shared.errors import Invalid, LabError, Rejected
from shared.inbound import strict_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(VALUES)
def test_what_was_written_as_json_is_read_back(value: object) -> None:
    """Every JSON value without U+0000 passes unchanged."""
    assert strict_json.read(to_json(value)) == value


@given(st.binary())
def test_any_bytes_are_a_value_or_a_problem(raw: bytes) -> None:
    """Noise never ends in an error that nobody expects."""
    try:
        ended = strict_json.read(raw) is not Ellipsis
    except LabError:
        ended = True
    assert ended


def test_nul_is_found_in_keys_and_depths_but_not_in_an_escaped_backslash() -> None:
    """The text backslash-u0000 is harmless, the character is not."""
    assert strict_json.read(rb'["\\u0000"]') == ["\\u0000"]
    for raw in (rb'{"a": [{"b": "\u0000"}]}', rb'{"\u0000": 1}'):
        with pytest.raises(Invalid, match="U\\+0000"):
            strict_json.read(raw)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_number_that_is_not_finite_is_refused(number: str) -> None:
    """Three are no JSON; what no double holds would turn into one of them."""
    with pytest.raises(Rejected, match=r"pas du JSON|doivent être finis"):
        strict_json.read(f'{{"a": [{number}]}}'.encode())
    assert strict_json.read(f'"{number}"'.encode()) == number


def test_error_names_which_part_is_not_json() -> None:
    """The metadata of an upload is not called the body."""
    with pytest.raises(
        Rejected, match=r"la partie metadata n'est pas du JSON : .* line 1 column 1"
    ):
        strict_json.read(b"{", "la partie metadata")
