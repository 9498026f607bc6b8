"""The catalog as a real process on the session's servers."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.local.keys import KeyPair
from services.catalog.service import Catalog
from shared.messaging import topology
from tests.integration.catalog.lab import HEARD, UPLOAD_BYTES, Lab
from tests.servers import Broker, running

RETRIES = (0.2, 0.5, 3)


@pytest.fixture(scope="module")
def lab(
    broker: Broker,
    vhost: str,
    mongodb_uri: str,
    token_keys: KeyPair,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    """The catalog, running, with a queue that hears all it publishes."""
    environ = {
        "DATALAB_AMQP_URI": broker.uri(vhost),
        "DATALAB_MONGODB_URI": mongodb_uri,
        "DATALAB_STORAGE_URL": f"file://{tmp_path_factory.mktemp('files')}",
        "DATALAB_TOKEN_PUBLIC_KEY": str(token_keys.public),
        "DATALAB_DATABASE_PREFIX": f"test_{uuid4().hex[:12]}",
        "DATALAB_RETRY_SECONDS": ",".join(map(str, RETRIES)),
        "DATALAB_SWEEP_SECONDS": "0.5",
        "DATALAB_MAX_UPLOAD_BYTES": str(UPLOAD_BYTES),
    }
    topology.declare(broker.uri(vhost), [Catalog], RETRIES)
    with broker.connection(vhost) as connection:
        channel = connection.channel()
        channel.queue_declare(HEARD, durable=True, auto_delete=False)
        channel.queue_bind(HEARD, "catalog.events", "#")
    with running("services.catalog.service:Catalog", environ) as service:
        yield Lab(service, broker, vhost, environ, token_keys)
