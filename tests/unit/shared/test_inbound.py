"""What requests bring: the query that all lists share, and JSON that is read or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import to_json
from werkzeug.datastructures import MultiDict

from shared.aggregate import caused_id, new_id
from shared.errors import Invalid, LabError, Rejected
from shared.http.openapi import document
from shared.http.request import read_query
from shared.http.route import Route
from shared.inbound import IdempotencyKey, Paging, parse_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@pytest.mark.parametrize("cursor", ["", "a b", "prj_1\n", "été", '{"$gt": ""}', "x" * 201])
def test_cursor_that_no_page_gave_is_refused_by_name(cursor: str) -> None:
    """Whoever sends one by mistake hears of it instead of reading the first page again."""
    with pytest.raises(ValidationError) as caught:
        read_query(Paging, MultiDict([("after", cursor)]))
    assert caught.value.errors()[0]["loc"] == ("after",)


@pytest.mark.parametrize(
    "cursor", ["{}", "{}.{}", "20260301T123015123000Z-000007-dataset_registered-{}-7-0"]
)
def test_ids_that_pages_end_with_are_cursors(cursor: str) -> None:
    """Of a thing, of a request for access, of a line of a timeline."""
    ended = cursor.format(new_id("prj"), new_id("dts"))
    assert Paging(after=ended).after == ended


@pytest.mark.parametrize("limit", [0, 101, "x"])
def test_page_has_one_to_a_hundred_items(limit: object) -> None:
    """The same in every list."""
    with pytest.raises(ValidationError, match="limit"):
        Paging.model_validate({"limit": limit})


def test_openapi_shows_what_a_cursor_looks_like() -> None:
    """The pattern is told, though our own sentence explains a fault."""
    openapi_document = document(
        "x", "1", {"list": Route("GET", "/x", query=Paging, returns=Paging)}
    )
    assert b"{1,200}$" in openapi_document


def test_key_stands_for_one_thing_of_its_sender_and_kind() -> None:
    """Ids were given by this rule: another would make a repeated command a second thing."""
    key = IdempotencyKey("k1")
    assert key.id_for("dts", "mbr_1") == caused_id("dts", "mbr_1 k1")
    others = {key.id_for("dts", "mbr_2"), key.id_for("src", "mbr_1")}
    assert key.id_for("dts", "mbr_1") not in others


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
    for raw, field in ((rb'{"a": [1, {"b": "\u0000"}]}', "a.1.b"), (rb'{"a": {"\u0000": 1}}', "a")):
        with pytest.raises(Invalid, match="U\\+0000") as refused:
            parse_json(raw)
        assert refused.value.field == field


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_number_that_is_not_finite_is_refused(number: str) -> None:
    """Three are no JSON; what no double holds would turn into one of them."""
    with pytest.raises(Rejected, match=r"pas du JSON|doivent être finis"):
        parse_json(f'{{"a": [{number}]}}'.encode())
    assert parse_json(f'"{number}"'.encode()) == number


def test_error_names_which_part_is_not_json() -> None:
    """The metadata of an upload is not called the body."""
    with pytest.raises(
        Rejected, match=r"la partie metadata n'est pas du JSON : .* line 1 column 1"
    ):
        parse_json(b"{", "la partie metadata")
