"""Sends the mails that are due, a few at a time, to persons as intake knows them at that moment.

A mail is leased before it is sent, so that two processes do not send it at once. A crash, or intake
that does not answer, lets the lease run out, and it is sent again: under the same Message-ID, by
which a mailbox may tell, if the crash fell between the server's word and our note of it.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from functools import cache, partial
from typing import NamedTuple

from services.notify import metrics
from services.notify.attempts import save_attempt, stretch
from services.notify.mail.letter import Letters
from services.notify.mail.model import KEPT, Mail, MailPreference, News, Recipient, SmtpAttempt
from services.notify.mail.preferences import forget_account, forget_mails
from services.notify.mail.seats import CALLS, IntakeQuestions, SeatLetter, ask
from services.notify.mail.smtp import Give
from services.notify.naming import name_of, with_projects
from services.notify.timeline import TimelineEntry
from shared.aggregate import now
from shared.background import Loop
from shared.errors import NotFound
from shared.events import Event, ReleaseQuestionAnswered, ResultHeld
from shared.settings import Settings
from shared.store import Store

AT_ONCE = 4
"""Mails that a process gives to the server at the same time."""

IDLE_SECONDS = 1.0
FORGET_SECONDS = 3600.0
OBSERVED_SECONDS = 10.0
_MOST_COUNTED = 1000
_LEASE_MARGIN = timedelta(seconds=5)

log = logging.getLogger(__name__)


class _Ready(NamedTuple):
    """Whom a mail goes to, and what writes it."""

    to: str
    write: Callable[[], EmailMessage]


class Mailer(Loop):
    """Sends due mails until stopped; without a server to `give` them to, it keeps none either."""

    def __init__(
        self, store: Store, settings: Settings, intake: IntakeQuestions, give: Give | None
    ) -> None:
        super().__init__(IDLE_SECONDS, self._dispatch, self._forget, self._observe)
        self._store = store
        self._mails, self._preferences = store.of(Mail), store.of(MailPreference)
        self._entries = store.of(TimelineEntry)
        self._intake, self._give, self._letters = intake, give, Letters(settings)
        self._waits, self._sender = settings.mail_seconds, settings.mail_from
        self._smtp_seconds, self._call_seconds = settings.mail_timeout_seconds, settings.rpc_seconds
        self._forgotten = self._observed = float("-inf")

    def _dispatch(self) -> None:
        if self._give is None:
            return
        waiting = self._mails.find({"is_pending": True}, sort="next_attempt_at", limit=2 * AT_ONCE)
        for mail in waiting:
            if len(self.in_hand) >= AT_ONCE or self.stopping.is_set():
                return
            # Dates are compared here: a query by date walks through all documents on some servers.
            if mail.next_attempt_at <= now() and mail.id not in self.in_hand:
                self.begin(mail.id, self._send, mail, self._give)

    def _send(self, mail: Mail, give: Give) -> None:
        leased = self._mails.lease(mail, "next_attempt_at", self._lease(mail))
        if leased is None:
            return
        ready = self._ready(leased)
        if ready is None:
            self._mails.remove(leased)
            return
        try:
            attempt = give(ready.write(), self._sender, ready.to)
        except Exception as error:
            # Noted too: what is not would be tried again and again, and never be abandoned.
            log.exception("a mail failed for a reason of ours", extra={"mail": leased.id})
            attempt = SmtpAttempt(at=now(), said=type(error).__name__)
        self._note(leased, attempt)

    def _lease(self, mail: Mail) -> timedelta:
        calls = CALLS if mail.is_to_seat else 1 + sum(bool(news.roles) for news in mail.news)
        return timedelta(seconds=self._smtp_seconds + calls * self._call_seconds) + _LEASE_MARGIN

    def _ready(self, mail: Mail) -> _Ready | None:
        """Whom a mail goes to and what it says; None where it is news no more."""
        if mail.is_to_seat:
            return self._to_seat(mail)
        return self._to_new(mail) if mail.is_unasked else self._to_person(mail)

    def _to_new(self, mail: Mail) -> _Ready | None:
        """The mail to a person whose account was opened, if it still is there."""
        recipient = self._recipient(mail.account_id)
        if recipient is None:
            return None
        member = name_of(self._store, recipient.member_id)
        return _Ready(recipient.mail, partial(self._letters.welcome, mail, recipient, member))

    def _to_person(self, mail: Mail) -> _Ready | None:
        """The mail to an account, if it has news for it."""
        preference = self._preferences.find_one(mail.account_id)
        recipient = self._recipient(mail.account_id) if preference else None
        news = self._news(mail, preference, recipient) if preference and recipient else []
        if not (preference and recipient and news):
            return None
        write = partial(self._letters.write, mail, recipient, preference, news)
        return _Ready(recipient.mail, write)

    def _to_seat(self, mail: Mail) -> _Ready | None:
        """The mail to who registered for a workshop, if it still holds."""
        entry = self._entries.find_one(mail.news[0].entry_id)
        seat = self._seat(mail.account_id, entry.event) if entry else None
        if not (entry and seat):
            return None
        return _Ready(seat.registrant.mail, partial(self._letters.write_to_seat, mail, seat, entry))

    def _seat(self, registration_id: str, event: Event) -> SeatLetter | None:
        """Who registered; whoever is erased is forgotten here, too."""
        try:
            return ask(self._intake, registration_id, event)
        except NotFound:
            forget_account(self._store, registration_id)
            return None

    def _recipient(self, account_id: str) -> Recipient | None:
        """Who somebody is; whoever is gone is forgotten here, too."""
        try:
            return Recipient.model_validate(self._intake.recipient(account_id))
        except NotFound:
            forget_account(self._store, account_id)
            return None

    def _news(
        self, mail: Mail, preference: MailPreference, recipient: Recipient
    ) -> list[tuple[News, TimelineEntry]]:
        """Return the news that the reader still wants, and may now know and decide on."""
        wanted_news = [
            news
            for news in mail.news
            if preference.cadence(news.kind) != "never"
            and (not news.roles or set(news.roles) & set(recipient.roles))
        ]
        entries = [(news, self._entries.find_one(news.entry_id)) for news in wanted_news]
        may_decide = cache(partial(self._may_decide, recipient.member_id))
        permitted = [
            (news, entry)
            for news, entry in entries
            if entry
            and ("reviewer" not in news.roles or may_decide(*_case_of(entry, preference.id)))
        ]
        entries_with_projects = with_projects(
            self._store, (entry for _, entry in permitted), recipient.member_id
        )
        return [
            (news, entry) for (news, _), entry in zip(permitted, entries_with_projects, strict=True)
        ]

    def _may_decide(self, member_id: str, project_id: str, account_id: str) -> bool:
        """Whether somebody may decide on the case of a project; of no project it may."""
        if not project_id:
            return True
        try:
            return not self._intake.impediment(project_id, member_id, account_id)
        except NotFound:
            return False

    def _note(self, mail: Mail, attempt: SmtpAttempt) -> None:
        wait = stretch()
        noted = save_attempt(
            self._mails,
            mail,
            lambda saved_mail: saved_mail.note(attempt, self._waits, wait),
            self._lease(mail),
            self.stopping,
        )
        outcome = "failed" if noted.is_pending else noted.state
        metrics.mail_attempts.labels("notify", outcome).inc()
        if not attempt.succeeded:
            details = {"mail": mail.id, "code": attempt.code, "outcome": outcome}
            log.warning("a mail was not taken", extra=details)

    def _forget(self) -> None:
        if time.monotonic() < self._forgotten + FORGET_SECONDS:
            return
        self._forgotten = time.monotonic()
        forget_mails(self._store, {"due_since": {"$lt": now() - KEPT}})
        if self._give is None:
            forget_mails(self._store, {"is_pending": True})
        self.begin("accounts", self._forget_gone)

    def _forget_gone(self) -> None:
        """Forget what persons wanted whose account was erased, though nobody writes to them."""
        for preference in self._preferences.every():
            if self.stopping.is_set():
                return
            self._recipient(preference.id)

    def _observe(self) -> None:
        if time.monotonic() < self._observed + OBSERVED_SECONDS:
            return
        self._observed = time.monotonic()
        oldest = self._mails.find({"is_pending": True}, sort="due_since", limit=1)
        late = max(((now() - mail.due_since).total_seconds() for mail in oldest), default=0)
        metrics.mail_oldest_due.labels("notify").set(max(late, 0))
        count = self._mails.count({"is_pending": True}, most=_MOST_COUNTED)
        metrics.mails_waiting.labels("notify").set(count)


def _case_of(entry: TimelineEntry, account_id: str) -> tuple[str, str]:
    """The project that a reviewer decides about; and who, where that is on its treatment."""
    is_review = not isinstance(entry.event, ResultHeld | ReleaseQuestionAnswered)
    return getattr(entry.event, "project_id", None) or "", account_id if is_review else ""
