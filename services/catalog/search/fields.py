"""The fields of the index, the points of a word in each, and the words of all texts."""

from typing import NamedTuple

import tantivy
from tantivy import Query, Schema

TEXTS = {"title": 12, "keywords": 8, "columns": 5, "description": 4, "theme": 4}
"""The texts that words are looked for in, with the points of a word that stands there.

They add up: what a dataset is about stands in several of its texts.
"""

WORTHS = (4, 5, 8, 9, 12, 16, 20, 24, 28)
"""The sums of points that are told apart, others being the next lower one.

Each has a field of the words that have it: to give a dataset its points one list is read.
"""

ANYWHERE = "anywhere"
"""The field with the words of all texts."""

AREA = "area"
"""The field with the places that a dataset is about, and those that they lie in."""

FACETS = ("theme", "licence", "department", "key", "producer", "format")
"""The fields that hits are counted by, beside freshness and quality."""

FRESH_DAYS = {"week": 7, "month": 31, "year": 366}
"""How old data of each freshness is at most, in days."""

HIDDEN = "hidden"
"""Stands beside the state of what is not published."""

DELIVERED = "project"
"""The origin of what a delivered project gave back."""

_RAW = ("id", "state", "owner", "origin", "name", "place", AREA)
_STEMS = "stems"


class Vocabulary(NamedTuple):
    """Each word of all texts once: by its singular as it was written, and the singulars in order.

    The index has each as a document of its own, whose `number` is its place in that order.
    `sounding` are singulars by how they sound.
    """

    written: dict[str, str]
    singulars: list[str]
    sounding: dict[str, list[str]]


def open_index() -> tantivy.Index:
    """A new index in memory.

    `name` is a whole title by its stems, `place` a territory as given, `number` sorts as ids do,
    `static_rank` decides between those with as many points, and `tie_break` where that is equal.
    """
    builder = tantivy.SchemaBuilder()
    for field in (ANYWHERE, *map(worth_field, WORTHS)):
        builder.add_text_field(field, tokenizer_name=_STEMS, index_option="basic")
    for field in (*_RAW, *FACETS, "word"):
        builder.add_text_field(
            field,
            tokenizer_name="raw",
            index_option="basic",
            fast=field == "id" or field in FACETS,
            stored=field == "id",
        )
    for field in ("updated", "quality", "number", "tie_break", "serial"):
        builder.add_integer_field(field, indexed=True, fast=True)
    builder.add_float_field("static_rank", fast=True)
    index = tantivy.Index(builder.build())
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer(_STEMS, whitespace.build())
    return index


def worth_field(worth: int) -> str:
    """The field with the words of that worth."""
    return f"worth_{worth}"


def worth_of(points: int) -> int:
    """The greatest of WORTHS up to a sum of points."""
    return max(worth for worth in WORTHS if worth <= points)


def number_of(identifier: str) -> int:
    """A number of 63 bits that sorts as identifiers do, but for those that begin alike."""
    start = identifier.removeprefix("dts_")[:9].ljust(9, "\0")
    return sum((ord(letter) & 0x7F) << 7 * (8 - place) for place, letter in enumerate(start))


def term(schema: Schema, field: str, value: str) -> Query:
    """The datasets with exactly that value."""
    return Query.term_query(schema, field, value, "basic")


def const(schema: Schema, field: str, value: str, points: float) -> Query:
    """The same, each with these points."""
    return Query.const_score_query(term(schema, field, value), points)
