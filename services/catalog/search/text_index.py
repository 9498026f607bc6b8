"""The index of one process as it is searched: what it counts, and what it keeps of datasets."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from tantivy import DocAddress, Schema, Searcher

from services.catalog.search.concepts import is_group
from services.catalog.search.fields import Vocabulary, open_index

TERM = "|"
"""Between a group and the term of it that stands in a text, and a territory's areas and name."""

Kind = Literal["title", "keyword", "theme", "key", "column", "file", "producer", "description"]


class TokenMatch(NamedTuple):
    """A text with a token: of what kind, by what name, and the term where the token is a group."""

    kind: Kind
    name: str
    term: str


class IndexedDataset(NamedTuple):
    """What is kept of a dataset, in UTF-8: what is shown of it, and why it may be found.

    The first line is its summary as JSON, without what is as by default, the second its areas and,
    after TERM, its territory in French. Then there is a line for each text that a reason can name,
    the best first: its kind, its name and, each between tabs, its tokens that are in no line
    before: stems, and groups of the thesaurus with their term.
    """

    lines: bytes

    @property
    def summary(self) -> bytes:
        """What lists show of it, as JSON."""
        return self.lines[: self.lines.index(b"\n")]

    @property
    def place(self) -> tuple[list[str], str]:
        """The areas of its territory, and the territory in French."""
        areas, _, territory = self.lines.split(b"\n", 2)[1].decode().partition(TERM)
        return areas.split(" "), territory

    def text_with(self, token: str) -> TokenMatch | None:
        """The best text with that token, if one has it."""
        at = self.lines.find(_between_tabs(token))
        if at < 0:
            return None
        start = self.lines.rindex(b"\n", 0, at) + 1
        kind, _, name = self.lines[start : self.lines.index(b"\t", start)].decode().partition(" ")
        token_text = self.lines[at + 1 : self.lines.index(b"\t", at + 1)].decode()
        return TokenMatch(cast("Kind", kind), name, token_text.partition(TERM)[2])

    def tokens(self) -> Iterator[str]:
        """All stems and groups that it is found by."""
        for line in self.lines.decode().split("\n")[2:]:
            yield from (token.partition(TERM)[0] for token in line.split("\t")[1:-1])


@lru_cache(maxsize=1000)
def _between_tabs(token: str) -> bytes:
    return f"\t{token}{TERM}".encode() if is_group(token) else f"\t{token}\t".encode()


class TextIndex:
    """What there is to be found.

    `labels` are themes and producers as somebody wrote them, `size` is how many datasets there are,
    and `frequencies` how many of them have a stem or a group of the thesaurus: the index itself
    counts what it has deleted too. Scores depend on a dataset, the question and these alone: all
    processes rank alike. `kept` has what is shown of datasets, by the serial of each state: to
    unpack it of tantivy's store took a third of the time of an answer.
    """

    def __init__(self) -> None:
        self.labels: dict[tuple[str, str], str] = {}
        self.vocabulary = Vocabulary({}, {})
        self.frequencies: Counter[str] = Counter()
        self.size = 0
        self._index = open_index()
        self.kept: dict[int, bytes] = {}

    @property
    def schema(self) -> Schema:
        """Of the fields that queries name."""
        return self._index.schema

    def searcher(self) -> Searcher:
        """The index as it is now; what comes later does not change it."""
        return self._index.searcher()

    def datasets_at(
        self, searcher: Searcher, addresses: list[DocAddress]
    ) -> Iterator[IndexedDataset]:
        """What is kept of the datasets at these addresses."""
        serials = searcher.fast_field_values("serial", addresses)
        return (IndexedDataset(self.kept[int(serial or 0)]) for serial in serials)
