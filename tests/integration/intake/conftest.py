"""Two intake processes that the tests of one module share."""

from collections.abc import Callable, Iterator

import pytest

from services.intake.service import Intake
from shared.messaging import topology
from tests.integration.intake.lab import SIGN_IN_KEY, Lab
from tests.servers import Broker, running

SPEC = "services.intake.service:Intake"
RETRIES = (0.2, 0.4)


@pytest.fixture(scope="module")
def lab(
    broker: Broker, vhost: str, module_environ: dict[str, str], token: Callable[..., str]
) -> Iterator[Lab]:
    """Intake twice, on one database and one set of queues."""
    topology.declare(broker.uri(vhost), [Intake], RETRIES)
    environ = {
        **module_environ,
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_SIGN_IN_KEY": SIGN_IN_KEY,
    }
    with running(SPEC, environ) as first, running(SPEC, environ) as second:
        yield Lab(broker, vhost, environ, token, [first, second])
