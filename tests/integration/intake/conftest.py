"""Two intake processes that the tests of one module share, and a database of a test's own."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from services.intake.members.model import Member
from services.intake.model import Project
from services.intake.service import Intake
from shared.endings.departures import Departure
from shared.store import Store
from tests.integration.intake.lab import SIGN_IN_KEY, Lab
from tests.servers import Broker, running
from tests.vhosts import Needs

SPEC = "services.intake.service:Intake"
RETRIES = (0.2, 0.4)


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What intake listens to."""
    return Needs((Intake,), RETRIES)


@pytest.fixture(scope="module")
def lab(
    broker: Broker, vhost: str, module_environ: dict[str, str], token: Callable[..., str]
) -> Iterator[Lab]:
    """Intake twice, on one database and one set of queues."""
    environ = {
        **module_environ,
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_SIGN_IN_KEY": SIGN_IN_KEY,
    }
    with running(SPEC, environ) as first, running(SPEC, environ) as second:
        yield Lab(broker, vhost, environ, token, [first, second])


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_intake")
    opened.prepare((Member, Project, Departure))
    yield opened
    opened.close()
