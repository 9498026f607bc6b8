"""The index of one process as it is searched: what it counts, and what it keeps of datasets."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from tantivy import DocAddress, Schema, Searcher

from services.catalog.search.concepts import is_group
from services.catalog.search.fields import Vocabulary, open_index

TERM = "|"
"""Between a group and the term of it that stands in a text."""

Kind = Literal["title", "keyword", "theme", "key", "column", "producer", "description"]


class Found(NamedTuple):
    """A text with a token: of what kind, by what name, and the term where the token is a group."""

    kind: Kind
    name: str
    term: str


class IndexedDataset(NamedTuple):
    """What the index keeps of a dataset, in UTF-8: what is shown of it, and why it may be found.

    `summary` is JSON without what is as by default. `place` is its territory in French and, each
    after a tab, its areas. `texts` has a line for each text that a reason can name, the best first:
    its kind, its name and, each between tabs, its tokens that are in no line before: stems, and
    groups of the thesaurus with their term.
    """

    summary: bytes
    place: bytes
    texts: bytes

    @property
    def territory(self) -> str:
        """Its territory in French."""
        return self.place.decode().partition("\t")[0]

    @property
    def areas(self) -> list[str]:
        """The places that it is about, and those that they lie in."""
        return self.place.decode().split("\t")[1:]

    def text_with(self, token: str) -> Found | None:
        """The best text with that token, if one has it."""
        at = self.texts.find(_between_tabs(token))
        if at < 0:
            return None
        start = self.texts.rfind(b"\n", 0, at) + 1
        kind, _, name = self.texts[start : self.texts.index(b"\t", start)].decode().partition(" ")
        found = self.texts[at + 1 : self.texts.index(b"\t", at + 1)].decode()
        return Found(cast("Kind", kind), name, found.partition(TERM)[2])

    def tokens(self) -> Iterator[str]:
        """All stems and groups that it is found by."""
        for line in self.texts.decode().split("\n"):
            yield from (token.partition(TERM)[0] for token in line.split("\t")[1:-1])


@lru_cache(maxsize=1000)
def _between_tabs(token: str) -> bytes:
    return f"\t{token}{TERM}".encode() if is_group(token) else f"\t{token}\t".encode()


def indexed_at(searcher: Searcher, address: DocAddress) -> IndexedDataset:
    """What a document keeps to be shown."""
    kept: bytes = searcher.doc(address)["shown"][0]
    # JSON that is not indented has no line breaks.
    return IndexedDataset(*kept.split(b"\n", 2))


class TextIndex:
    """What there is to be found.

    `labels` are themes and producers as somebody wrote them, `size` is how many datasets there are,
    and `frequencies` how many of them have a stem or a group of the thesaurus: the index itself
    counts what it has deleted too. Scores depend on a dataset, the question and these alone: all
    processes rank alike.
    """

    def __init__(self) -> None:
        self.labels: dict[tuple[str, str], str] = {}
        self.vocabulary = Vocabulary({}, [])
        self.frequencies: Counter[str] = Counter()
        self.size = 0
        self._index = open_index()

    @property
    def schema(self) -> Schema:
        """Of the fields that queries name."""
        return self._index.schema

    def searcher(self) -> Searcher:
        """The index as it is now; what comes later does not change it."""
        return self._index.searcher()
