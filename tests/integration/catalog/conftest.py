"""The catalog as a real process on the session's servers."""

from collections.abc import Iterator

import pytest

from tests.conftest import Token
from tests.integration.catalog.lab import UPLOAD_BYTES, Lab, running_lab
from tests.servers import Broker


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running."""
    environ = {**module_environ, "DATALAB_MAX_UPLOAD_BYTES": str(UPLOAD_BYTES)}
    with running_lab(broker, vhost, environ, token) as lab:
        yield lab
