"""What `/readyz` makes of its checks: side by side, in time, and never two of the same."""

import json
import time
from typing import Any

import pytest
from eventlet.event import Event
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from shared.errors import Unavailable
from shared.http.health import Check, Health, RecentAnswers
from tests.servers import eventually

SECONDS = 2.0


def asked(health: Health) -> tuple[int, dict[str, Any]]:
    """What `/readyz` answers."""
    answer = health.ready(Request(EnvironBuilder().get_environ()))
    return answer.status_code, json.loads(answer.data)


def health_of(stopping: bool = False, **checks: Check) -> Health:
    """The health of a service with these checks."""
    return Health("sample", checks, lambda: stopping, SECONDS)


def test_green_checks_are_listed_without_reasons() -> None:
    """A balancer looks at the status, people at the names."""
    assert asked(health_of(a=lambda: None, b=lambda: "")) == (
        200,
        {"ready": True, "checks": {"running": True, "a": True, "b": True}},
    )


def test_service_that_stops_is_red_at_once() -> None:
    """Whatever its checks say."""
    status, health_report = asked(health_of(stopping=True))
    assert (status, health_report["reasons"]) == (503, {"running": "the service is stopping"})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("the disk is full"), "the disk is full"),
        (OSError("/secret/path"), "the check failed: OSError"),
    ],
)
def test_check_that_raises_is_red(error: Exception, reason: str) -> None:
    """Ours say why; what is unforeseen is named, and its text kept for the log."""

    def fail() -> None:
        raise error

    assert asked(health_of(a=fail))[1]["reasons"] == {"a": reason}


def test_checks_that_hang_cost_the_time_of_one() -> None:
    """They run side by side, are red, and are not begun again; who asks next waits no more."""
    begun: list[str] = []
    let_go: Any = Event()

    def hang() -> None:
        begun.append("a")
        let_go.wait()

    health = health_of(a=hang, b=hang, c=lambda: "it is so")
    began = time.monotonic()
    reasons = asked(health)[1]["reasons"]
    assert SECONDS <= time.monotonic() - began < 2 * SECONDS
    assert reasons.pop("c") == "it is so"
    assert {reason[:14] for reason in reasons.values()} == {"no answer for "}
    assert reasons.keys() == {"a", "b"}
    again = time.monotonic()
    assert asked(health)[0] == 503
    assert time.monotonic() - again < SECONDS
    assert begun == ["a", "a"]
    let_go.send()
    assert asked(health)[1]["reasons"] == {"c": "it is so"}
    assert begun == ["a", "a"]


def test_many_questions_are_one_check_a_second() -> None:
    """Nobody loads the servers by asking how they are."""
    asked_for: list[int] = []
    health = health_of(a=lambda: asked_for.append(1))
    for _ in range(100):
        assert asked(health)[0] == 200
    assert asked_for == [1]


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


def test_what_was_long_ago_is_over() -> None:
    """Also when nobody asks any more."""
    answers = RecentAnswers(seconds=SECONDS)
    for _ in range(20):
        answers.note("a", failed=True)
    assert answers.check()
    eventually(lambda: not answers.check())
