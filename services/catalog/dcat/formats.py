"""The syntaxes that a description can be had in, by the names that `format` takes."""

from typing import Literal

Syntax = Literal["jsonld", "turtle", "rdfxml"]

MEDIA_TYPES: dict[Syntax, str] = {
    "jsonld": "application/ld+json",
    "turtle": "text/turtle",
    "rdfxml": "application/rdf+xml",
}
"""What each is called in `Accept`; the first is for those who take anything."""
