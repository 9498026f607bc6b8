"""The year that figures are of, in metropolitan France, and medians."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from shared.language.french import PARIS

_DAY = timedelta(days=1)


class YearPeriod(NamedTuple):
    """From the beginning of a year to its end, or until now while it goes on.

    In UTC, as facts are: times of two zones take long to compare.
    """

    year: int
    since: datetime
    until: datetime

    @classmethod
    def of(cls, year: int, now: datetime) -> "YearPeriod":
        """Return that calendar year in Paris; an empty period if it has not begun."""
        since, following = (
            datetime(start_year, 1, 1, tzinfo=PARIS).astimezone(UTC)
            for start_year in (year, year + 1)
        )
        until = min(following, now.astimezone(UTC))
        return cls(year, since, max(since, until))

    def has(self, at: datetime) -> bool:
        """Whether something happened within it."""
        return self.since <= at < self.until

    def meets(self, since: datetime, until: datetime | None) -> bool:
        """Whether what began and ended then, or goes on, was under way at some time of it."""
        return since < self.until and (until is None or until >= self.since)

    def days(self, since: datetime, until: datetime | None) -> float:
        """Days of 24 hours, whole and parts; of what went on at the period's end, those until it.

        What began before the period counts from its own beginning.
        """
        return (min(until or self.until, self.until) - since) / _DAY


def month_of(at: datetime) -> int:
    """The month of a time in Paris, from 1."""
    return at.astimezone(PARIS).month


def median_of(values: Iterable[float]) -> float | None:
    """Return the median; for an even number of values, the mean of the middle two.

    Rounded to a tenth; None if there is no value.
    """
    numbers = list(values)
    return round(median(numbers), 1) if numbers else None
