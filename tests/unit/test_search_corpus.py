"""The judged examples are whole: what they refer to exists, and the halves are apart."""

import json
from pathlib import Path
from typing import Any

from services.catalog.datasets.bodies import NewDataset
from shared.language.folding import fold

SEARCH = Path(__file__).parents[1] / "corpora" / "search"


def read(name: str) -> list[dict[str, Any]]:
    """The examples of one file of the search corpus."""
    document: list[dict[str, Any]] = json.loads((SEARCH / name).read_text(encoding="utf-8"))
    return document


def test_datasets_of_the_search_corpus_can_be_registered() -> None:
    """At least 70 datasets, each with an id and title of its own, that the catalogue takes."""
    datasets = read("datasets.json")
    assert len(datasets) >= 70
    assert len({dataset["id"] for dataset in datasets}) == len(datasets)
    assert len({dataset["metadata"]["title"] for dataset in datasets}) == len(datasets)
    for dataset in datasets:
        NewDataset.model_validate(dataset["metadata"])
        names = [column["name"] for column in dataset["columns"]]
        assert len(set(names)) == len(names) > 0


def test_questions_are_graded_and_their_halves_apart() -> None:
    """At least 150 questions, each once, with grades of 1 to 3 for datasets that exist."""
    dataset_ids = {dataset["id"] for dataset in read("datasets.json")}
    halves = [read("questions_tuning.json"), read("questions_held_out.json")]
    asked = [fold(question["question"]) for half in halves for question in half]
    assert len(set(asked)) == len(asked) >= 150
    assert abs(len(halves[0]) - len(halves[1])) <= 1
    assert {question["kind"] for question in halves[0]} == {
        question["kind"] for question in halves[1]
    }
    for question in halves[0] + halves[1]:
        assert question["grades"], question["question"]
        assert set(question["grades"]) <= dataset_ids, question["question"]
        assert set(question["grades"].values()) <= {1, 2, 3}, question["question"]


def test_every_dataset_answers_a_question() -> None:
    """A dataset that no question is about would only ever be a distractor."""
    questions = read("questions_tuning.json") + read("questions_held_out.json")
    names = {
        name for question in questions for name, grade in question["grades"].items() if grade == 3
    }
    assert names == {dataset["id"] for dataset in read("datasets.json")}


def test_pairs_of_skills_are_told_apart_in_both_halves() -> None:
    """At least 40 pairs, each in one half, and in each half about as many alike as not."""
    halves = [read("skills_tuning.json"), read("skills_held_out.json")]
    pairs = [frozenset((question["a"], question["b"])) for half in halves for question in half]
    assert len(set(pairs)) == len(pairs) >= 40
    for half in halves:
        alike = [question["alike"] for question in half]
        assert abs(alike.count(True) - alike.count(False)) <= 1
