"""A dataset as the index takes it in: its words, places and filters, and what is shown of it."""

import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from textwrap import shorten
from typing import Any, NamedTuple, Self

from pydantic_core import from_json, to_json
from tantivy import Document

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import DatasetSummary, summary_of
from services.catalog.licences.licences import canonical
from services.catalog.search.concepts import groups_in
from services.catalog.search.fields import ANYWHERE, AREA, DELIVERED, HIDDEN, TEXTS, number_of
from services.catalog.search.french_words import stems_of
from services.catalog.search.places.areas import areas_in, bodies_of, territory_in_french
from services.catalog.search.text_index import TERM, IndexedDataset, Kind
from shared.engine.tables.files import formats_of
from shared.engine.tables.type_names import TYPES, key_in_french
from shared.language.folding import fold, lexical, sequence
from shared.language.french import quoted

_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIGNS = re.compile(r"[\W_]+")
"""What stands between the words of a file's name."""

_LONGEST_NOTE = 100
"""Characters of what a column holds that a reason quotes."""

_QUALITY_STEP = 5
"""No two qualities are closer: they are sums of the points of criteria."""


def _texts(dataset: Dataset) -> dict[str, list[str]]:
    """All that can be searched, by field."""
    about = dataset.metadata
    return {
        "title": [about.title],
        "keywords": [*about.keywords],
        "columns": [
            *map(key_in_french, dataset.keys),
            *(column.text for column in _columns(dataset)),
            *_file_texts(dataset),
        ],
        "description": [about.description, about.theme, about.producer],
    }


def _file_texts(dataset: Dataset) -> Iterator[str]:
    """Formats of its files, and their names unless those may tell of persons."""
    version = dataset.published
    if version and version.profile and (files := version.profile.files):
        yield from sorted(formats_of(files))
        if version.privacy and version.privacy.verdict == "none":
            yield from (_SIGNS.sub(" ", name) for name in files.names)


def _named(dataset: Dataset) -> Iterator[tuple[Kind, str, str]]:
    """The texts that a reason can name, best first: of what kind, by what name, and the text."""
    about = dataset.metadata
    yield from (("keyword", keyword, keyword) for keyword in about.keywords)
    yield "theme", about.theme, about.theme
    yield from (("key", key_in_french(key), key_in_french(key)) for key in dataset.keys)
    yield from (("column", column.noted, column.text) for column in _columns(dataset))
    yield from (("file", text, text) for text in _file_texts(dataset))
    yield "producer", "", about.producer


class _ColumnText(NamedTuple):
    """A column by its name, what it holds, and all that it is found by."""

    name: str
    held: str
    text: str

    @property
    def noted(self) -> str:
        """How a reason names it: « ht_hc » (part des logements vacants)."""
        # Most are short, and there are millions in a long catalogue.
        is_long = len(self.held) > _LONGEST_NOTE
        note = shorten(self.held, _LONGEST_NOTE, placeholder=" …") if is_long else self.held
        return f"{quoted(self.name)} ({note})" if note else quoted(self.name)


def _columns(dataset: Dataset) -> Iterator[_ColumnText]:
    """The columns of its table; of data that is only referenced those that are described.

    A name has its words apart: `codeCommune` -> `code Commune`.
    """
    columns = dataset.profile.columns if dataset.profile else ()
    types = {column.name: TYPES.get(column.type, "") for column in columns}
    descriptions = {column.name: column.description for column in dataset.known_descriptions}
    for name in types | descriptions:
        kind, description = types.get(name, ""), descriptions.get(name, "")
        yield _ColumnText(
            name, description or kind, " ".join((_CAMEL_CASE.sub(" ", name), kind, description))
        )


class DatasetContent(NamedTuple):
    """All that the index takes of a dataset.

    `words` of its texts are by their singular, each as it was first written. `fields` are those of
    tantivy's document but for ANYWHERE, which has the words of all texts.
    """

    words: dict[str, str]
    fields: dict[str, Any]
    indexed: IndexedDataset
    theme: str
    producer: str

    def document(self) -> Document:
        """The dataset as tantivy finds it."""
        anywhere = " ".join(filter(None, (self.fields[name] for name in TEXTS)))
        return Document(**{ANYWHERE: anywhere}, **self.fields)

    def packed(self) -> bytes:
        """Its bytes for a file."""
        lines = self.indexed.lines.decode()
        return zlib.compress(to_json((self.words, self.fields, lines, *self[3:])), 1)

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """What was packed; raises ValueError or zlib.error when the bytes are nothing such."""
        words, fields, lines, theme, producer = from_json(zlib.decompress(packed))
        return cls(words, fields, IndexedDataset(lines.encode()), theme, producer)


