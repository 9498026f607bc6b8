"""The index of one process, in memory: it follows the documents, and can be made of them anew."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from typing import Any, Literal, NamedTuple, cast

from tantivy import DocAddress, Document, Schema, Searcher

from services.catalog.datasets.change_feed import MARGIN, ChangeFeed
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.views import summary_of
from services.catalog.licences.licences import canonical
from services.catalog.search.fields import (
    ANYWHERE,
    FIELDS,
    HIDDEN,
    TEXTS,
    Vocabulary,
    number_of,
    open_index,
)
from services.catalog.search.french import key_in_french, lexical, stems_of
from shared.errors import Unavailable
from shared.store import Store
from shared.tables.territory import department_of
from shared.words import fold

_HEAP_BYTES = 15_000_000
"""The least a writer of tantivy takes for one thread."""

_DATASETS_PER_TURN = 5
"""Datasets that are taken in within a few milliseconds."""

_PATIENCE_SECONDS = 5
_SHORTEST_WORD = 3
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_QUALITY_STEP = 5
"""No two qualities are closer: they are sums of the points of criteria."""

Kind = Literal["title", "keyword", "theme", "key", "column", "producer", "description"]


class IndexedDataset(NamedTuple):
    """What the index keeps of a dataset: its summary as JSON, and why it may be found.

    `texts` has a line for each text that a reason can name, the best first: its kind, its name
    and, each between tabs, its stems that are in no line before.
    """

    summary: str
    texts: str

    def text_with(self, stem: str) -> tuple[Kind, str] | None:
        """The kind and name of the best text with that stem, if one has it."""
        at = self.texts.find(f"\t{stem}\t")
        if at < 0:
            return None
        start = self.texts.rfind("\n", 0, at) + 1
        kind, _, name = self.texts[start : self.texts.index("\t", start)].partition(" ")
        return cast("Kind", kind), name


def _here(function: Callable[[], None]) -> None:
    function()


class TextIndex:
    """What there is to be found.

    `labels` are themes and producers as somebody wrote them. Scores depend on a dataset and the
    question alone: all processes rank alike. `in_thread(function)` calls what takes tens of
    milliseconds outside of Python; a service gives eventlet's thread pool, so that nobody else
    waits for it.
    """

    def __init__(self, in_thread: Callable[..., Any] = _here) -> None:
        self._in_thread = in_thread
        self.labels: dict[tuple[str, str], str] = {}
        self.vocabulary = Vocabulary({}, [])
        self._feed = ChangeFeed()
        self._index = open_index()
        self._writer = self._index.writer(_HEAP_BYTES, 1)
        self._busy = Lock()

    @property
    def schema(self) -> Schema:
        """Of the fields that queries name."""
        return self._index.schema

    def searcher(self) -> Searcher:
        """The index as it is now; what comes later does not change it."""
        return self._index.searcher()

    def follow(self, store: Store, margin: timedelta = MARGIN) -> int:
        """Take in what changed of the documents; how many there were.

        Raises Unavailable when another thread is at it for long: the index is made anew.
        """
        if not self._busy.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("the index of the catalogue is being made; ask again later")
        try:
            return self.put(self._feed.changes(store, margin))
        finally:
            self._busy.release()

    def put(self, datasets: Iterable[Dataset]) -> int:
        """Take in datasets, each in place of what was known of it; how many there were."""
        count = 0
        try:
            for dataset in datasets:
                self._put(dataset)
                count += 1
                if count % _DATASETS_PER_TURN == 0:
                    # A long catalogue is read in one go: let the others have their turn.
                    time.sleep(0)
        finally:
            # Those before a failure are not told again.
            if count:
                self._in_thread(self._settle)
        return count

    def _settle(self) -> None:
        self._writer.commit()
        self._index.reload()

    def _put(self, dataset: Dataset) -> None:
        self._writer.delete_documents_by_term("id", dataset.id)
        if dataset.deletion:
            return
        texts = texts_of(dataset)
        self._writer.add_document(_document(dataset, texts))
        self._label(dataset)
        for words in texts.values():
            self._learn(words)

    def _label(self, dataset: Dataset) -> None:
        about = dataset.metadata
        self.labels.setdefault(("theme", fold(about.theme)), about.theme)
        self.labels.setdefault(("producer", fold(about.producer)), about.producer)

    def _learn(self, words: dict[str, str]) -> None:
        written, singulars = self.vocabulary
        for word, as_written in words.items():
            if word not in written and len(word) >= _SHORTEST_WORD:
                self._writer.add_document(Document(word=word, number=len(singulars)))
                written[word] = as_written
                singulars.append(word)


def indexed_at(searcher: Searcher, address: DocAddress) -> IndexedDataset:
    """What a document keeps to be shown."""
    kept: bytes = searcher.doc(address)["shown"][0]
    # JSON that is not indented has no line breaks.
    summary, _, texts = kept.decode().partition("\n")
    return IndexedDataset(summary, texts)


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
    return _CAMEL_CASE.sub(" ", column)


def _document(dataset: Dataset, texts: dict[str, dict[str, str]]) -> Document:
    """The dataset as the index keeps it."""
    summary, tie_break = summary_of(dataset), _tie_break(dataset.id)
    stems = {text: " ".join(stems_of(" ".join(words))) for text, words in texts.items()}
    return Document(
        **dict(_in_fields(stems)),
        **_filters(dataset, stems["title"]),
        quality=[] if summary.quality is None else summary.quality,
        updated=dataset.updated.toordinal(),
        number=number_of(dataset.id),
        tie_break=tie_break,
        static_rank=_static_rank(summary.quality or 0, tie_break),
        shown="\n".join((summary.model_dump_json(), *_findable_texts(dataset, stems))).encode(),
    )


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


def _filters(dataset: Dataset, title: str) -> dict[str, str | list[str]]:
    about = dataset.metadata
    return {
        "id": dataset.id,
        "state": ["published"] if dataset.state == "published" else [dataset.state, HIDDEN],
        "owner": dataset.owner_id,
        "name": title,
        "place": list(about.territory),
        "theme": fold(about.theme),
        "licence": canonical(about.licence),
        "department": sorted(set(map(department_of, about.territory))),
        "key": dataset.keys,
        "producer": [fold(about.producer)] if about.producer else [],
        "format": sorted(_formats_of(dataset)),
    }


def _formats_of(dataset: Dataset) -> set[str]:
    """The formats of its file, or of those that its producer offers."""
    if dataset.profile:
        return {dataset.profile.format}
    found = dataset.harvested.distributions if dataset.harvested else ()
    return {fold(one.format) for one in found if one.format}


def _tie_break(identifier: str) -> int:
    """A number of 62 bits, the same in every process and in no order."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big") >> 2


def _static_rank(quality: int, tie_break: int) -> float:
    """Less than 0.11: better datasets first, and those alike in an order that stays."""
    return (quality + _QUALITY_STEP * tie_break / 2**62) / 1000


def _findable_texts(dataset: Dataset, stems: dict[str, str]) -> Iterator[str]:
    named = (
        (f"{kind} {' '.join(name.split())}", _stems(text)) for kind, name, text in _named(dataset)
    )
    whole = ("title ", stems["title"]), *named, ("description ", stems["description"])
    for called, new in _each_once(whole):
        yield "\t".join((called, *new, ""))


@lru_cache(maxsize=10_000)
def _stems(text: str) -> str:
    return " ".join(stems_of(" ".join(lexical(text))))
