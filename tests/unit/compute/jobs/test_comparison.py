"""What differs between a job and its replay."""

import pytest

from services.compute.jobs.comparison import Comparison, Replayed, compared
from shared.aggregate import now
from shared.engine.tables.manifest import Input, Manifest
from shared.engine.tables.provenance import Provenance
from shared.events import Step

HOMES = Input(name="homes", dataset_id="dts_1", version=1, sha256="a", title="Logements")
SOFTWARE = {"duckdb": "1.4.0", "python": "3.11.2"}
REPLAYED = Replayed(
    inputs=(HOMES,), software=SOFTWARE, engine="e", hashes={"result.parquet": "1", "a.svg": "2"}
)
BEFORE = {"result.parquet": "1", "a.svg": "3"}


def manifest(step: Step | None = None) -> Manifest:
    """What was recorded of a job on the homes."""
    return Manifest(
        job_id="job_1",
        kind="full",
        inputs=(HOMES,),
        steps=(step or Step(application="filter", inputs={"table": "homes"}, output="result"),),
        software=SOFTWARE,
        provenance=Provenance(engine="e"),
        started=now(),
        ended=now(),
    )


def causes(comparison: Comparison) -> list[tuple[str, str]]:
    """What differs, and by what it is called."""
    return [(difference.cause, difference.name) for difference in comparison.differences]


def test_same_bytes_are_identical_whatever_has_changed() -> None:
    """Another library that makes the same is no difference."""
    comparison = compared(
        manifest(), REPLAYED.hashes, REPLAYED.model_copy(update={"software": {}, "engine": "f"})
    )
    assert (comparison.verdict, comparison.differences) == ("identical", ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("undeclared", "a.svg")]),
        ({"hashes": {"a.svg": "3"}}, [("undeclared", "result.parquet")]),
        ({"engine": "f"}, [("code", "datalab")]),
        ({"software": {**SOFTWARE, "duckdb": "1.5.0"}}, [("library", "duckdb")]),
        (
            {"inputs": (HOMES.model_copy(update={"title": "Parc"}),), "software": {"python": "4"}},
            [("source", "homes"), ("library", "duckdb"), ("library", "python")],
        ),
    ],
)
def test_each_difference_is_named(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    """Files are named only where nothing else has changed."""
    comparison = compared(manifest(), BEFORE, REPLAYED.model_copy(update=changes))
    assert causes(comparison) == expected
    assert (comparison.verdict, comparison.outcome) == ("different", expected[0][0])


def test_own_code_says_that_it_may_differ() -> None:
    """What it makes is no alarm."""
    step = Step(application="python", inputs={"homes": "homes"}, output="modele")
    assert causes(compared(manifest(step), BEFORE, REPLAYED)) == [("chance", "modele")]


def test_of_restricted_data_only_the_verdict_is_left() -> None:
    """Whether it ran may tell of a grant, and a file's name of the data."""
    different = compared(manifest(), BEFORE, REPLAYED)
    not_run = different.model_copy(update={"verdict": "not_run"})
    for comparison in (different, not_run):
        assert comparison.without_differences == Comparison(verdict="different")
    identical = Comparison(verdict="identical")
    assert identical.without_differences == identical