def content_of(dataset: Dataset) -> DatasetContent:
    """The dataset as it is found, and what is kept of it beside that."""
    texts = _texts(dataset)
    tokens = {name: _tokens_of(field_texts) for name, field_texts in texts.items()}
    summary, tie_break = summary_of(dataset), _tie_break(dataset.id)
    fields = dict(
        **{name: " ".join(text_tokens) for name, text_tokens in tokens.items()},
        **_filters(dataset),
        quality=[] if summary.quality is None else summary.quality,
        updated=dataset.updated.toordinal(),
        number=number_of(dataset.id),
        tie_break=tie_break,
        static_rank=_static_rank(summary.quality or 0, tie_break),
    )
    lines = "\n".join((*_summary_lines(summary), *_findable_texts(dataset, tokens))).encode()
    about = dataset.metadata
    words = lexical(*chain.from_iterable(texts.values()))
    return DatasetContent(words, fields, IndexedDataset(lines), about.theme, about.producer)


def _tokens_of(texts: Iterable[str]) -> dict[str, str]:
    """The stems of texts, and the groups that they have a term of, each as displayed."""
    written_by_token: dict[str, str] = {}
    for text in texts:
        for token, written in _tokens(text).items():
            written_by_token.setdefault(token, written)
    return written_by_token


@lru_cache(maxsize=10_000)
def _tokens(text: str) -> dict[str, str]:
    words = [word for word, _written in sequence(text)]
    stems = {stem: stem for stem in stems_of(" ".join(words))}
    return stems | {group: f"{group}{TERM}{term}" for group, term in groups_in(words).items()}


def _filters(dataset: Dataset) -> dict[str, str | list[str]]:
    about = dataset.metadata
    return {
        "id": dataset.id,
        "state": ["published"] if dataset.state == "published" else [dataset.state, HIDDEN],
        "owner": dataset.owner_id,
        "origin": [DELIVERED, dataset.project_id] if dataset.project_id else [],
        "name": " ".join(stems_of(" ".join(lexical(about.title)))),
        "place": list(about.territory),
        AREA: areas_in(about.territory),
        "theme": fold(about.theme),
        "licence": canonical(about.licence),
        "department": sorted(set().union(*map(bodies_of, about.territory))),
        "key": dataset.keys,
        "producer": [fold(about.producer)] if about.producer else [],
        "format": sorted(_formats_of(dataset)),
    }


def _formats_of(dataset: Dataset) -> set[str]:
    """The formats of its file, or of those that its producer offers."""
    if dataset.profile:
        files = dataset.profile.files
        return formats_of(files) if files else {dataset.profile.format}
    distributions = dataset.harvested.distributions if dataset.harvested else ()
    return {fold(distribution.format) for distribution in distributions if distribution.format}


def _tie_break(identifier: str) -> int:
    """A number of 62 bits, the same in every process and in no order."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big") >> 2


def _static_rank(quality: int, tie_break: int) -> float:
    """Less than 0.11: better datasets first, and those alike in an order that stays."""
    return (quality + _QUALITY_STEP * tie_break / 2**62) / 1000


def _summary_lines(summary: DatasetSummary) -> Iterator[str]:
    yield summary.model_dump_json(exclude_defaults=True)
    areas = " ".join(areas_in(summary.territory))
    yield f"{areas}{TERM}{territory_in_french(summary.territory)}"


def _findable_texts(dataset: Dataset, tokens: dict[str, dict[str, str]]) -> Iterator[str]:
    named = (
        (f"{kind} {' '.join(name.split())}", _tokens(text)) for kind, name, text in _named(dataset)
    )
    seen = set[str]()
    for called, text_tokens in (
        ("title ", tokens["title"]),
        *named,
        ("description ", tokens["description"]),
    ):
        new = [written for token, written in text_tokens.items() if token not in seen]
        seen.update(text_tokens)
        yield "\t".join((called, *new, ""))
