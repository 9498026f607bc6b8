"""A page of a hundred datasets for portals, written piece by piece beside all at once.

`held` is the longest time in milliseconds, of this thread, in which nothing else would have run.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

from services.catalog.dcat.describe import CataloguePage, describe_page
from services.catalog.dcat.syntax import MEDIA_TYPES, Graphs, Syntax, write
from services.catalog.dcat.vocabulary import empty_graph
from tests.unit.catalog.dcat.described import LAB, RICH, rich

Contender = Callable[[Graphs], Graphs]
DATASETS, ROUNDS = 100, 5


def main() -> None:
    """Measure one contender and print its figures as JSON."""
    datasets = [rich(RICH, f"dts_{number:03}") for number in range(DATASETS)]
    seen = [(dataset, dataset.versions) for dataset in datasets]
    page = CataloguePage(datasets=seen, asked={"limit": str(DATASETS)})
    contender = {"ours": _each, "at-once": _together}[sys.argv[1]]
    figures = {}
    for syntax in MEDIA_TYPES:
        runs = [list(_stretches(page, contender, syntax)) for _ in range(ROUNDS)]
        figures[f"{syntax} pages/s"] = ROUNDS / sum(map(sum, runs))
        figures[f"{syntax} held"] = min(map(max, runs)) * 1000
    print(json.dumps(figures))


def _each(graphs: Graphs) -> Graphs:
    return graphs


def _together(graphs: Graphs) -> Graphs:
    whole = empty_graph()
    for graph in graphs:
        whole += graph
    return [whole]


def _stretches(page: CataloguePage, contender: Contender, syntax: Syntax) -> Iterator[float]:
    began = time.thread_time()
    for _ in write(contender(describe_page(page, LAB)), syntax):
        yield time.thread_time() - began
        began = time.thread_time()
    yield time.thread_time() - began


if __name__ == "__main__":
    main()
