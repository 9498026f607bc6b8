"""The judged examples are whole: what they refer to exists, and the halves are apart."""

import json
from pathlib import Path
from typing import Any

from services.catalog.datasets.bodies import NewDataset

SEARCH = Path(__file__).parents[1] / "corpora" / "search"


def read(name: str) -> list[dict[str, Any]]:
    """The examples of one file of the search corpus."""
    found: list[dict[str, Any]] = json.loads((SEARCH / name).read_text(encoding="utf-8"))
    return found


def test_datasets_of_the_search_corpus_can_be_registered() -> None:
    """At least 70 datasets, each with an id and title of its own, that the catalogue takes."""
    datasets = read("datasets.json")
    assert len(datasets) >= 70
    assert len({one["id"] for one in datasets}) == len(datasets)
    assert len({one["metadata"]["title"] for one in datasets}) == len(datasets)
    for one in datasets:
        NewDataset.model_validate(one["metadata"])
        names = [column["name"] for column in one["columns"]]
        assert len(set(names)) == len(names) > 0
