"""The catalog as a real process on the session's servers."""

from collections.abc import Iterator

import pytest

from services.catalog.service import Catalog
from shared.messaging import topology
from tests.conftest import Token
from tests.integration.catalog.lab import UPLOAD_BYTES, Lab
from tests.servers import Broker, running

RETRIES = (0.2, 0.5, 3)


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running."""
    environ = {
        **module_environ,
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_MAX_UPLOAD_BYTES": str(UPLOAD_BYTES),
    }
    topology.declare(broker.uri(vhost), [Catalog], RETRIES)
    with running("services.catalog.service:Catalog", environ) as service:
        yield Lab(broker, vhost, environ, token, service)
