"""What the index holds of a dataset: words by field, filters and facets, and what a list shows."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple, cast

import tantivy

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import DatasetSummary, summary_of
from services.catalog.licences.licences import canonical
from services.catalog.search.french import key_in_french, lexical, stems_of
from services.catalog.search.views import FoundDataset
from shared.tables.territory import department_of
from shared.words import fold

TEXTS = ("title", "keywords", "columns", "description")
"""The texts of a dataset, those that say most of it first."""

ANYWHERE = "anywhere"
FIELDS = {"title": 40, "keywords": 30, "columns": 20, ANYWHERE: 10}
"""The fields that words are looked for in, with the points of a word that stands there.

A word has one of the first three at most, that of the best text it is in.
"""

FACETS = ("theme", "licence", "department", "key", "producer", "format")
"""The fields that hits are counted by, beside freshness and quality."""


HIDDEN = "hidden"
"""Stands beside the state of what is not published."""

Kind = Literal["title", "keyword", "theme", "key", "column", "producer", "description"]


class Shown(NamedTuple):
    """What the index keeps of a dataset to show it, and to say why it was found.

    `places` has a line for each text that a reason can name, the best first: its kind, its name
    and, each between tabs, its stems that are in no line before.
    """

    found: FoundDataset
    places: str

    def place_of(self, stem: str) -> tuple[Kind, str] | None:
        """The kind and name of the best text with that stem, if one has it."""
        at = self.places.find(f"\t{stem}\t")
        if at < 0:
            return None
        start = self.places.rfind("\n", 0, at) + 1
        kind, _, name = self.places[start : self.places.index("\t", start)].partition(" ")
        return cast("Kind", kind), name


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
    for field in FIELDS:
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
    """The words of each text, by their singular; no value of any column is among them."""
    about = dataset.metadata
    return {
        "title": lexical(about.title),
        "keywords": lexical(*about.keywords, about.theme),
        "columns": lexical(*map(key_in_french, dataset.keys), *map(_spaced, _columns(dataset))),
        "description": lexical(about.description, about.producer),
    }


def _named(dataset: Dataset) -> Iterator[tuple[Kind, str, str]]:
    """The texts that a reason can name, best first: of what kind, by what name, and the text."""
    about = dataset.metadata
    yield from (("keyword", keyword, keyword) for keyword in about.keywords)
    yield "theme", about.theme, about.theme
    yield from (("key", key_in_french(key), key_in_french(key)) for key in dataset.keys)
    yield from (("column", column, _spaced(column)) for column in _columns(dataset))
    yield "producer", "", about.producer


def _columns(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.profile.columns] if dataset.profile else []


def _spaced(column: str) -> str:
    """A column's name with its words apart: `codeCommune` -> `code Commune`."""
    return _HUMP.sub(" ", column)


def document(dataset: Dataset, texts: dict[str, dict[str, str]]) -> tantivy.Document:
    """The dataset as the index keeps it."""
    made = tantivy.Document()
    stems = {text: " ".join(stems_of(" ".join(words))) for text, words in texts.items()}
    for field, words in _in_fields(stems):
        made.add_text(field, words)
    for field, values in _filters(dataset, stems["title"]).items():
        for value in values:
            made.add_text(field, value)
    summary, lot = summary_of(dataset), _lot(dataset.id)
    if summary.quality is not None:
        made.add_integer("quality", summary.quality)
    made.add_integer("updated", dataset.updated.toordinal())
    made.add_integer("number", number_of(dataset.id))
    made.add_integer("lot", lot)
    made.add_float("standing", _standing(lot, summary.quality or 0))
    made.add_bytes("shown", _shown(dataset, summary, stems))
    return made


def _in_fields(stems: dict[str, str]) -> Iterator[tuple[str, str]]:
    anywhere: list[str] = []
    for text, new in _each_once((text, stems[text]) for text in TEXTS):
        anywhere += new
        if text in FIELDS:
            yield text, " ".join(new)
    yield ANYWHERE, " ".join(anywhere)


def _each_once(texts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Texts by name, each with those of its stems that no text before it has."""
    known = set[str]()
    for name, stems in texts:
        new = [stem for stem in dict.fromkeys(stems.split()) if stem not in known]
        known.update(new)
        yield name, new


def id_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> str:
    """The id of a dataset."""
    return str(searcher.doc(address).get_first("id"))


def shown_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> Shown:
    """What a document keeps to be shown."""
    kept: bytes = searcher.doc(address)["shown"][0]
    # JSON that is not indented has no line breaks.
    found, _, places = kept.decode().partition("\n")
    return Shown(FoundDataset.model_validate_json(found), places)


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
    if dataset.profile:
        return {dataset.profile.format}
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


def _shown(dataset: Dataset, summary: DatasetSummary, stems: dict[str, str]) -> bytes:
    found = FoundDataset(**summary.model_dump(), score=None, reasons=[])
    return "\n".join((found.model_dump_json(), *_places(dataset, stems))).encode()


def _places(dataset: Dataset, stems: dict[str, str]) -> Iterator[str]:
    named = (
        (f"{kind} {' '.join(name.split())}", _stems(text)) for kind, name, text in _named(dataset)
    )
    whole = ("title ", stems["title"]), *named, ("description ", stems["description"])
    for called, new in _each_once(whole):
        yield "\t".join((called, *new, ""))


@lru_cache(maxsize=10_000)
def _stems(text: str) -> str:
    return " ".join(stems_of(" ".join(lexical(text))))
