"""How well the search answers the judged questions: figures that may only rise."""

import pytest

from tests.benchmarks.judged.relevance import Search, datasets, measured, ours, questions


@pytest.fixture(scope="module")
def search() -> Search:
    """The search of a catalogue with the judged datasets."""
    return ours(datasets())


def test_no_question_is_answered_with_nothing(search: Search) -> None:
    """A word that is nowhere empties no answer; of the half that the search is tuned by."""
    asked = [one["question"] for one in questions("tuning")]
    assert [question for question in asked if not search(question)] == []


@pytest.mark.parametrize(("half", "least"), [("tuning", 0.85), ("held_out", 0.72)])
def test_questions_are_answered_as_judged(search: Search, half: str, least: float) -> None:
    """The mean of nDCG@10; plain tantivy has 0.69 on the half that is tuned by."""
    assert measured(search, questions(half)).ndcg > least
