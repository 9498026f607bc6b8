"""A store, and a project that may read homes and towns."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest

from services.compute.execution.step_cache.model import KeptStep
from services.compute.jobs.model import Job
from services.compute.jobs.workspace import Workspace
from shared.endings.orphans import WrittenFile
from shared.storage import Storage
from shared.store import Store
from tests.integration.compute.step_cache.projects import Project

HOMES = pa.table(
    {
        "com": [f"14{n % 40:03d}" for n in range(400)],
        "homes": pa.array(range(400), pa.int64()),
        "street": [f"rue {n % 7}" for n in range(400)],
    }
)
TOWNS = pa.table(
    {"code": [f"14{n:03d}" for n in range(40)], "epci": [f"epci {n % 6}" for n in range(40)]}
)


@pytest.fixture(scope="module")
def store(mongodb_uri: str) -> Iterator[Store]:
    """A database of this module's own."""
    opened = Store(mongodb_uri, f"test_{uuid4().hex[:12]}_compute")
    opened.prepare((Workspace, Job, KeptStep, WrittenFile))
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store, tmp_path: Path) -> Project:
    """A project of this test's own."""
    files = Storage(f"file://{tmp_path}/files")
    return Project(store, files, tmp_path, {"homes": HOMES, "towns": TOWNS})
