"""What a mail says: made of the timeline when it is sent, in French, as text and as HTML."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, select_autoescape

from services.notify.mail.kinds import Kind
from services.notify.mail.model import KINDS, Mail, MailPreference, News, Recipient, Scope
from services.notify.mail.seats import SeatLetter, sentence_of, when
from services.notify.timeline import TimelineEntry
from shared.language.french import PARIS, counted, steps_in_words
from shared.language.labels import NEWS_KINDS
from shared.settings import Settings

_SUBJECT = 120
"""Characters of a subject: most programs show no more."""

_TITLE_LENGTHS = (60, 40, 20)
"""Characters to which titles in a subject are shortened, as far as it takes."""

_LONG_WORD = 30
"""Characters from which a word may be cut."""

_QUOTED = re.compile("(?<=« )[^«»]+(?= »)")

_TEMPLATES = Environment(
    loader=PackageLoader("services.notify.mail"),
    autoescape=select_autoescape(("html",), default=False),
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Policy(EmailPolicy):
    """How messages are written: long addresses and the spaces of a subject stay as they are.

    The base encodes an address that is too long for a line, which no program reads then, and
    leaves out the space where two encoded words of a subject meet.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:  # noqa: ANN401 - as the base has it
        """A header's lines."""
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode()
        if name == "Subject":
            folded = Header(str(value), header_name=name).encode(linesep=self.linesep)
            return f"{name}: {folded}{self.linesep}".encode()
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


@dataclass(frozen=True)
class _Announcement:
    """One thing that a mail tells."""

    kind: Kind
    said: str
    url: str


class Letters:
    """Writes mails in the lab's name, with links to its portal."""

    def __init__(self, settings: Settings) -> None:
        self._sender, self._portal = settings.mail_from, settings.portal_url
        self._lab = settings.lab_name

    def write(
        self,
        mail: Mail,
        to: Recipient,
        preference: MailPreference,
        news: Sequence[tuple[News, TimelineEntry]],
    ) -> EmailMessage:
        """Write the mail; writing it again gives the same Message-ID and date."""
        announcements = [
            _Announcement(
                news_item.kind, _line(steps_in_words(entry.summary)), self._portal + news_item.page
            )
            for news_item, entry in news
        ]
        scope: Scope = "daily" if mail.is_digest else announcements[0].kind
        stop = f"{self._portal}/desabonnement/{preference.link(scope)}"
        variables = {
            "to": _line(to.name),
            "lab": self._lab,
            "groups": _grouped(announcements),
            "is_digest": mail.is_digest,
            "has_more": mail.has_more,
            "portal": self._portal,
            "choices": f"{self._portal}/compte",
            "stop": stop,
        }
        message = self._message(mail, to.mail, self._subject(mail, announcements), stop)
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return _filled(message, "mail", variables)

    def write_to_seat(self, mail: Mail, seat: SeatLetter, entry: TimelineEntry) -> EmailMessage:
        """Write to a person who registered for a workshop; its stop link is not one-click."""
        workshop = seat.registrant.workshop
        link = f"{self._portal}/ateliers/inscription?code={quote(seat.link, safe='')}"
        variables = {
            "lab": self._lab,
            "said": _line(sentence_of(entry)),
            "title": _line(workshop.title),
            "when": when(workshop),
            "place": _line(workshop.place) or "en ligne",
            "url": getattr(entry.event, "url", ""),
            "link": link,
            "is_coming": workshop.is_coming and seat.registrant.state != "given_up",
            "has_left": seat.registrant.state == "given_up",
            "has_seat": seat.registrant.state == "taken",
        }
        subject = self._short(_line(sentence_of(entry)))
        message = self._message(mail, seat.registrant.mail, subject, link)
        _filled(message, "seat", variables)
        if seat.invitation:
            _attach(message, seat.invitation)
        return message

    def welcome(self, mail: Mail, to: Recipient, member: str) -> EmailMessage:
        """Write to a person whose account was opened: for which member, and how to sign in."""
        choices = f"{self._portal}/compte"
        variables = {
            "to": _line(to.name),
            "lab": self._lab,
            "member": _line(member),
            "mail": to.mail,
            "url": self._portal + mail.news[0].page,
            "choices": choices,
        }
        subject = self._short("Un compte est ouvert pour vous")
        return _filled(self._message(mail, to.mail, subject, choices), "welcome", variables)

    def _message(self, mail: Mail, to: str, subject: str, stop: str) -> EmailMessage:
        """A message without a text; the same again has the same Message-ID and date."""
        message = EmailMessage(_POLICY)
        message["From"] = Address(_line(self._lab), addr_spec=self._sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = mail.due_since.astimezone(PARIS)
        message["Message-ID"] = f"<{mail.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{stop}>"
        return message

    def _subject(self, mail: Mail, announcements: Sequence[_Announcement]) -> str:
        if mail.is_digest:
            day = f"{mail.due_since.astimezone(PARIS):%d/%m/%Y}"
            more = "plus de " if mail.has_more else ""
            return self._short(
                f"{more}{counted(len(announcements), 'nouvelle', 'nouvelles')} au {day}"
            )
        others = len(announcements) - 1
        return self._short(
            announcements[0].said, f" (et {counted(others, 'autre', 'autres')})" if others else ""
        )

    def _short(self, sentence: str, others: str = "") -> str:
        """Return the subject; titles are shortened first, so that the rest stays readable."""
        whole, most = f"[{_line(self._lab)}] {sentence}", _SUBJECT - len(others)
        for length in _TITLE_LENGTHS:
            if len(whole) > most:
                whole = _QUOTED.sub(partial(_cut_title, length), whole)
        return _cut(whole, most) + others


def _filled(message: EmailMessage, template: str, variables: Mapping[str, Any]) -> EmailMessage:
    text = _TEMPLATES.get_template(f"{template}.txt").render(variables)
    html = _TEMPLATES.get_template(f"{template}.html").render(variables)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def _attach(message: EmailMessage, calendar: str) -> None:
    message.add_attachment(
        calendar, subtype="calendar", filename="atelier.ics", cte="quoted-printable"
    )


def _grouped(announcements: Sequence[_Announcement]) -> list[tuple[str, list[_Announcement]]]:
    ordered = sorted(announcements, key=lambda announcement: KINDS.index(announcement.kind))
    return [
        (NEWS_KINDS[kind], list(of))
        for kind, of in groupby(ordered, lambda announcement: announcement.kind)
    ]


def _cut_title(length: int, title: re.Match[str]) -> str:
    return _cut(title.group(), length)


def _cut(text: str, length: int) -> str:
    """The text, or its beginning up to a word's end; a long word is cut."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    words = kept if text[length - 1] == " " else kept.rpartition(" ")[0]
    return f"{(words if len(kept) - len(words) < _LONG_WORD else kept).rstrip()}…"


def _line(text: str) -> str:
    """Somebody's words on one line, with nothing that breaks a header or turns a line around."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
