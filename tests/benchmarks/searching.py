"""Searches among 200,000 datasets: ours with and without facets, plain tantivy and SQLite FTS5.

All run in one process, in turn for each question, on the same generated catalogue: titles,
descriptions, keywords and column names of French words, as often as ranks in a language fall off.
"""

import itertools
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import tantivy

from services.catalog.datasets.metadata import Metadata
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.search.catalogue_index import CatalogueIndex, lines_of
from services.catalog.search.finder import search
from services.catalog.search.search_query import DatasetQuery
from shared.aggregate import now
from shared.auth import Caller
from shared.engine.tables.manifest import Column, Profile
from shared.events import FileRef

DATASETS = 200_000
QUESTIONS = 1000
ADDITIONS = 50
RESTARTED = 10_000
_FEW = 40
"""Questions for SQLite, which takes a hundred times as long."""

_LIMIT = 50
_TEXTS = ("title", "keywords", "columns", "description")
_BATCH = 1000
_MEGABYTE = 1_000_000
_ANYBODY = Caller("mbr_agence", frozenset({"holder"}))

_COMMON = """commune logement école élève chaussée forêt rivière énergie mobilité vélo véhicule
recharge transport qualité air eau réseau déchet bâtiment commerce entreprise emploi santé hôpital
médecin culture musée bibliothèque sport piscine budget subvention marché délibération adresse
parcelle urbanisme zone inondation risque arbre parc jardin éclairage voirie stationnement
fréquentation tourisme hébergement agriculture exploitation pêche port littoral climat température
population ménage revenu naissance décès vacance résidence construction permis prix loyer surface
consommation production électricité gaz chaleur solaire éolien émission bruit accident horaire
arrêt ligne gare tramway bus piéton comptage inscription cantine crèche collège lycée université
recherche association équipement patrimoine monument archive carte recensement statistique"""
_SYLLABLES = (
    "ba bre cha co da dou é fa gne go la lin ma mon né nor pa plu ré ri sa sé ti tour va vi"
)
_THEMES = ("habitat", "mobilité", "environnement", "économie", "culture", "santé", "éducation")
_LICENCES = ("lov2", "odc-odbl", "cc-by", "fr-lo", "notspecified")
_KEYS = ("commune", "epci", "siren", "siret", "iris", "postcode")
_DEPARTMENTS = ("14", "27", "50", "61", "76")


class Vocabulary:
    """Words of a language, the first ones often and most of them seldom."""

    def __init__(self, seed: int, size: int = 30_000) -> None:
        self.random = random.Random(seed)
        rare = ("".join(self._syllables()) for _ in range(size))
        self._words = list(dict.fromkeys((*_COMMON.split(), *rare)))
        ranks = range(len(self._words))
        self._weights = list(itertools.accumulate(1 / (rank + 10) for rank in ranks))

    def words(self, count: int) -> list[str]:
        """That many words."""
        return self.random.choices(self._words, cum_weights=self._weights, k=count)

    def _syllables(self) -> list[str]:
        return self.random.choices(_SYLLABLES.split(), k=self.random.randint(2, 5))


def make_datasets(vocabulary: Vocabulary, count: int, prefix: str = "") -> Iterator[Dataset]:
    """Published datasets."""
    chance, file = vocabulary.random, FileRef(sha256="0" * 64, size=1)
    for number in range(count):
        metadata = Metadata(
            title=" ".join(vocabulary.words(6)).capitalize(),
            description=" ".join(vocabulary.words(chance.randint(10, 60))),
            theme=chance.choice(_THEMES),
            keywords=tuple(vocabulary.words(4)),
            territory=tuple(chance.sample(_DEPARTMENTS, chance.randint(0, 5))),
            licence=chance.choice(_LICENCES),
            access="open",
            producer="Service " + " ".join(vocabulary.words(1)),
        )
        keys = chance.sample(_KEYS, 2)
        names = [*keys, *("_".join(vocabulary.words(2)) for _ in range(8))]
        columns = tuple(
            Column(name=name, kind="text", filled=9, distinct=9, key=name if name in keys else None)
            for name in names
        )
        dataset = Dataset(id=f"dts_{prefix}{number:08}", owner_id="mbr_1", metadata=metadata)
        dataset.register(VersionContent(file=file, filename="a.csv"))
        profile = Profile(rows=10, encoding="utf-8", columns=columns)
        dataset.publish(1, file, profile, "job_1")
        yield dataset


def texts_of(dataset: Dataset) -> tuple[str, ...]:
    """What the peers are given to search: the same as ours."""
    about, profile = dataset.metadata, dataset.versions[0].profile
    columns = [column.name for column in profile.columns] if profile else []
    keywords = " ".join((*about.keywords, about.theme))
    return about.title, keywords, " ".join(columns).replace("_", " "), about.description


