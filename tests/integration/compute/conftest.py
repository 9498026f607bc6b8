"""A lab around the compute service, one for every module."""

from collections.abc import Callable, Iterator

import pytest

from deploy.local.keys import KeyPair
from services.compute.service import Compute
from shared.messaging import topology
from tests.integration.compute.lab import Lab
from tests.integration.compute.samples import Catalog
from tests.servers import Broker

RETRIES = (0.2, 0.5, 1)


@pytest.fixture(scope="module")
def lab(
    broker: Broker,
    mongodb_uri: str,
    token_keys: KeyPair,
    token: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    """The surroundings, with every queue declared; the tests start the processes."""
    folder, vhost = tmp_path_factory.mktemp("compute"), broker.new_vhost()
    amqp_uri = broker.uri(vhost)
    (folder / "work").mkdir()
    topology.declare(amqp_uri, [Compute, Catalog], RETRIES)
    environ = {
        "DATALAB_AMQP_URI": amqp_uri,
        "DATALAB_MONGODB_URI": mongodb_uri,
        "DATALAB_STORAGE_URL": f"file://{folder / 'files'}",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_DATABASE_PREFIX": f"test_{vhost.replace('-', '_')}",
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_SWEEP_SECONDS": "0.5",
        "DATALAB_RPC_SECONDS": "5",
        "TMPDIR": str(folder / "work"),
    }
    lab = Lab(broker, vhost, environ, token, folder / "work")
    lab.listen()
    yield lab
    broker.delete_vhost(vhost)
