"""When a process is red by what became of requests."""

from shared.http.recent_answers import RecentAnswers
from tests.servers import eventually


def noted(**failures: str) -> RecentAnswers:
    """The answers of members, `-` for one that failed."""
    answers = RecentAnswers()
    for member, signs in failures.items():
        for sign in signs:
            answers.note(member, failed=sign == "-")
    return answers


def test_most_who_ask_and_are_not_answered_turn_it_red() -> None:
    """It tells how many."""
    reason = noted(a="-" * 6 + "+", b="-" * 5, c="+").check()
    assert reason == ("11 of the last 13 requests failed, most of those of 2 of 3 members")


def test_one_member_turns_nothing_red_beside_others() -> None:
    """However often it asks what fails."""
    assert noted(a="-" * 1_000, b="+").check() == ""


def test_few_failures_turn_nothing_red() -> None:
    """Nobody else asks at night."""
    assert noted(a="-" * 9).check() == ""
    assert noted(a="-" * 10).check()


def test_what_was_long_ago_is_over() -> None:
    """Also when nobody asks any more."""
    answers = RecentAnswers(seconds=0.2)
    for _ in range(20):
        answers.note("a", failed=True)
    assert answers.check()
    eventually(lambda: not answers.check())
