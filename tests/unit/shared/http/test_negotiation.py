"""Which format a client is given, by what it asks for."""

import pytest
from werkzeug.exceptions import NotAcceptable

from shared.http.negotiation import chosen

FORMATS = {"json": "application/json", "linked": "application/ld+json", "turtle": "text/turtle"}


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
    assert chosen(FORMATS, None, accept) == name


@pytest.mark.parametrize("accept", ["text/csv", "text/turtle;q=0", "nonsense", ";;"])
def test_a_wish_that_cannot_be_met_names_what_there_is(accept: str) -> None:
    """A client that sent `Accept` wants nothing else."""
    with pytest.raises(NotAcceptable) as caught:
        chosen(FORMATS, None, accept)
    assert str(caught.value.description).endswith(
        "application/json, application/ld+json, text/turtle"
    )


def test_the_address_wins_over_the_header() -> None:
    """Links and browsers send no header of their own."""
    assert chosen(FORMATS, "linked", "text/turtle") == "linked"
