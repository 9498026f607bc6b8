"""The query that all lists share."""

import pytest
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from shared.aggregate import new_id
from shared.http.body import read_query
from shared.http.openapi import document
from shared.http.route import Route
from shared.inbound.paging import Paging


@pytest.mark.parametrize("cursor", ["", "a b", "prj_1\n", "été", '{"$gt": ""}', "x" * 201])
def test_cursor_that_no_page_gave_is_refused_by_name(cursor: str) -> None:
    """Whoever sends one by mistake hears of it instead of reading the first page again."""
    with pytest.raises(ValidationError) as caught:
        read_query(Paging, MultiDict([("after", cursor)]))
    assert caught.value.errors()[0]["loc"] == ("after",)


@pytest.mark.parametrize(
    "cursor",
    ["{}", "{}.{}", "20260301T123015123000Z-000007-dataset_registered-{}-7-0"],
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
    found = document("x", "1", {"list": Route("GET", "/x", query=Paging, returns=Paging)})
    assert b"{1,200}$" in found
