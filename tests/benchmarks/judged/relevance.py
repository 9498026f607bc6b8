"""How well judged questions are answered: ours beside plain tantivy and SQLite FTS5.

The questions, and which datasets answer them, are those of tests/corpora/search: its halves are
printed apart, since the search is tuned on one of them. nDCG@10 is the sum of the gains of the
first ten answers, 2^grade - 1 each, over the logarithm of their ranks, divided by the best such sum
(Järvelin and Kekäläinen, 2002, with the gain of Burges et al., 2005).
"""

import json
import math
import sqlite3
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tantivy

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.search.catalogue_index import CatalogueIndex
from services.catalog.search.finder import search
from services.catalog.search.search_query import DatasetQuery
from shared.auth import Caller
from shared.engine.tables.manifest import Column, Meaning, Profile
from shared.engine.tables.type_names import KEYS
from shared.events import FileRef
from shared.language.folding import words
from tests.benchmarks.judged.halves import HALVES, parser

CORPUS = Path(__file__).parents[2] / "corpora" / "search"
BEST = 10
"""How many answers are judged."""

_ANYBODY = Caller("mbr_agence", frozenset({"holder"}))

Entry = Mapping[str, Any]
Search = Callable[[str], list[str]]
"""The ids of the first answers to a question."""


class Figures(NamedTuple):
    """How well questions were answered: the mean of nDCG@10, and how many found nothing."""

    ndcg: float
    empty: int


def datasets() -> list[Entry]:
    """The datasets of the corpus."""
    return _read("datasets.json")


def questions(half: str) -> list[Entry]:
    """The judged questions of a half."""
    return _read(f"questions_{half}.json")


def _read(name: str) -> list[Entry]:
    entries: list[Entry] = json.loads((CORPUS / name).read_text(encoding="utf-8"))
    return entries


def registered(entry: Entry) -> Dataset:
    """A dataset of the corpus as the catalogue has it."""
    fields = [
        {"name": column["name"], "description": column["meaning"]}
        for column in entry["columns"]
        if "meaning" in column
    ]
    metadata = Metadata.model_validate({**entry["metadata"], "columns": fields})
    dataset = Dataset(id=f"dts_{entry['id']}", owner_id="mbr_owner", metadata=metadata)
    file = FileRef(sha256="0" * 64, size=1)
    dataset.register(VersionContent(file=file, filename="a.csv"))
    columns = tuple(map(_column, entry["columns"]))
    dataset.publish(1, file, Profile(rows=9, encoding="utf-8", columns=columns), "job_1")
    return dataset


def _column(entry: Entry) -> Column:
    kind = entry.get("type")
    return Column(
        name=entry["name"],
        kind=entry["kind"],
        filled=9,
        distinct=9,
        key=kind if kind in KEYS else None,
        meaning=Meaning(type=kind, confidence=1, valid=1) if kind else None,
    )


def ours(entries: Iterable[Entry]) -> Search:
    """The catalogue's search."""
    index = CatalogueIndex()
    index.put(map(registered, entries))

    def ask(question: str) -> list[str]:
        page = search(index, DatasetQuery(q=question, limit=BEST), _ANYBODY)
        return [item.id.removeprefix("dts_") for item in page.items]

    return ask


def plain_tantivy(entries: Iterable[Entry]) -> Search:
    """Plain tantivy: a title and a text, French stems, its own parser of questions."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for field in ("title", "text"):
        builder.add_text_field(field, tokenizer_name="french")
    index = tantivy.Index(builder.build())
    tokens = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    stems = tokens.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.stemmer("french"))
    index.register_tokenizer("french", stems.build())
    writer = index.writer(15_000_000, 1)
    for entry in entries:
        title, text = _texts(entry)
        writer.add_document(tantivy.Document(id=entry["id"], title=title, text=text))
    writer.commit()
    index.reload()

    def ask(question: str) -> list[str]:
        query, _errors = index.parse_query_lenient(question, ["title", "text"])
        searcher = index.searcher()
        return [
            str(searcher.doc(address)["id"][0])
            for _score, address in searcher.search(query, BEST).hits
        ]

    return ask


def sqlite_fts5(entries: Iterable[Entry]) -> Search:
    """SQLite's full-text index, with accents folded, and any of the words."""
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE datasets USING fts5(id UNINDEXED, title, text, "
        "tokenize='unicode61 remove_diacritics 2')"
    )
    rows = [(entry["id"], *_texts(entry)) for entry in entries]
    database.executemany("INSERT INTO datasets VALUES (?, ?, ?)", rows)

    def ask(question: str) -> list[str]:
        sql = "SELECT id FROM datasets WHERE datasets MATCH ? ORDER BY bm25(datasets) LIMIT ?"
        any_word = " OR ".join(f'"{word}"' for word in words(question))
        return [row[0] for row in database.execute(sql, (any_word, BEST))]

    return ask


def _texts(entry: Entry) -> tuple[str, str]:
    """A title and all other texts of a dataset, for the peers."""
    about = entry["metadata"]
    columns = (
        f"{column['name'].replace('_', ' ')} {column.get('meaning', '')}"
        for column in entry["columns"]
    )
    texts = (
        about.get("description", ""),
        *about.get("keywords", ()),
        about["theme"],
        about.get("producer", ""),
        *about.get("territory", ()),
        *columns,
    )
    return about["title"], " ".join(texts)


CONTENDERS: dict[str, Callable[[Iterable[Entry]], Search]] = {
    "ours": ours,
    "tantivy": plain_tantivy,
    "sqlite": sqlite_fts5,
}


def ndcg(answers: Sequence[str], grades: Mapping[str, int]) -> float:
    """How near a list of answers comes to the best one, from 0 to 1; of the first ten."""
    best = _gain(sorted(grades.values(), reverse=True)[:BEST])
    return _gain([grades.get(answer, 0) for answer in answers[:BEST]]) / best


def _gain(grades: Iterable[int]) -> float:
    ranked = enumerate(grades, start=2)
    return math.fsum((2**grade - 1) / math.log2(rank) for rank, grade in ranked)


def measured(ask: Search, asked: Sequence[Entry]) -> Figures:
    """How well questions are answered."""
    answers = [ask(sentence["question"]) for sentence in asked]
    scores = [
        ndcg(answer, question["grades"]) for answer, question in zip(answers, asked, strict=True)
    ]
    return Figures(statistics.fmean(scores), sum(not answer for answer in answers))


def main(arguments: Sequence[str] = ()) -> None:
    """Print the figures of every contender for each half, or for one: `--half tuning`."""
    halves = parser().parse_args(arguments).halves or HALVES
    print(f"\nrelevance: {__doc__.splitlines()[0] if __doc__ else ''}")
    asking = {name: build(datasets()) for name, build in CONTENDERS.items()}
    for half in halves:
        asked = questions(half)
        for name, ask in asking.items():
            figures = measured(ask, asked)
            print(
                f"  {half:<9} {name:<8} nDCG@10 {figures.ndcg:.3f}"
                f"   answered with nothing: {figures.empty} of {len(asked)}"
            )


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
