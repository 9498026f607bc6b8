"""What the index holds of a dataset: words by field, filters and facets, and what a list shows."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple

import tantivy

from services.catalog.keys import key_in_french
from services.catalog.licensing import canonical
from services.catalog.model import Dataset
from services.catalog.quality import score_of
from services.catalog.searching.stems import stems_of
from services.catalog.searching.views import FoundDataset
from services.catalog.views import summary_of
from services.catalog.words import lexical
from shared.territory import department_of
from shared.words import fold

TEXTS = {"title": 40, "keywords": 30, "columns": 20, "description": 10}
"""The fields that words are looked for in, with the points of a word that stands there."""

FACETS = ("theme", "licence", "department", "key", "producer", "format")
"""The fields that hits are counted by, beside freshness and quality."""


HIDDEN = "hidden"
"""Stands beside the state of what is not published."""

Kind = Literal["keyword", "theme", "key", "column", "producer"]


class Shown(NamedTuple):
    """What the index keeps of a dataset to show it, and to say why it was found.

    `stems` are those of each field, `named` the texts in them that a reason can name: what each is,
    the text and its stems, between tabs. Stems have a space on both sides.
    """

    found: FoundDataset
    stems: dict[str, str]
    named: list[str]


_RAW = ("id", "state", "owner", "name", "place")
_STEMS = "stems"
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_QUALITY_STEP = 5
"""No two qualities are closer: they are sums of the points of criteria."""


def build() -> tantivy.Schema:
    """The schema.

    `name` is a whole title by its stems, `place` a territory as given, `number` sorts as ids do,
    `standing` decides between those with as many points, and `lot` where that is equal. A `word` is
    a document of its own: each word of all texts once, and its `lot` its number.
    """
    builder = tantivy.SchemaBuilder()
    for field in TEXTS:
        builder.add_text_field(field, tokenizer_name=_STEMS, index_option="basic")
    for field in _RAW:
        builder.add_text_field(
            field,
            tokenizer_name="raw",
            index_option="basic",
            fast=field == "id",
            stored=field == "id",
        )
    for field in FACETS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=True)
    for field in ("updated", "quality", "number", "lot"):
        builder.add_integer_field(field, indexed=True, fast=True)
    builder.add_float_field("standing", fast=True)
    builder.add_bytes_field("shown", stored=True)
    builder.add_text_field("word", tokenizer_name="raw", index_option="basic")
    return builder.build()


def open_index() -> tantivy.Index:
    """A new index in memory."""
    index = tantivy.Index(build())
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    index.register_tokenizer(_STEMS, whitespace.build())
    return index


def texts_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """The words of each field, by their singular; no value of any column is among them."""
    about = dataset.metadata
    return {
        "title": lexical(about.title),
        "keywords": lexical(*about.keywords, about.theme),
        "columns": lexical(*map(key_in_french, dataset.keys), *map(_spaced, _columns(dataset))),
        "description": lexical(about.description, about.producer),
    }


def _named(dataset: Dataset) -> Iterator[tuple[Kind, str]]:
    about = dataset.metadata
    yield from (("keyword", keyword) for keyword in about.keywords)
    yield "theme", about.theme
    yield from (("key", key_in_french(key)) for key in dataset.keys)
    yield from (("column", column) for column in _columns(dataset))
    yield "producer", about.producer


def _columns(dataset: Dataset) -> list[str]:
    profile = dataset.published.profile if dataset.published else None
    return [column.name for column in profile.columns] if profile else []


@lru_cache(maxsize=10_000)
def _stems(text: str) -> str:
    return " ".join(stems_of(" ".join(lexical(_spaced(text)))))


def _spaced(column: str) -> str:
    """A column's name with its words apart: `codeCommune` -> `code Commune`."""
    return _HUMP.sub(" ", column)


def document(dataset: Dataset, texts: dict[str, dict[str, str]]) -> tantivy.Document:
    """The dataset as the index keeps it."""
    made = tantivy.Document()
    stems = {field: " ".join(stems_of(" ".join(words))) for field, words in texts.items()}
    for field, text in stems.items():
        made.add_text(field, text)
    for field, values in _filters(dataset, stems["title"]).items():
        for value in values:
            made.add_text(field, value)
    quality, lot = score_of(dataset), _lot(dataset.id)
    if quality is not None:
        made.add_integer("quality", quality)
    made.add_integer("updated", dataset.updated.toordinal())
    made.add_integer("number", number_of(dataset.id))
    made.add_integer("lot", lot)
    made.add_float("standing", _standing(lot, quality or 0))
    made.add_bytes("shown", _shown(dataset, stems))
    return made


def id_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> str:
    """The id of a dataset."""
    return str(searcher.doc(address).get_first("id"))


def shown_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> Shown:
    """What a document keeps to be shown."""
    kept: bytes = searcher.doc(address)["shown"][0]
    found, *lines = kept.decode().split("\n")
    stems = dict(zip(TEXTS, lines, strict=False))
    return Shown(FoundDataset.model_validate_json(found), stems, lines[len(TEXTS) :])


def word(singular: str, number: int) -> tantivy.Document:
    """A word of the vocabulary as the index keeps it; `number` is its place there."""
    made = tantivy.Document()
    made.add_text("word", singular)
    made.add_integer("lot", number)
    return made


def _filters(dataset: Dataset, title: str) -> dict[str, Iterable[str]]:
    about = dataset.metadata
    return {
        "id": [dataset.id],
        "state": [dataset.state, *([] if dataset.state == "published" else [HIDDEN])],
        "owner": [dataset.owner_id],
        "name": [title],
        "place": about.territory,
        "theme": [fold(about.theme)],
        "licence": [canonical(about.licence)],
        "department": sorted(set(map(department_of, about.territory))),
        "key": dataset.keys,
        "producer": [fold(about.producer)] if about.producer else [],
        "format": sorted(formats_of(dataset)),
    }


def formats_of(dataset: Dataset) -> set[str]:
    """The formats of its file, or of those that its producer offers."""
    profile = dataset.published.profile if dataset.published else None
    if profile:
        return {profile.format}
    found = dataset.harvested.distributions if dataset.harvested else ()
    return {fold(one.format) for one in found if one.format}


def number_of(identifier: str) -> int:
    """A number of 63 bits that sorts as identifiers do, but for those that begin alike."""
    start = identifier.removeprefix("dts_")[:9].ljust(9, "\0")
    return sum((ord(letter) & 0x7F) << 7 * (8 - place) for place, letter in enumerate(start))


def _lot(identifier: str) -> int:
    """A number of 62 bits, the same in every process and in no order."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big") >> 2


def _standing(lot: int, quality: int) -> float:
    """Less than 0.11: better datasets first, and those alike in an order that stays."""
    return (quality + _QUALITY_STEP * lot / 2**62) / 1000


def _shown(dataset: Dataset, stems: dict[str, str]) -> bytes:
    found = FoundDataset(**summary_of(dataset).model_dump(), score=None, reasons=[])
    named = (
        f"{kind}\t{' '.join(text.split())}\t {_stems(text)} " for kind, text in _named(dataset)
    )
    # JSON that is not indented has no line breaks.
    lines = (found.model_dump_json(), *(f" {stems[field]} " for field in TEXTS), *named)
    return "\n".join(lines).encode()