def main() -> None:
    """Build the three indexes, ask all the same, and print how long they took."""
    print(f"\nsearching: {__doc__.splitlines()[0] if __doc__ else ''}")
    vocabulary = Vocabulary(1)
    ours, plain, sqlite = CatalogueIndex(), Plain(), Sqlite()
    seconds = {"ours": 0.0, "tantivy": 0.0, "sqlite": 0.0}
    catalogue, before = make_datasets(vocabulary, DATASETS), psutil.Process().memory_info().rss
    while batch := list(itertools.islice(catalogue, _BATCH)):
        for name, put in (("ours", ours.put), ("tantivy", plain.put), ("sqlite", sqlite.put)):
            begin = time.perf_counter()
            put(batch)
            seconds[name] += time.perf_counter() - begin
    grown = (psutil.Process().memory_info().rss - before) / _MEGABYTE
    for name, taken in seconds.items():
        print(f"  {name:<18} {DATASETS:,} datasets taken in within {taken:,.0f} s")
    print(f"  memory of all three together: {grown:,.0f} MB")
    _ask(vocabulary, ours, plain, sqlite)
    _add(vocabulary, ours)
    _restart()


def _restart() -> None:
    """How much sooner a process starts from a snapshot's lines, the document server aside."""
    datasets = list(make_datasets(Vocabulary(1), RESTARTED))
    lines = lines_of(datasets).splitlines()
    _, from_documents = _timed(CatalogueIndex().put, datasets)
    batches = [lines[at : at + _BATCH] for at in range(0, len(lines), _BATCH)]
    _, from_lines = _timed(lambda batches: CatalogueIndex().restore(batches, now()), batches)
    print(
        f"  {RESTARTED:,} datasets: work {from_documents / 1e3:,.1f} s from documents, "
        f"{from_lines / 1e3:,.1f} s from a snapshot of {sum(map(len, lines)) / _MEGABYTE:,.0f} MB:"
        f" {from_documents / from_lines:.1f} times less"
    )


def _ask(vocabulary: Vocabulary, ours: CatalogueIndex, plain: "Plain", sqlite: "Sqlite") -> None:
    contenders: dict[str, Callable[[str], object]] = {
        "ours": lambda q: search(ours, DatasetQuery(q=q, limit=_LIMIT), _ANYBODY),
        "ours, with facets": lambda q: search(
            ours, DatasetQuery(q=q, limit=_LIMIT, facets=True), _ANYBODY
        ),
        "ours, misspelt": lambda q: search(
            ours, DatasetQuery(q=misspelt(q), limit=_LIMIT), _ANYBODY
        ),
        "tantivy": plain.search,
        "sqlite": sqlite.search,
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for number in range(QUESTIONS):
        question = " ".join(vocabulary.words(vocabulary.random.randint(1, 3)))
        for name, ask in contenders.items():
            if name != "sqlite" or number < _FEW:
                taken[name].append(_timed(ask, question))
    for name, times in taken.items():
        _print(name, times)


def _add(vocabulary: Vocabulary, ours: CatalogueIndex) -> None:
    added = [[dataset] for dataset in make_datasets(vocabulary, ADDITIONS, "new")]
    _print("ours, one added", [_timed(ours.put, datasets) for datasets in added])


def _timed(call: Callable[[Any], object], argument: object) -> tuple[float, float]:
    """Milliseconds of a clock, and of work in this process: others may use the machine."""
    clock, work = time.perf_counter(), time.process_time()
    call(argument)
    return (time.perf_counter() - clock) * 1e3, (time.process_time() - work) * 1e3


def _print(name: str, times: list[tuple[float, float]]) -> None:
    clock, work = (statistics.quantiles(column, n=100) for column in zip(*times, strict=True))
    print(
        f"  {name:<18} p50 {clock[49]:8.2f} ms   p99 {clock[98]:8.2f} ms"
        f"   work: p50 {work[49]:8.2f} ms   p99 {work[98]:8.2f} ms"
    )


def misspelt(question: str) -> str:
    """The question with one letter of its longest word left out."""
    longest = max(question.split(), key=len)
    return question.replace(longest, longest[:2] + longest[3:])


class Plain:
    """tantivy as it comes: no accents folded, no filters, no facets, no reasons."""

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder()
        for field in _TEXTS:
            builder.add_text_field(field)
        self._index = tantivy.Index(builder.build())
        self._writer = self._index.writer(15_000_000, 1)

    def put(self, datasets: list[Dataset]) -> None:
        """Take in datasets."""
        for dataset in datasets:
            named = dict(zip(_TEXTS, texts_of(dataset), strict=True))
            self._writer.add_document(tantivy.Document(**named))
        self._writer.commit()
        self._index.reload()

    def search(self, question: str) -> object:
        """The best by BM25 that have every word."""
        query = self._index.parse_query(question, [*_TEXTS], conjunction_by_default=True)
        return self._index.searcher().search(query, _LIMIT).hits


class Sqlite:
    """SQLite's full-text index in memory, with accents folded."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            f"CREATE VIRTUAL TABLE datasets USING fts5({', '.join(_TEXTS)}, "
            "tokenize='unicode61 remove_diacritics 2')"
        )

    def put(self, datasets: list[Dataset]) -> None:
        """Take in datasets."""
        rows = map(texts_of, datasets)
        self._database.executemany("INSERT INTO datasets VALUES (?, ?, ?, ?)", rows)

    def search(self, question: str) -> object:
        """The best by weighted BM25 that have every word."""
        sql = (
            "SELECT rowid FROM datasets WHERE datasets MATCH ? "
            "ORDER BY bm25(datasets, 4, 3, 2, 1) LIMIT ?"
        )
        words = " ".join(f'"{word}"' for word in question.split())
        return self._database.execute(sql, (words, _LIMIT)).fetchall()


if __name__ == "__main__":
    main()
