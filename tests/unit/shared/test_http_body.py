"""JSON, queries and framing, without a server."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from pydantic_core import to_json
from werkzeug.datastructures import MultiDict

from shared.errors import Invalid, LabError, Rejected
from shared.http.body import BadFraming, check_framing, parse_json, read_query

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


class Search(BaseModel):
    """A query with every kind of parameter."""

    words: tuple[str, ...] = ()
    key: str | None = Field(default=None, alias="clef")
    limit: int = 10


@given(VALUES)
def test_what_was_written_as_json_is_read_back(value: object) -> None:
    """Every JSON value without U+0000 passes unchanged."""
    assert parse_json(to_json(value)) == value


@given(st.binary())
def test_any_bytes_are_a_value_or_a_problem(raw: bytes) -> None:
    """Noise never ends in an error that nobody expects."""
    try:
        ended = parse_json(raw) is not Ellipsis
    except LabError:
        ended = True
    assert ended


def test_nul_is_found_in_keys_and_depths_but_not_in_an_escaped_backslash() -> None:
    """The text backslash-u0000 is harmless, the character is not."""
    assert parse_json(rb'["\\u0000"]') == ["\\u0000"]
    for raw in (rb'{"a": [{"b": "\u0000"}]}', rb'{"\u0000": 1}'):
        with pytest.raises(Invalid, match="U\\+0000"):
            parse_json(raw)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_number_that_is_not_finite_is_refused(number: str) -> None:
    """Three are no JSON; what no double holds would turn into one of them."""
    with pytest.raises(Rejected, match=r"not JSON|must be finite"):
        parse_json(f'{{"a": [{number}]}}'.encode())
    assert parse_json(f'"{number}"'.encode()) == number


def test_error_names_which_part_is_not_json() -> None:
    """The metadata of an upload is not called the body."""
    with pytest.raises(Rejected, match=r"the part metadata is not JSON: .* line 1 column 1"):
        parse_json(b"{", "the part metadata")


def test_query_gathers_lists_and_knows_aliases() -> None:
    """A tuple field takes every value, an alias is the parameter's name."""
    found = read_query(Search, MultiDict([("words", "a"), ("words", "b"), ("clef", "commune")]))
    assert found == Search(words=("a", "b"), clef="commune")


def test_second_value_of_a_single_parameter_is_refused() -> None:
    """Nobody has to guess which one counts."""
    with pytest.raises(Invalid) as caught:
        read_query(Search, MultiDict([("limit", "1"), ("limit", "2")]))
    assert caught.value.field == "limit"


@pytest.mark.parametrize(
    "environ",
    [
        {"headers_raw": [("Content-Type", "a"), ("content-type", "a")]},
        {"HTTP_TRANSFER_ENCODING": "gzip, chunked"},
        {"CONTENT_LENGTH": "1_0"},
        {"CONTENT_LENGTH": "²"},
    ],
)
def test_ambiguous_framing_is_refused(environ: dict[str, Any]) -> None:
    """Doubled headers, other codings and odd numbers are refused."""
    with pytest.raises(BadFraming):
        check_framing(environ)


def test_plain_framing_passes() -> None:
    """A length or chunks, and doubled headers that may be."""
    assert check_framing({"CONTENT_LENGTH": "10"}) is None  # type: ignore[func-returns-value]
    environ = {"HTTP_TRANSFER_ENCODING": "Chunked", "headers_raw": [("Accept", "a")] * 2}
    assert check_framing(environ) is None  # type: ignore[func-returns-value]
