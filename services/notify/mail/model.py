"""What each person wants to be written, and the mails on their way."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Literal, get_args

from pydantic import AwareDatetime, Field, computed_field

from services.notify.mail.kinds import Kind
from services.notify.model import ATTEMPTS_KEPT
from shared.aggregate import NEVER, Aggregate, caused_id, now
from shared.auth import Role
from shared.errors import NotFound
from shared.events import Frozen

Cadence = Literal["never", "immediate", "daily"]
Scope = Literal[Kind, "daily"]
"""What a mail's link ends: one kind, or whatever comes once a day."""

KINDS: tuple[Kind, ...] = get_args(Kind)

KEPT = timedelta(days=30)
"""How long a mail is kept; what happened before that is no news, and no mail is made of it."""

MOST_TOLD = 100
"""Things that the mail of a day tells one by one."""

GONE = "ce lien n'est pas valable, ou le compte qu'il désigne est effacé"
"""What is told of a link that ends nothing: not whether there was ever such an account."""

_REGISTRATION = "reg_"


class TooLate(Exception):
    """The mail is on its way."""


class MailPreference(Aggregate):
    """What a person wants to be written, by kind; its id is that of the account.

    `secret` proves the links that end mails of a kind to who has not signed in.
    """

    collection: ClassVar[str] = "mail_preferences"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = ("member_id", "wants_tasks", "wants_workshops")

    member_id: str
    tasks: Cadence = "never"
    projects: Cadence = "never"
    data: Cadence = "never"
    workshops: Cadence = "never"
    secret: str = Field(default_factory=secrets.token_urlsafe, repr=False)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wants_tasks(self) -> bool:
        """Whether it may have to be told what waits for the staff: its roles are asked for then."""
        return self.tasks != "never"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def wants_workshops(self) -> bool:
        """Whether it is told of the workshops that are announced to everybody."""
        return self.workshops != "never"

    def cadence(self, kind: Kind) -> Cadence:
        """Return when news of this kind are mailed."""
        cadence: Cadence = getattr(self, kind)
        return cadence

    def link(self, scope: Scope) -> str:
        """The text of a link that ends mails: of which account, which ones, and the proof."""
        return f"{self.id}.{scope}.{self._proof(scope)}"

    def stop(self, scope: Scope, proof: str) -> None:
        """End what a link is for; NotFound unless it is one of this person's."""
        if not hmac.compare_digest(proof.encode(), self._proof(scope).encode()):
            raise NotFound(GONE)
        for kind in KINDS:
            if kind == scope or (scope == "daily" and self.cadence(kind) == "daily"):
                setattr(self, kind, "never")

    def _proof(self, scope: Scope) -> str:
        return hmac.new(self.secret.encode(), scope.encode(), hashlib.sha256).hexdigest()


def parts_of_link(text: str) -> tuple[str, Scope, str]:
    """Return the account, scope and proof in a link's text; raises NotFound if it has none."""
    account_id, _, rest = text.partition(".")
    scope, _, proof = rest.partition(".")
    for valid_scope in get_args(Scope):
        if scope == valid_scope:
            return account_id, valid_scope, proof
    raise NotFound(GONE)


class Recipient(Frozen):
    """A person as intake knows it at this moment: notify keeps neither name nor address."""

    name: str
    mail: str
    member_id: str
    roles: tuple[Role, ...]


class News(Frozen):
    """An entry of a timeline that a mail tells of, for whom, and the portal's page about it."""

    entry_id: str
    kind: Kind
    roles: tuple[Role, ...] = ()
    page: str


class SmtpAttempt(Frozen):
    """One try to send a mail: the server's code and words, or why there are none (English).

    `is_final` says that the server will not have this mail, however often it is tried.
    """

    at: AwareDatetime
    code: int = 0
    said: str = ""
    succeeded: bool = False
    is_final: bool = False


class Mail(Aggregate):
    """A message to one person about one event, or about those of a day; it holds no words.

    Its text is made when it is sent, of what the timeline has by then. `due_since` is when it is
    to go; `next_attempt_at` differs from that once somebody has begun to send it. `has_more` says
    that it does not tell all. To who registered for a workshop, `account_id` is the registration.
    `is_unasked` goes to who has chosen no mails; one to a registration from before it said so is.
    """

    collection: ClassVar[str] = "mails"
    has_events: ClassVar[bool] = False
    indexes: ClassVar[tuple[str, ...]] = (
        "account_id",
        "member_id",
        "is_pending",
        "due_since",
        "next_attempt_at",
    )

    account_id: str
    member_id: str
    is_digest: bool = False
    is_unasked: bool = False
    news: tuple[News, ...]
    has_more: bool = False
    state: Literal["pending", "sent", "abandoned"] = "pending"
    due_since: AwareDatetime
    next_attempt_at: AwareDatetime = Field(default_factory=lambda data: data["due_since"])
    attempts: tuple[SmtpAttempt, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_pending(self) -> bool:
        """Whether it is still to be sent."""
        return self.state == "pending"

    @property
    def is_to_seat(self) -> bool:
        """Whether it goes to who registered for a workshop, with or without an account."""
        return self.account_id.startswith(_REGISTRATION)

    @property
    def is_begun(self) -> bool:
        """Whether somebody has begun to send it: what is added now might never arrive."""
        return self.next_attempt_at != self.due_since

    def tells(self, entry_id: str) -> bool:
        """Return whether the mail tells of that entry."""
        return any(news.entry_id == entry_id for news in self.news)

    def gather(self, news: News) -> None:
        """Tell of one thing more, once; raises TooLate once it is begun."""
        if self.tells(news.entry_id):
            return
        if self.is_begun:
            raise TooLate
        if len(self.news) < MOST_TOLD:
            self.news = (*self.news, news)
        else:
            self.has_more = True

    def note(self, attempt: SmtpAttempt, waits: Sequence[float], stretch: float) -> None:
        """Record an attempt and decide what is next; `stretch` (near 1) spreads what failed."""
        if self.state == "sent":
            return  # Another worker, whose lease had run out, was faster.
        self.attempts = (*self.attempts, attempt)[-ATTEMPTS_KEPT:]
        if attempt.succeeded:
            self.state, self.next_attempt_at = "sent", NEVER
        elif attempt.is_final or len(self.attempts) > len(waits):
            self.state, self.next_attempt_at = "abandoned", NEVER
        else:
            wait = waits[len(self.attempts) - 1] * stretch
            self.next_attempt_at = now() + timedelta(seconds=wait)


def mail_id(account_id: str, cause: str, time: datetime) -> str:
    """The one id of the mail to an account that `cause`, an event or a day, makes."""
    return caused_id("mai", f"{cause}>{account_id}", time)
