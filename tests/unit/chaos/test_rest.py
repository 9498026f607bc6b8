"""When the crash test calls a lab at rest, and what it says of one that is not."""

from tests.chaos.audit import Fault, UnderWay, verdict
from tests.chaos.run import Rest

PATIENCE, QUIET = 180.0, 4.0


def over_at(counts: dict[int, int | None]) -> int:
    """The second at which it was over, looked at every second; `counts` hold from theirs on."""
    rest, now = Rest(PATIENCE, QUIET, at=0.0), counts[0]
    for second in range(100_000):
        now = counts.get(second, now)
        if rest.look(now, float(second)):
            return second
    raise AssertionError("it is never over")


def test_lab_is_at_rest_once_nothing_was_under_way_for_a_while() -> None:
    """A broker that was just restarted counts no messages at first."""
    assert over_at({0: 5, 10: 0, 12: 3, 20: 0}) == 19 + QUIET + 1


def test_lab_that_goes_on_no_further_is_waited_for_no_longer() -> None:
    """Something that comes and goes, or a server that does not answer, is no progress."""
    assert over_at({0: 75, 10: 74, 20: 80, 100: None, 150: 78}) == 10 + PATIENCE + 1


LATE, BROKEN = Fault("an event was not delivered", may_be_late=True), Fault("two trials")


def test_audit_of_a_lab_at_rest_tells_all_that_is_wrong() -> None:
    """What did not come until then is lost."""
    assert verdict([], [LATE, BROKEN]) == [LATE.text, BROKEN.text]


def test_audit_of_a_lab_that_is_not_at_rest_says_so_and_calls_nothing_lost() -> None:
    """What happened twice is wrong all the same."""
    under_way = [
        UnderWay(75, "queued in compute.jobs"),
        UnderWay(1, "pending in notify.deliveries"),
    ]
    expected_text = "not at rest: 75 queued in compute.jobs, 1 pending in notify.deliveries"
    assert verdict(under_way, [LATE, BROKEN]) == [expected_text, BROKEN.text]
