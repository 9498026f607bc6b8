"""The catalog as a real process on the session's servers, or its documents alone."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from services.catalog.datasets.model import Dataset
from services.catalog.service import Catalog
from services.catalog.snapshots.saved_index import SavedIndex
from shared.store import Store
from tests.conftest import Token
from tests.integration.catalog.lab import RETRIES, UPLOAD_BYTES, Lab, running_lab
from tests.servers import Broker
from tests.vhosts import Needs


@pytest.fixture
def store(mongodb_uri: str) -> Iterator[Store]:
    """An empty database of this test's own, for the documents of datasets."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_catalog")
    opened.prepare((Dataset, SavedIndex))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def needs() -> Needs:
    """What the catalog listens to."""
    return Needs((Catalog,), RETRIES)


@pytest.fixture(scope="module")
def lab(broker: Broker, vhost: str, module_environ: dict[str, str], token: Token) -> Iterator[Lab]:
    """The catalog, running."""
    environ = {**module_environ, "DATALAB_MAX_UPLOAD_BYTES": str(UPLOAD_BYTES)}
    with running_lab(broker, vhost, environ, token) as lab:
        yield lab
