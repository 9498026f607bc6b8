"""The crash test: nothing is lost and nothing happens twice, whatever dies when."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.chaos.run import run

KILLS = 10


@pytest.mark.timeout(1800)
def test_killed_processes_lose_no_event_and_double_no_effect() -> None:
    """Ten projects reach their stages while services, broker and documents are killed."""
    with TemporaryDirectory(prefix="dl-") as home:
        report = run(
            Path(home), projects=10, kills=KILLS, seed=20261, workers=1, seconds=1500, tell=print
        )
    assert len(report.kills) >= KILLS, report.summary
    assert report.faults == [], report.summary
