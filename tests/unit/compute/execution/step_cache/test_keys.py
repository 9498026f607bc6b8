"""What changes the key of a step: whatever changes what it makes."""

from typing import Any

import pytest

from services.compute.execution.step_cache.keys import keys_of
from shared.engine.contract.work import Work
from shared.engine.tables.manifest import Input
from shared.engine.tables.misleading import RowRange
from shared.engine.tables.provenance import Provenance
from shared.engine.tables.release import ProtectedInput
from shared.events import Step

READ = "a" * 64


def homes_input(**overrides: Any) -> Input:
    """The table `homes`, as it was granted."""
    about = {"name": "homes", "dataset_id": "dts_1", "version": 1, "sha256": READ}
    return Input(**about | overrides)


CLEAN = Step(application="clean", inputs={"table": "homes"}, parameters={"a": 1}, output="cleaned")
SUMS = {"by": ["com"], "sums": ["n"], "chart": {"title": "A"}}
SUM = Step(application="aggregate", inputs={"table": "cleaned"}, parameters=SUMS, output="summed")
WORK = Work(kind="full", inputs={"homes": "in/0"}, steps=(CLEAN, SUM))


def keys(
    work: Work = WORK, project: str = "prj_1", read: Input | None = None, sha256: str = READ
) -> dict[str, str]:
    """The keys of the steps of `work`."""
    return keys_of(work, project, [(read or homes_input(), sha256)])


def with_last(**overrides: Any) -> Work:
    """The work with another last step."""
    return WORK.model_copy(update={"steps": (CLEAN, SUM.model_copy(update=overrides))})


def changed(**overrides: Any) -> Work:
    """The work, told otherwise."""
    return WORK.model_copy(update=overrides)


def test_same_work_has_the_same_keys() -> None:
    """Who asks, when, under which grant and how a chart is called make no difference."""
    fields = {
        "sources": (homes_input(title="Homes"),),
        "provenance": Provenance(submitted_by="mbr_2"),
    }
    again = keys(
        changed(**fields), read=homes_input(title="Homes", grant_id="acc_1", until="2027-01-01")
    )
    assert again == keys()
    titled = with_last(parameters=SUM.parameters | {"chart": {"title": "B"}})
    assert keys(titled) == keys()


@pytest.mark.parametrize(
    "other",
    [
        keys(project="prj_2"),
        keys(sha256="b" * 64),
        keys(read=homes_input(columns=("com",))),
        keys(changed(kind="trial")),
        keys(changed(sample_rows=500)),
        keys(changed(crossing_rows=7)),
        keys(changed(total_rows={"homes": (RowRange(first=1, last=1),)})),
        keys(changed(table_columns={"homes": ("com", "n")})),
        keys(changed(steps=(CLEAN.model_copy(update={"parameters": {"a": 2}}), SUM))),
    ],
    ids=["project", "data", "grant", "kind", "sample", "limit", "totals", "names", "first step"],
)
def test_what_goes_into_the_first_step_changes_all_keys(other: dict[str, str]) -> None:
    """A later step reads what the earlier ones made."""
    assert other.keys() == {"cleaned", "summed"}
    assert not set(other.values()) & set(keys().values())


@pytest.mark.parametrize(
    "work",
    [
        with_last(parameters={"by": ["com"], "sums": ["m"]}),
        with_last(parameters={"sums": ["n"], "by": ["com"]}),
        changed(expected_rows={"summed": 7}),
    ],
    ids=["parameters", "their order", "preview"],
)
def test_changed_last_step_leaves_the_keys_of_those_before(work: Work) -> None:
    """They need not be done again."""
    assert keys(work)["cleaned"] == keys()["cleaned"]
    assert keys(work)["summed"] != keys()["summed"]


def test_code_that_may_read_the_clock_is_not_kept_nor_what_reads_it() -> None:
    """Its seed does not hold the time."""
    code = Step(application="python", inputs={"t": "homes"}, output="cleaned")
    assert keys(changed(steps=(code, SUM))) == {}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT com, n, now() FROM homes",
        "SELECT com, n FROM homes WHERE day < Current_Date",
        "SELECT com, n, age(day) FROM homes",
        "SELECT com, n FROM homes WHERE day < ago(INTERVAL 1 DAY)",
    ],
)
def test_query_that_reads_the_clock_is_not_kept_nor_what_reads_it(sql: str) -> None:
    """Another day it has another answer."""
    asked = {"sql": sql}
    query = Step(application="query", inputs={"h": "homes"}, parameters=asked, output="cleaned")
    assert keys(changed(steps=(query, SUM))) == {}


def test_nothing_is_kept_where_others_restricted_data_go_in() -> None:
    """The rules of release follow their rows through every step."""
    terms = ProtectedInput(dataset_id="dts_1", version=1, sha256=READ)
    assert keys(changed(protected={"homes": terms})) == {}
    assert keys(project="") == {}


def test_what_a_job_may_be_told_later_counts_until_it_is_known_not_to() -> None:
    """A new field of Work changes keys by itself."""
    assert keys(changed(filename="a.csv")) != keys()
