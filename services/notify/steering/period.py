"""The year that figures are of, in metropolitan France."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pandas as pd

from shared.language.french import PARIS

_DAY = timedelta(days=1)


class YearPeriod(NamedTuple):
    """From the beginning of a year to its end, or until now while it goes on; in UTC, as facts are.

    It is asked of columns of times. Something that goes on has no end.
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

    def has(self, times: pd.Series) -> pd.Series:
        """Whether something happened within it."""
        return (times >= self.since) & (times < self.until)

    def meets(self, since: pd.Series, until: pd.Series) -> pd.Series:
        """Whether what began and ended then was under way at some time of it."""
        return (since < self.until) & ~(until < self.since)

    def days(self, since: pd.Series, until: pd.Series) -> pd.Series:
        """Days of 24 hours, whole and parts; of what went on at the period's end, those until it.

        What began before the period counts from its own beginning.
        """
        return (until.fillna(self.until).clip(upper=self.until) - since) / _DAY
