"""A broker that is not quite ready is asked again."""

import pytest
from amqp.exceptions import InternalError

from deploy.queues import persist


class Overloaded:
    """Answers with an internal error so many times, and then does it."""

    def __init__(self, errors: int) -> None:
        self.errors, self.done = errors, 0

    def declare(self) -> None:
        """Declare something."""
        if self.errors:
            self.errors -= 1
            raise InternalError("INTERNAL_ERROR", (0, 0), 541)
        self.done += 1


def test_declaration_that_met_an_internal_error_is_made_again() -> None:
    """Once it went through it is not repeated."""
    broker = Overloaded(errors=2)
    persist(broker.declare, (0.0, 0.0))
    assert broker.done == 1


def test_broker_that_stays_at_fault_is_told() -> None:
    """After the last pause the error is the caller's."""
    with pytest.raises(InternalError):
        persist(Overloaded(errors=3).declare, (0.0, 0.0))
