"""A lab whose compute has a sample intake beside it."""

from collections.abc import Iterator

import pytest

from tests.integration.compute.lab import Lab
from tests.servers import RunningService


@pytest.fixture(scope="module")
def compute(lab: Lab) -> Iterator[RunningService]:
    """The service under test, and a sample intake."""
    with lab.intake(), lab.bare_compute() as service:
        yield service
