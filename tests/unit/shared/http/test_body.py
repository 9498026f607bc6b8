"""Queries and framing, without a server."""

from typing import Any

import pytest
from pydantic import BaseModel, Field
from werkzeug.datastructures import MultiDict

from shared.errors import Invalid
from shared.http.body import BadFraming, check_framing, read_query


class Search(BaseModel):
    """A query with every kind of parameter."""

    words: tuple[str, ...] = ()
    key: str | None = Field(default=None, alias="clef")
    limit: int = 10


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
    ],
)
def test_ambiguous_framing_is_refused(environ: dict[str, Any]) -> None:
    """Doubled headers and other codings are refused."""
    with pytest.raises(BadFraming):
        check_framing(environ)


def test_plain_framing_passes() -> None:
    """Chunks or none, and doubled headers that may be."""
    assert check_framing({}) is None  # type: ignore[func-returns-value]
    environ = {"HTTP_TRANSFER_ENCODING": "Chunked", "headers_raw": [("Accept", "a")] * 2}
    assert check_framing(environ) is None  # type: ignore[func-returns-value]
