"""What is kept of a use."""

from typing import Any

import pytest

from services.catalog.access.dataset_use import Use
from services.catalog.access.grants import Conditions, Deadlines
from services.catalog.access.model import ProjectAccess
from shared.aggregate import now
from shared.engine.tables.manifest import Manifest, Output
from tests.unit.catalog.samples import metadata, published, ref

DATASET = published("dts_1", metadata(access="restricted"), owner_id="mbr_o")


def opened(times: int = 1) -> Use:
    """A job's use of a dataset that was granted for a study."""
    access = ProjectAccess(id="prj_1", title="Loyers")
    access.secure("mbr_h", {"dts_1": DATASET}, Deadlines())
    access.decide("dts_1", "mbr_o", "grant", "", Conditions(purpose="étude"))
    version, _ = DATASET.readable()
    use = Use(id="job_1.dts_1", dataset_id="dts_1", job_id="job_1")
    for _ in range(times):
        use.open(access, version.number)
    return use


def manifest_of(*reports: dict[str, Any]) -> Manifest:
    """A job's manifest with a table and these reports."""
    return Manifest(
        job_id="job_1",
        kind="full",
        outputs=(Output(name="result.parquet", file=ref("c")),),
        reports=reports,
        started=now(),
        ended=now(),
    )


def test_use_says_who_for_what_and_under_which_conditions() -> None:
    """Also what a run that was repeated opened twice is one use."""
    use = opened(times=2)
    assert (use.project_id, use.project_title, use.holder_id) == ("prj_1", "Loyers", "mbr_h")
    assert (use.dataset_version, use.purpose, use.openings, use.state) == (1, "étude", 2, "opened")


def test_use_tells_what_the_job_made_of_it() -> None:
    """The table with its hash, and how many rows the last step reports."""
    use = opened()
    use.succeed("full", manifest_of({"rows": {"out": 9}}, {"rows": {"in": 9, "out": 7}}))
    assert (use.state, use.kind, use.result, use.rows) == ("succeeded", "full", ref("c"), 7)


@pytest.mark.parametrize("report", [{}, {"rows": 7}, {"rows": {"out": "7"}}, {"rows": None}])
def test_application_that_reports_no_rows_breaks_nothing(report: dict[str, Any]) -> None:
    """Reports come out of the sandbox and may hold anything."""
    use = opened()
    use.succeed("trial", manifest_of(report))
    assert (use.state, use.rows) == ("succeeded", None)
    use.succeed("trial", manifest_of())
    assert use.rows is None


def test_use_of_which_nothing_leaves_names_no_result() -> None:
    """A reviewer refused it: it ends without one."""
    use = opened()
    use.refuse("full")
    assert (use.state, use.release, use.released_result) == ("failed", "refused", None)
