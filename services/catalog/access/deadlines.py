"""How long owners may take to decide, and when a day that was named as the last one is over."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.events import Frozen

_FRANCE = ZoneInfo("Europe/Paris")
_DAY = 24 * 3600.0


class Patience(Frozen):
    """When deciders are reminded of a request, and when it ends; seconds since they were asked."""

    remind_seconds: float = 7 * _DAY
    expire_seconds: float = 30 * _DAY

    def reminder(self, since: datetime) -> datetime:
        """When those asked at `since` are reminded."""
        return since + timedelta(seconds=self.remind_seconds)

    def expiry(self, since: datetime) -> datetime:
        """When what was asked at `since` is asked no longer."""
        return since + timedelta(seconds=self.expire_seconds)


def end_of(day: str) -> datetime:
    """When `day`, an ISO date, is over in metropolitan France."""
    following = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(following, time(), _FRANCE).astimezone(UTC)


def in_french(day: str) -> str:
    """An ISO date as people write it: 31/12/2026."""
    return date.fromisoformat(day).strftime("%d/%m/%Y")
