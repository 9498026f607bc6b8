"""The lab's mail server: answers each address as the test says, and keeps every message."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from deploy.local.ports import LOOPBACK
from tests.servers import PATIENCE_SECONDS, free_port

LOGIN, PASSWORD = "datalab", "p:a@s/s %"

Answer = Callable[["MailServer", SMTP], Awaitable[str]]


def says(words: str) -> Answer:
    """Answer with these words."""

    async def answer(_server: "MailServer", _smtp: SMTP) -> str:
        return words

    return answer


async def keep_silent(server: "MailServer", _smtp: SMTP) -> str:
    """Answer nothing until the server closes."""
    await server.closing.wait()
    return "421 closing"


async def drop(_server: "MailServer", smtp: SMTP) -> str:
    """Break the connection off, having taken the message."""
    assert isinstance(smtp.transport, asyncio.Transport)
    smtp.transport.abort()
    return "250 nobody hears this"


@dataclass
class MailServer:
    """What was sent to whom; `to`, `sender` and `data` say how a command is answered."""

    port: int
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    to: dict[str, list[str]] = field(default_factory=dict)
    sender: list[str] = field(default_factory=list)
    data: list[Answer] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def sent_to(self, address: str, *, welcome: bool = False) -> list[EmailMessage]:
        """The messages to an address, in the order of arrival: of its account's opening, or not."""
        sent = (message for to, message in self.received if to == address)
        return [message for message in sent if ("compte est" in message["Subject"]) == welcome]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to who sends."""
        if self.sender:
            return self.sender.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Answer to for whom."""
        if self.to.get(address):
            return self.to[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Take a message, then answer."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.received += [(address, message) for address in envelope.rcpt_tos]
        return await self.data.pop(0)(self, server) if self.data else "250 OK"

    def login(
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _mechanism: str,
        credentials: Any,
    ) -> AuthResult:
        """Let the lab in by its password."""
        assert isinstance(credentials, LoginPassword)
        self.logins.append(credentials.login.decode())
        expected = (LOGIN.encode(), PASSWORD.encode())
        return AuthResult(
            success=(credentials.login, credentials.password) == expected, handled=False
        )


@contextlib.contextmanager
def mailing(
    port: int = 0, certificate: Path | None = None, *, starttls: bool = False, smtputf8: bool = True
) -> Iterator[MailServer]:
    """A running server; with a certificate it speaks TLS, by STARTTLS and with a password."""
    server = MailServer(port or free_port())
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    options: dict[str, Any] = {"ready_timeout": PATIENCE_SECONDS, "enable_SMTPUTF8": smtputf8}
    if not starttls:
        options["ssl_context"] = context
    else:
        options |= {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": server.login,
        }
    controller = Controller(server, hostname=LOOPBACK, port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.loop.call_soon_threadsafe(server.closing.set)
        controller.stop()
