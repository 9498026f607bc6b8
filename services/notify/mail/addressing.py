"""Addresses an event to the persons who want to be written about it.

A mail has an id made from the event's and the account's, so a redelivery doubles nothing. What
goes once a day is gathered until its hour; what comes too late for one day's goes with the next.
News that is wanted at once goes with the day's as well once it is too much: a catalogue that is
harvested is thousands of events. What waits for the person does not: it may expire before.

News of one project that comes within moments is one mail: a grant opens the data, equips the
project, and starts its trial.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from services.notify.mail.kinds import AUDIENCES, Audience
from services.notify.mail.model import KEPT, Mail, MailPreference, News, TooLate, mail_id
from services.notify.timeline import TimelineEntry
from shared.aggregate import now
from shared.events import Event
from shared.language.french import PARIS, day_in_paris
from shared.store import Store

MOST_AT_ONCE = 20
"""Mails that a person gets in an hour, beside that of the day and of what waits for the person."""

TOGETHER = timedelta(seconds=5)
"""How long news waits for what follows from the same."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Addressing:
    """Saves mails in `store`; those of a day are due at `hour` in metropolitan France."""

    def __init__(self, store: Store, hour: int) -> None:
        self._mails, self._preferences = store.of(Mail), store.of(MailPreference)
        self._hour = hour

    def address(self, entry: TimelineEntry, owners: Mapping[str, str | None]) -> None:
        """Save a mail to each who wants one about this entry, whose things belong to `owners`."""
        if entry.at < now() - KEPT:
            return
        event, addressed = entry.event, set[str]()
        for audience in AUDIENCES.get(entry.topic, ()):
            if audience.unasked:
                if audience.when(event):
                    to = getattr(event, audience.unasked) or ""
                    self._write_unasked(to, event, _news(entry, event, audience), entry)
                continue
            for preference in self._who_wants(audience, event, owners):
                if preference.id not in addressed:
                    addressed.add(preference.id)
                    self._write(preference, _news(entry, event, audience), entry)

    def _who_wants(
        self, audience: Audience, event: Event, owners: Mapping[str, str | None]
    ) -> list[MailPreference]:
        members = sorted(audience.members(event, owners))
        where: dict[str, object] = {"member_id": {"$in": members}}
        if audience.roles:
            # Roles change: whether a person has one is asked for when the mail is sent.
            where = {"wants_tasks": True}
        elif audience.public:
            where = {"wants_workshops": True}
        if not audience.when(event) or not (audience.roles or audience.public or members):
            return []
        preferences = self._preferences.every(where)
        return [
            preference
            for preference in preferences
            if preference.cadence(audience.kind) != "never"
            and not audience.leaves_out(preference.member_id, event)
        ]

    def _write(self, to: MailPreference, news: News, entry: TimelineEntry) -> None:
        own_id = mail_id(to.id, entry.event_id, entry.at)
        shared_id = _shared_id(to, news, entry)
        shared = self._mails.find_one(shared_id)
        if self._mails.find_one(own_id) or (shared and shared.tells(entry.id)):
            return
        is_urgent = news.kind == "tasks"
        if to.cadence(news.kind) == "daily" or (not is_urgent and self._has_many(to)):
            self._gather(to, news, entry)
        elif is_urgent or not self._gathered(_mail(to, shared_id, news, now() + TOGETHER)):
            self._mails.add(_mail(to, own_id, news, now()))

    def _write_unasked(self, to: str, event: Event, news: News, entry: TimelineEntry) -> None:
        """Save the mail to whose registration or account it is about: it chose nothing."""
        if not to:
            return
        self._mails.add(
            Mail(
                id=mail_id(to, entry.event_id, entry.at),
                account_id=to,
                member_id=getattr(event, "member_id", None) or "",
                is_unasked=True,
                news=(news,),
                due_since=now(),
            )
        )

    def _has_many(self, to: MailPreference) -> bool:
        lately = {
            "account_id": to.id,
            "due_since": {"$gt": now() - _HOUR, "$lte": now() + TOGETHER},
        }
        return self._mails.count(lately, most=MOST_AT_ONCE) >= MOST_AT_ONCE

    def _gather(self, to: MailPreference, news: News, entry: TimelineEntry) -> None:
        """Add the news to the day's first digest not yet begun, unless an earlier one has it."""
        due = next_hour(entry.at, self._hour)
        while due <= now():
            digest = self._mails.find_one(_digest_id(to, due))
            if digest and digest.tells(entry.id):
                return
            due = next_hour(due, self._hour)
        while not self._gathered(_mail(to, _digest_id(to, due), news, due, is_digest=True)):
            due = next_hour(due, self._hour)

    def _gathered(self, new: Mail) -> bool:
        """Save the mail, or add what it tells to the one of its id, unless that is begun."""
        (news,) = new.news
        try:
            self._mails.change(new.id, lambda mail: mail.gather(news), new=lambda: new)
        except TooLate:
            return False
        return True


def next_hour(after: datetime, hour: int) -> datetime:
    """When it is that hour in metropolitan France for the first time after a moment."""
    day = after.astimezone(PARIS).date()
    due = datetime.combine(day, time(hour), PARIS)
    if due.timestamp() <= after.timestamp():
        due = datetime.combine(day + _DAY, time(hour), PARIS)
    return due


def _mail(
    to: MailPreference, identifier: str, news: News, due: datetime, *, is_digest: bool = False
) -> Mail:
    return Mail(
        id=identifier,
        account_id=to.id,
        member_id=to.member_id,
        is_digest=is_digest,
        news=(news,),
        due_since=due,
    )


def _shared_id(to: MailPreference, news: News, entry: TimelineEntry) -> str:
    """The mail for all news of a kind about one thing, in the minute in which it happened."""
    minute = entry.at.replace(second=0, microsecond=0)
    return mail_id(to.id, f"{news.kind}@{entry.correlation}", minute)


def _digest_id(to: MailPreference, due: datetime) -> str:
    return mail_id(to.id, day_in_paris(due), due)


def _news(entry: TimelineEntry, event: Event, audience: Audience) -> News:
    page = audience.address(event)
    return News(entry_id=entry.id, kind=audience.kind, roles=audience.roles, page=page)
