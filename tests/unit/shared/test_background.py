"""Work beside the handlers goes on, whatever a step of it meets, until it is stopped."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from shared.background import Loop
from shared.errors import LabError, Rejected, Unavailable
from tests.servers import PATIENCE_SECONDS, eventually

LONG = 3600


class Counter:
    """A step that counts how often it was done, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.count = 0
        self._failures = list(failures)

    def step(self) -> None:
        """Count, then fail."""
        self.count += 1
        if self._failures:
            raise self._failures.pop(0)


@contextmanager
def running(loop: Loop) -> Iterator[None]:
    """Run a loop in a thread until the block ends."""
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        loop.stop()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def reaches(counter: Counter, count: int) -> Callable[[], bool]:
    """Whether a step was done at least that often."""
    return lambda: counter.count >= count


def test_steps_are_done_again_and_again() -> None:
    """Each time all of them."""
    first, second = Counter(), Counter()
    with running(Loop(0.001, first.step, second.step)):
        eventually(reaches(second, 3))
    assert first.count == second.count


def test_wake_does_the_steps_at_once_and_is_not_lost_during_one() -> None:
    """Who has news waits for no interval; the news may have come after the step looked."""
    counter = Counter()
    loop = Loop(LONG, counter.step)
    with running(loop):
        eventually(reaches(counter, 1))
        loop.wake()
        eventually(reaches(counter, 2))
    counter = Counter()

    def step() -> None:
        counter.step()
        if counter.count == 1:
            loop.wake()

    loop = Loop(LONG, step)
    with running(loop):
        eventually(reaches(counter, 2))


@pytest.mark.parametrize("error", [Unavailable(), Rejected(), LabError(), ZeroDivisionError()])
def test_failure_ends_no_loop_and_keeps_back_no_other_step(error: Exception) -> None:
    """Foreseen or not, the loop goes on."""
    failing, other = Counter(error), Counter()
    with running(Loop(0.001, failing.step, other.step)):
        eventually(reaches(failing, 3))
    assert other.count >= failing.count


def test_faults_in_a_row_are_met_ever_more_seldom() -> None:
    """Neither news nor a short interval makes the log overflow, and the other steps go on."""
    failing, other = Counter(*[ZeroDivisionError()] * 100), Counter()
    began = time.monotonic()
    with running(Loop(0.001, failing.step, other.step)):
        eventually(reaches(failing, 3))
    # One second, then two; the next are four.
    assert time.monotonic() - began >= 3
    assert failing.count == 3
    assert other.count > 100


def test_stop_finishes_what_was_begun_after_a_fault_too() -> None:
    """What the steps began is waited for, however the last of them ended."""
    counter, finished = Counter(ZeroDivisionError()), threading.Event()

    class Finishing(Loop):
        def finish(self) -> None:
            finished.set()
            raise ZeroDivisionError

    with running(Finishing(LONG, counter.step)):
        eventually(reaches(counter, 1))
        assert not finished.is_set()
    assert finished.is_set()


class Sending(Loop):
    """A loop whose step begins one piece of work when there is none, as told."""

    def __init__(self, *outcomes: Exception | None) -> None:
        super().__init__(LONG, self._look)
        self.may_end, self.begun, self.ended = threading.Event(), 0, 0
        self._outcomes = list(outcomes)

    def _look(self) -> None:
        if self._outcomes and "work" not in self.in_hand:
            self.begun += 1
            self.begin("work", self._do, self._outcomes.pop(0))

    def _do(self, outcome: Exception | None) -> None:
        self.may_end.wait(LONG)
        self.ended += 1
        if outcome:
            raise outcome


@pytest.mark.parametrize("outcome", [None, Unavailable()])
def test_end_of_what_was_begun_wakes_the_loop(outcome: Exception | None) -> None:
    """There is room for more; until then the loop knows what is in hand."""
    loop = Sending(outcome, None)
    with running(loop):
        eventually(lambda: "work" in loop.in_hand)
        loop.may_end.set()
        eventually(lambda: loop.ended == 2)


def test_fault_of_what_was_begun_is_logged_and_wakes_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It would fail again at once: its key is free when the loop looks next."""
    loop = Sending(ZeroDivisionError(), None)
    loop.may_end.set()
    with running(loop):
        eventually(lambda: "ZeroDivisionError" in caplog.text and not loop.in_hand)
        assert loop.begun == 1
        loop.wake()
        eventually(lambda: loop.ended == 2)


def test_stop_waits_for_what_is_in_hand() -> None:
    """`run` returns when it ended: what it saves is not lost."""
    loop = Sending(None)
    thread = threading.Thread(target=loop.run)
    thread.start()
    eventually(lambda: loop.begun == 1)
    loop.stop()
    thread.join(0.1)
    assert thread.is_alive()
    loop.may_end.set()
    thread.join(PATIENCE_SECONDS)
    assert (thread.is_alive(), loop.ended) == (False, 1)
