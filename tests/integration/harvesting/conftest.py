"""Catalog and compute as real processes, and another catalogue's web server."""

from collections.abc import Iterator

import pytest

from deploy.queues import declare
from services.catalog.service import Catalog
from services.compute.service import Compute
from tests.conftest import RETRIES, Token
from tests.integration.harvesting.lab import Lab
from tests.servers import Broker, running
from tests.web_server import WebServer, serving


@pytest.fixture(scope="module")
def portal() -> Iterator[WebServer]:
    """The other catalogue; each test serves paths of its own."""
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def lab(
    broker: Broker, vhost: str, module_environ: dict[str, str], token: Token, portal: WebServer
) -> Iterator[Lab]:
    """Both services, running, with the portal for the public Internet."""
    environ = {**module_environ, "DATALAB_HARVEST_PRIVATE_ADDRESSES": "true"}
    declare(broker.uri(vhost), [Catalog, Compute], RETRIES)
    with (
        running("services.catalog.service:Catalog", environ) as catalog,
        running("services.compute.service:Compute", environ) as compute,
    ):
        yield Lab(broker, vhost, environ, token, portal, catalog, compute)
