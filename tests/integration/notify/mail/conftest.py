"""A mail server, mails for it, and persons who get them."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from deploy.local.signing_keys import KeyPair
from services.intake.service import Intake
from services.notify.service import Notify
from shared.settings import Settings, load_settings
from shared.store import Store
from tests.integration.notify.certificates import certificate
from tests.integration.notify.conftest import RETRIES
from tests.integration.notify.lab import SPEC, Lab
from tests.integration.notify.mail.mail_server import LOGIN, PASSWORD, MailServer, mailing
from tests.integration.notify.mail.posting import Outgoing
from tests.integration.notify.mail.town import SIGN_IN_KEY, Town
from tests.servers import PATIENCE_SECONDS, running
from tests.vhosts import Needs


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """The lab's mail server, without encryption."""
    with mailing() as server:
        yield server


@pytest.fixture
def settings(environ: dict[str, str], mail_server: MailServer) -> Settings:
    """Two retries, each after a moment, and time for a mail."""
    return load_settings(
        {
            **environ,
            "DATALAB_SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
            "DATALAB_MAIL_FROM": "ne-pas-repondre@datalab.example",
            "DATALAB_PORTAL_URL": "https://portail.datalab.example",
            "DATALAB_MAIL_SECONDS": "0.1,0.1",
            "DATALAB_MAIL_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        }
    )


@pytest.fixture
def post(store: Store, settings: Settings, mail_server: MailServer) -> Outgoing:
    """Mails to persons, and mailers for them."""
    return Outgoing(store, settings, mail_server)


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What notify and intake listen to."""
    return Needs((Intake, Notify), RETRIES)


@pytest.fixture(scope="module")
def server(notify_environ: dict[str, str]) -> Iterator[MailServer]:
    """A mail server whose certificate the service trusts, and that asks for a password."""
    file = Path(notify_environ["SSL_CERT_FILE"])
    file.write_bytes(certificate("localhost"))
    with mailing(certificate=file, starttls=True) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def mail_environ(notify_environ: dict[str, str], server: MailServer) -> dict[str, str]:
    """The settings with that server."""
    user = f"{quote(LOGIN)}:{quote(PASSWORD, safe='')}"
    return {
        **notify_environ,
        "DATALAB_SMTP_URL": f"smtp+starttls://{user}@localhost:{server.port}",
        "DATALAB_MAIL_FROM": "ne-pas-repondre@datalab.example",
        "DATALAB_PORTAL_URL": "https://portail.datalab.example",
        "DATALAB_MAIL_SECONDS": "0.2,0.2",
        # The lease of a mail lasts a little longer than both: a killed service's waits for that.
        "DATALAB_MAIL_TIMEOUT_SECONDS": "10",
        "DATALAB_RPC_SECONDS": "5",
        "DATALAB_SIGN_IN_KEY": SIGN_IN_KEY,
        "DATALAB_PUBLIC_CATALOG": "true",
    }


@pytest.fixture(scope="module")
def town(lab: Lab, mail_environ: dict[str, str], token_keys: KeyPair) -> Iterator[Town]:
    """Notify with that server, beside intake, and a member."""
    lab.service.stop()
    intake_spec = "services.intake.service:Intake"
    with running(intake_spec, mail_environ) as intake, running(SPEC, mail_environ) as notify:
        town = Town(lab.at(notify), intake, token_keys, "")
        town.member_id = town.new_member()
        yield town
