"""A lab around the compute service, new for every test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.compute.service import Compute
from shared.messaging import topology
from tests.integration.compute.lab import Lab
from tests.integration.compute.samples import Catalog
from tests.servers import Broker


@pytest.fixture
def lab(
    broker: Broker,
    vhost: str,
    environ: dict[str, str],
    token: Callable[..., str],
    tmp_path: Path,
) -> Lab:
    """The surroundings, with every queue declared; the test starts the processes."""
    waits = map(float, environ["DATALAB_RETRY_SECONDS"].split(","))
    topology.declare(environ["DATALAB_AMQP_URI"], [Compute, Catalog], waits)
    work = tmp_path / "work"
    work.mkdir()
    lab = Lab(broker, vhost, {**environ, "TMPDIR": str(work)}, token, work)
    lab.listen()
    return lab
