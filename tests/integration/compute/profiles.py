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
