"""A lab around the compute service, one for every module."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from services.compute.renewal.model import DeliveredService
from services.compute.service import Compute
from shared.endings.departures import Departure
from shared.store import Store
from tests.conftest import RETRIES, Token
from tests.integration.compute.lab import Lab
from tests.integration.compute.samples import Catalog, Intake
from tests.servers import Broker, RunningService
from tests.vhosts import Needs


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What compute and the samples beside it listen to."""
    return Needs((Compute, Catalog, Intake), RETRIES)


@pytest.fixture(scope="module")
def lab(
    broker: Broker,
    vhost: str,
    module_environ: dict[str, str],
    token: Token,
    tmp_path_factory: pytest.TempPathFactory,
) -> Lab:
    """The surroundings, with every queue declared; the tests start the processes."""
    work = tmp_path_factory.mktemp("work")
    environ = {**module_environ, "DATALAB_RPC_SECONDS": "5", "TMPDIR": str(work)}
    return Lab(broker, vhost, environ, token, work)


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_compute")
    opened.prepare((Workspace, Job, DeliveredService, Departure))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test."""
    with lab.compute() as service:
        yield service


@pytest.fixture(scope="module")
def catalog(lab: Lab) -> Iterator[RunningService]:
    """The sample catalogue; a module's tests before the first that asks for it have none."""
    with lab.catalog() as service:
        yield service
