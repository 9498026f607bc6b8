"""A mail server, and mails for it."""

from collections.abc import Iterator

import pytest

from shared.settings import Settings, load_settings
from shared.store import Store
from tests.integration.notify.mail.mail_server import MailServer, mailing
from tests.integration.notify.mail.posting import Outgoing


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """The lab's mail server, without encryption."""
    with mailing() as server:
        yield server


@pytest.fixture
def settings(environ: dict[str, str], mail_server: MailServer) -> Settings:
    """Two retries, each after a moment, and half a second for a mail."""
    return load_settings(
        {
            **environ,
            "DATALAB_SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
            "DATALAB_MAIL_FROM": "ne-pas-repondre@datalab.example",
            "DATALAB_PORTAL_URL": "https://portail.datalab.example",
            "DATALAB_MAIL_SECONDS": "0.1,0.1",
            "DATALAB_MAIL_TIMEOUT_SECONDS": "0.5",
        }
    )


@pytest.fixture
def post(store: Store, settings: Settings, mail_server: MailServer) -> Outgoing:
    """Mails to persons, and mailers for them."""
    return Outgoing(store, settings, mail_server)
