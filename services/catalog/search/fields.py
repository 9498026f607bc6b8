"""The fields of the index, the points of a word in each, and the words of all texts."""

from typing import NamedTuple

import tantivy

TEXTS = ("title", "keywords", "columns", "description")
"""The texts of a dataset, those that say most of it first."""

ANYWHERE = "anywhere"
FIELDS = {"title": 40, "keywords": 30, "columns": 20, ANYWHERE: 10}
"""The fields that words are looked for in, with the points of a word that stands there.

A word has one of the first three at most, that of the best text it is in.
"""

FACETS = ("theme", "licence", "department", "key", "producer", "format")
"""The fields that hits are counted by, beside freshness and quality."""

FRESH_DAYS = {"week": 7, "month": 31, "year": 366}
"""How old data of each freshness is at most, in days."""

HIDDEN = "hidden"
"""Stands beside the state of what is not published."""

_RAW = ("id", "state", "owner", "name", "place")
_STEMS = "stems"


class Vocabulary(NamedTuple):
    """Each word of all texts once: by its singular as it was written, and the singulars in order.

    The index has each as a document of its own, whose `number` is its place in that order.
    """

    written: dict[str, str]
    singulars: list[str]


def open_index() -> tantivy.Index:
    """A new index in memory.

    `name` is a whole title by its stems, `place` a territory as given, `number` sorts as ids do,
    `static_rank` decides between those with as many points, and `tie_break` where that is equal.
    """
    builder = tantivy.SchemaBuilder()
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name=_STEMS, index_option="basic")
    for field in (*_RAW, *FACETS, "word"):
        builder.add_text_field(
            field,
            tokenizer_name="raw",
            index_option="basic",
            fast=field == "id" or field in FACETS,
            stored=field == "id",
        )
    for field in ("updated", "quality", "number", "tie_break"):
        builder.add_integer_field(field, indexed=True, fast=True)
    builder.add_float_field("static_rank", fast=True)
    builder.add_bytes_field("shown", stored=True)
    index = tantivy.Index(builder.build())
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer(_STEMS, whitespace.build())
    return index


def number_of(identifier: str) -> int:
    """A number of 63 bits that sorts as identifiers do, but for those that begin alike."""
    start = identifier.removeprefix("dts_")[:9].ljust(9, "\0")
    return sum((ord(letter) & 0x7F) << 7 * (8 - place) for place, letter in enumerate(start))
