"""The crash test: nothing is lost and nothing happens twice, whatever dies when."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy import SERVICES
from tests.chaos.journey import TARGETS
from tests.chaos.run import run

SEED = 39
"""By it the first six processes that are killed are each another one."""


@pytest.mark.timeout(600)
def test_killed_processes_lose_no_event_and_double_no_effect() -> None:
    """A project for each ending reaches it while services, broker and documents are killed."""
    servers = {"broker", "documents"}
    kills = len(SERVICES) + len(servers)
    with TemporaryDirectory(prefix="dl-") as home:
        report = run(
            Path(home),
            projects=len(TARGETS),
            kills=kills,
            seed=SEED,
            workers=1,
            seconds=420,
            tell=print,
            ease=2,
        )
    assert len(report.kills) >= kills, report.summary
    assert servers < set(report.kills), report.summary
    assert report.faults == [], report.summary
