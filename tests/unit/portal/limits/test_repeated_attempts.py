"""Registrations for workshops are counted by address."""

import pytest

from services.portal.lab import Refused
from services.portal.limits.repeated_attempts import Attempts


def test_address_that_registers_too_often_waits_and_others_do_not() -> None:
    """The number allowed is not too many."""
    attempts = Attempts(most=3, seconds=60)
    for _ in range(3):
        attempts.check("192.0.2.1")
        attempts.note("192.0.2.1")
    with pytest.raises(Refused, match="Trop d'essais"):
        attempts.check("192.0.2.1")
    attempts.check("192.0.2.2")


def test_attempts_of_before_are_forgotten() -> None:
    """The oldest of the last few decides."""
    attempts = Attempts(most=2, seconds=0)
    for _ in range(5):
        attempts.note("192.0.2.1")
        attempts.check("192.0.2.1")


def test_addresses_are_bounded() -> None:
    """Who calls from everywhere fills no memory."""
    attempts = Attempts(most=1, seconds=60)
    for number in range(10_050):
        attempts.note(str(number))
    attempts.check("0")
    with pytest.raises(Refused):
        attempts.check("10049")
