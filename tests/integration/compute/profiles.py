"""What the tests of ingestion and treatments look at."""

import pandas as pd

from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import Privacy
from tests.integration.compute.jobs import RunOutcome


def profile_of(run: RunOutcome) -> Profile:
    """The report of an ingest job."""
    return Profile.model_validate(run.reports[0])


def verdict_of(run: RunOutcome) -> Privacy:
    """The verdict on a treatment's result."""
    return Privacy.model_validate(run.reports[-1]["privacy"])


def table(run: RunOutcome) -> pd.DataFrame:
    """What an ingest job made of the file."""
    return pd.read_parquet(run.output_path("table.parquet"))


def repaired(run: RunOutcome) -> dict[str, tuple[int, int | None]]:
    """How often each repair was made, and at which line first."""
    return {repair.code: (repair.count, repair.first_line) for repair in profile_of(run).repairs}


def total_rows(run: RunOutcome) -> list[int]:
    """The rows that an ingest job found to be totals, counted from one."""
    return sorted(
        row
        for row_range in profile_of(run).total_rows
        for row in range(row_range.first, row_range.last + 1, row_range.step)
    )
