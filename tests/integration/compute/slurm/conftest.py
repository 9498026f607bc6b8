"""A Slurm for all tests of one worker, and runs on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.compute.slurm.runs import Runs
from tests.slurm import Slurm, running_slurm


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """The cluster; its controller starts no job in its first three seconds."""
    with running_slurm(tmp_path_factory.mktemp("slurm")) as slurm:
        yield slurm


@pytest.fixture
def runs(slurm: Slurm, tmp_path: Path) -> Iterator[Runs]:
    """Runs of this test, and an executor of little patience."""
    runs = Runs(slurm, tmp_path)
    yield runs
    runs.close()
