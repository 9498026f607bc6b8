"""What data is made of, as far as its licence goes."""

from datetime import date
from typing import Annotated

from pydantic import PlainSerializer

from shared.events.event import Frozen

_Day = Annotated[date, PlainSerializer(date.isoformat)]  # a document holds no plain date


class LicensedInput(Frozen):
    """One input: whose it is, its licence as it was given, and when its source last changed it."""

    title: str
    producer: str
    licence: str
    updated: _Day | None = None
