"""Two intake processes that the tests of one module share."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from deploy.local.keys import KeyPair
from services.intake.service import Intake
from shared.messaging import topology
from tests.integration.intake.desk import Desk
from tests.servers import Broker, running

SPEC = "services.intake.service:Intake"
RETRIES = (0.2, 0.4)


@pytest.fixture(scope="module")
def intake_environ(
    amqp_uri: str,
    mongodb_uri: str,
    token_keys: KeyPair,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """Complete settings, with a database that the tests of one module share."""
    return {
        "DATALAB_AMQP_URI": amqp_uri,
        "DATALAB_MONGODB_URI": mongodb_uri,
        "DATALAB_STORAGE_URL": f"file://{tmp_path_factory.mktemp('files')}",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_DATABASE_PREFIX": f"test_{uuid4().hex[:12]}",
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_SWEEP_SECONDS": "0.5",
    }


@pytest.fixture(scope="module")
def desk(
    broker: Broker, vhost: str, intake_environ: dict[str, str], token: Callable[..., str]
) -> Iterator[Desk]:
    """Intake twice, on one database and one set of queues."""
    topology.declare(broker.uri(vhost), [Intake], RETRIES)
    with running(SPEC, intake_environ) as first, running(SPEC, intake_environ) as second:
        made = Desk(broker, vhost, intake_environ, [first, second], token)
        made.hear()
        yield made
