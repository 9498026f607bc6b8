"""Queries, framing and the format a client is given by what it asks for, without a server."""

from typing import Any

import pytest
from pydantic import BaseModel, Field
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotAcceptable

from shared.errors import Invalid
from shared.http.request import BadFraming, check_framing, chosen_format, read_query

FORMATS = {"json": "application/json", "linked": "application/ld+json", "turtle": "text/turtle"}


class Search(BaseModel):
    """A query with every kind of parameter."""

    words: tuple[str, ...] = ()
    key: str | None = Field(default=None, alias="clef")
    limit: int = 10


def test_query_gathers_lists_and_knows_aliases() -> None:
    """A tuple field takes every value, an alias is the parameter's name."""
    query = read_query(Search, MultiDict([("words", "a"), ("words", "b"), ("clef", "commune")]))
    assert query == Search(words=("a", "b"), clef="commune")


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


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/*", "turtle"),
        ("text/turtle, application/ld+json;q=0.9", "turtle"),
        ("text/turtle;q=0.2, application/ld+json;q=0.9", "linked"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "json"),
        ("application/json;q=0, */*", "linked"),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "linked"),
        ("TEXT/Turtle", "turtle"),
    ],
)
def test_the_client_s_best_wish_is_met(accept: str | None, name: str) -> None:
    """By quality, then as exactly as it was said; without a wish the first."""
    assert chosen_format(FORMATS, None, accept) == name


@pytest.mark.parametrize("accept", ["text/csv", "text/turtle;q=0", "nonsense", ";;"])
def test_a_wish_that_cannot_be_met_names_what_there_is(accept: str) -> None:
    """A client that sent `Accept` wants nothing else."""
    with pytest.raises(NotAcceptable) as caught:
        chosen_format(FORMATS, None, accept)
    assert str(caught.value.description).endswith(
        "application/json, application/ld+json, text/turtle"
    )


def test_the_address_wins_over_the_header() -> None:
    """Links and browsers send no header of their own."""
    assert chosen_format(FORMATS, "linked", "text/turtle") == "linked"
