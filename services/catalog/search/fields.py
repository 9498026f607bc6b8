"""The fields of the index, the boost of each text, and the words of all texts."""

from typing import NamedTuple

import tantivy
from tantivy import Query, Schema

TEXTS = {"title": 8, "keywords": 6, "columns": 5, "description": 4}
"""The texts that words are looked for in, each a field, with its boost."""

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
    """Each word of all texts once, by its singular as it was written.

    The index has each singular as a document of its own. `sounding` are singulars by their sound.
    """

    written: dict[str, str]
    sounding: dict[str, list[str]]


def open_index() -> tantivy.Index:
    """A new index in memory.

    `name` is a whole title by its stems, `place` a territory as given, `number` sorts as ids do,
    `static_rank` decides between those with as many points, and `tie_break` where that is equal.
    """
    builder = tantivy.SchemaBuilder()
    for field in (ANYWHERE, *TEXTS):
        builder.add_text_field(field, tokenizer_name=_STEMS, index_option="basic")
    for field in (*_RAW, *FACETS, "word"):
        builder.add_text_field(
            field,
            tokenizer_name="raw",
            index_option="basic",
            fast=field == "id" or field in FACETS,
            stored=field in {"id", "word"},
        )
    for field in ("updated", "quality", "number", "tie_break", "serial"):
        builder.add_integer_field(field, indexed=True, fast=True)
    builder.add_float_field("static_rank", fast=True)
    index = tantivy.Index(builder.build())
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer(_STEMS, whitespace.build())
    return index


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
