"""Nothing is given, and no password told, to a server that is not the lab's or not encrypted."""

from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from services.notify.mail.model import SmtpAttempt
from services.notify.mail.smtp import Smtp, SmtpServer
from shared.outbound import Names
from tests.integration.notify.certificates import certificate
from tests.integration.notify.mail.mail_server import LOGIN, PASSWORD, mailing
from tests.servers import PATIENCE_SECONDS

USER = f"{quote(LOGIN)}:{quote(PASSWORD, safe='')}"


def attempt_on(scheme: str, port: int, user: str = "", to: str = "a@ville.example") -> SmtpAttempt:
    """What comes of a message that is given to a server on this machine."""
    message = EmailMessage()
    message["Subject"] = "Bonjour"
    server = SmtpServer.of(f"{scheme}://{user}localhost:{port}")
    return Smtp(server, Names(), PATIENCE_SECONDS).give(message, "lab@datalab.example", to)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_certificate_that_anyone_could_have_made_is_refused(tmp_path: Path, scheme: str) -> None:
    """Neither the message nor the password reaches that server."""
    file = tmp_path / "server.pem"
    file.write_bytes(certificate("localhost"))
    starttls = scheme == "smtp+starttls"
    with mailing(certificate=file, starttls=starttls) as server:
        attempt = attempt_on(scheme, server.port, f"{USER}@")
    assert (attempt.code, attempt.said) == (0, "SSLCertVerificationError")
    assert (attempt.is_final, server.received, server.logins) == (False, [], [])


def test_server_that_offers_no_starttls_is_told_nothing() -> None:
    """Whoever is in between may have taken the offer away."""
    with mailing() as server:
        attempt = attempt_on("smtp+starttls", server.port, f"{USER}@")
    assert (attempt.code, attempt.is_final) == (0, False)
    assert (server.received, server.logins) == ([], [])


def test_address_with_letters_that_the_server_does_not_take_is_given_up() -> None:
    """SMTPUTF8 is an extension: without it no retry helps."""
    with mailing(smtputf8=False) as server:
        attempt = attempt_on("smtp", server.port, to="é@ville.example")
    assert (attempt.code, attempt.is_final, server.received) == (553, True, [])


@pytest.mark.parametrize(
    ("url", "port", "user", "password"),
    [
        ("smtps://a%40b:p%3A@[::1]", 465, "a@b", "p:"),
        ("smtp+starttls://mail.example", 587, "", ""),
        ("smtp://mail.example", 25, "", ""),
        ("smtp://mail.example:2525", 2525, "", ""),
    ],
)
def test_server_is_read_from_its_url(url: str, port: int, user: str, password: str) -> None:
    """Each scheme has its port; the password is shown by nothing."""
    server = SmtpServer.of(url)
    assert (server.port, server.user, server.password) == (port, user, password)
    assert not password or password not in repr(server)
