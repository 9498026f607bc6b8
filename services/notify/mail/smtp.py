"""Gives a message to the lab's mail server: what it answers, and whether that is its last word."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from typing import Self
from urllib.parse import unquote, urlsplit

from services.notify.mail.model import SmtpAttempt
from shared.aggregate import now
from shared.outbound import Names, TimeLimit, Unresolved, timed_socket

_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
_TAKEN, _PERMANENT = 250, 500
_WORDS = 200
"""Characters of an answer that are kept."""


@dataclass(frozen=True)
class SmtpServer:
    """Where mails are given, and who the lab is there; the scheme says how it is encrypted."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """The server that DATALAB_SMTP_URL names."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname or "", port, user, password)


Give = Callable[[EmailMessage, str, str], SmtpAttempt]
"""Gives a message from one address to another."""


class Smtp:
    """Gives messages to `server`, each within `seconds`, connecting and answering included."""

    def __init__(self, server: SmtpServer, names: Names, seconds: float) -> None:
        self._server, self._names, self._seconds = server, names, seconds

    def give(self, message: EmailMessage, sender: str, to: str) -> SmtpAttempt:
        """Send a message; return the server's last answer, without the recipient's address."""
        at, limit, over = now(), TimeLimit(self._seconds), threading.Event()
        server, code = self._server, 0
        try:
            addresses = self._names.addresses(server.host, server.port, limit, "")
            with timed_socket(addresses, server.port, limit, over) as connected:
                refused = self._converse(connected, message, sender, to)
        except smtplib.SMTPResponseException as error:
            # Before the recipient is named it is the lab's own settings that are refused: no mail
            # is lost by a password that has expired.
            code, answer = error.smtp_code, _text(error.smtp_error)
        except (smtplib.SMTPException, OSError, EOFError, Unresolved) as error:
            late = over.is_set() or isinstance(error, TimeoutError)
            answer = f"no answer in {self._seconds:g} s" if late else type(error).__name__
        else:
            if refused is None:
                return SmtpAttempt(at=at, code=_TAKEN, succeeded=True)
            code, answer = refused
            return SmtpAttempt(
                at=at, code=code, said=_without(to, answer), is_final=code >= _PERMANENT
            )
        return SmtpAttempt(at=at, code=code, said=_without(to, answer))

    def _converse(
        self, connected: socket.socket, message: EmailMessage, sender: str, to: str
    ) -> tuple[int, str] | None:
        """Why the server does not take this message for this recipient, or None if it does."""
        server, encrypted = self._server, connected
        if server.scheme == "smtps":
            encrypted = _tls().wrap_socket(connected, server_hostname=server.host)
        with closing(_Client(server, encrypted, sender.rpartition("@")[2])) as client:
            if server.scheme == "smtp+starttls":
                client.starttls(context=_tls())
            if server.user:
                client.login(server.user, server.password)
            refused = _give(client, message, sender, to)
            # Taken is taken, whatever becomes of the farewell.
            with suppress(smtplib.SMTPException, OSError):
                client.quit()
        return refused


class _Client(smtplib.SMTP):
    """A client on a socket that is connected already; it looks no name up, which would block."""

    def __init__(self, server: SmtpServer, connected: socket.socket, called: str) -> None:
        self._connected = connected
        super().__init__(server.host, server.port, local_hostname=called)

    def _get_socket(self, *_: object) -> socket.socket:
        return self._connected


def _give(
    client: smtplib.SMTP, message: EmailMessage, sender: str, to: str
) -> tuple[int, str] | None:
    try:
        client.send_message(message, sender, [to])
    except smtplib.SMTPRecipientsRefused as refused:
        code, answer = refused.recipients[to]
        return code, _text(answer)
    except smtplib.SMTPDataError as refused:
        return refused.smtp_code, _text(refused.smtp_error)
    except smtplib.SMTPNotSupportedError:
        return 553, "the server takes no address with such letters"
    return None


def _without(address: str, answer: str) -> str:
    return answer.replace(address, "<recipient>")[:_WORDS]


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
