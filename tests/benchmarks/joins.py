"""Finding joins: 3,000 key columns of 500 values (ours also ten times that), all joins of each.

Each contender takes in the same key columns, then ranks every join of the same 300 of them with its
matches and rows, and makes the first 50. `joins` is how many they found: alike when all are exact.
All compute on one thread, so time is that of the processor: neighbours do not stretch it.
"""

import json
import random
import resource
import sqlite3
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa

from services.catalog.joins.inverted_index import JoinIndex
from shared.engine.tables.key_file import KeyBlock

COLUMNS, VALUES, ASKED, SHOWN = 3000, 500, 300, 50
SPACES = {"commune": (35_000, 5), "siren": (2_000_000, 9), "siret": (4_000_000, 14)}
"""How many values there are to draw from, and how long each is."""

Answer = tuple[int, list[object]]
"""How many joins there are, and the first of them."""

Ask = Callable[[str], Answer]


def blocks(columns: int) -> Iterator[tuple[str, KeyBlock]]:
    """Made-up key columns by dataset, the same in every process; some values repeat in rows."""
    drawn = random.Random(20)
    spaces = [*SPACES]
    for number in range(columns):
        space = spaces[number % len(spaces)]
        pool, length = SPACES[space]
        values = tuple(f"{value:0{length}}" for value in drawn.sample(range(pool), VALUES))
        counts = tuple(drawn.choice((1, 1, 3)) for _ in values)
        column = {"columns": ("c",), "space": space, "rows": sum(counts), "distinct": VALUES}
        yield f"d{number}", KeyBlock(**column, values=values, counts=counts)


def ours(taken: list[tuple[str, KeyBlock]]) -> Ask:
    """The catalogue's index."""
    index = JoinIndex()
    for dataset_id, block in taken:
        index.replace(dataset_id, [block])
    index.settle()

    def ask(dataset_id: str) -> Answer:
        joins = index.joins(dataset_id)
        return len(joins), [*joins.chosen(range(len(joins))[:SHOWN])]

    return ask


def plain(taken: list[tuple[str, KeyBlock]]) -> Ask:
    """A dictionary from each value to its columns."""
    held: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    columns = dict(taken)
    for dataset_id, block in taken:
        for value, count in zip(block.values, block.counts, strict=True):
            held[block.space, value].append((dataset_id, count))

    def ask(dataset_id: str) -> Answer:
        block = columns[dataset_id]
        matches_by_dataset: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for value, mine in zip(block.values, block.counts, strict=True):
            for other, theirs in held[block.space, value]:
                sums = matches_by_dataset[other]
                sums[0] += 1
                sums[1] += mine
                sums[2] += theirs
                sums[3] += mine * theirs
        del matches_by_dataset[dataset_id]
        ranked = sorted(matches_by_dataset.items(), key=lambda entry: (-entry[1][0], entry[0]))
        return len(ranked), list(ranked[:SHOWN])

    return ask


JOINED = """SELECT there.dataset, count(*) AS matches, sum(here.n), sum(there.n),
    sum(here.n * there.n), count(*) OVER () FROM held here
    JOIN held there ON there.space = here.space AND there.value = here.value
    AND there.dataset <> here.dataset WHERE here.dataset = ?
    GROUP BY there.dataset ORDER BY matches DESC, there.dataset LIMIT 50"""


def sqlite(taken: list[tuple[str, KeyBlock]]) -> Ask:
    """A table with two indexes, in memory."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE held (dataset TEXT, space TEXT, value TEXT, n INTEGER)")
    database.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", rows(taken))
    database.execute("CREATE INDEX by_value ON held (space, value, dataset, n)")
    database.execute("CREATE INDEX by_dataset ON held (dataset, space, value, n)")
    return lambda dataset_id: answer(database.execute(JOINED, (dataset_id,)).fetchall())


def duck(taken: list[tuple[str, KeyBlock]]) -> Ask:
    """A table of a column store, in memory, on one thread like the others."""
    database = duckdb.connect(config={"threads": "1"})
    names = ("dataset", "space", "value", "n")
    table = pa.table(dict(zip(names, map(list, zip(*rows(taken), strict=True)), strict=True)))
    database.register("given", table)
    database.execute("CREATE TABLE held AS SELECT * FROM given")
    return lambda dataset_id: answer(database.execute(JOINED, (dataset_id,)).fetchall())


def rows(taken: list[tuple[str, KeyBlock]]) -> Iterator[tuple[str, str, str, int]]:
    """Everything as one table."""
    for dataset_id, block in taken:
        for value, count in zip(block.values, block.counts, strict=True):
            yield dataset_id, block.space, value, count


def answer(joined_rows: list[tuple[object, ...]]) -> Answer:
    """What a database found; it counts the rows before it cuts them off."""
    return (int(str(joined_rows[0][-1])) if joined_rows else 0), list(joined_rows)


MAKERS: dict[str, Callable[[list[tuple[str, KeyBlock]]], Ask]] = {
    "ours": ours,
    "ours-x10": ours,
    "dictionary": plain,
    "sqlite": sqlite,
    "duckdb": duck,
}


def measure(contender: str) -> dict[str, float]:
    """Seconds to take all in, milliseconds of a question, and megabytes that it took."""
    taken = list(blocks(COLUMNS * (10 if contender == "ours-x10" else 1)))
    before = _megabytes()
    began = time.process_time()
    ask = MAKERS[contender](taken)
    built = time.process_time() - began
    after, seconds, joins_found = _megabytes(), [], 0
    for dataset_id, _ in random.Random(21).sample(taken, ASKED):
        began = time.process_time()
        joins, _ = ask(dataset_id)
        seconds.append(time.process_time() - began)
        joins_found += joins
    seconds.sort()
    return {
        "build s": built,
        "p50 ms": statistics.median(seconds) * 1000,
        "p99 ms": seconds[int(ASKED * 0.99)] * 1000,
        "peak MB": after - before,
        "joins": joins_found,
    }


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
