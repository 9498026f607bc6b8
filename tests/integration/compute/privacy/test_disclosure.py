"""Sums of persons by groups tell of each where a group is small."""

from pathlib import Path
from typing import Any

from tests.integration.compute.jobs import step, treat
from tests.integration.compute.profiles import verdict_of

PERSONS = {"table": "personnes"}
SUMS = step("aggregate", PERSONS, "sommes", by=["commune", "sexe"], counts=["age"], means=["age"])


def persons(rare: int = 2) -> bytes:
    """400 persons in two communes, and `rare` men in a third."""
    rows = [f"14{118 + at % 2};{'HF'[at // 2 % 2]};{20 + at % 60}" for at in range(400)]
    rows += [f"14001;H;{30 + at}" for at in range(rare)]
    return "\n".join(["commune;sexe;age", *rows]).encode()


def test_figures_of_few_persons_are_named(tmp_path: Path) -> None:
    """One group of five has two men: each figure is named, with how many rows stand for so few."""
    run = treat(tmp_path, {"personnes": persons()}, SUMS)
    verdict = verdict_of(run)
    assert (verdict.verdict, verdict.subject, verdict.k, verdict.is_safe) == (
        "quasi",
        "groups",
        2,
        False,
    )
    assert {finding.column: (finding.kind, finding.rows) for finding in verdict.findings} == {
        "age_moyenne": ("small_groups", 1),
        "age_nombre": ("small_groups", 1),
    }
    assert verdict.share_below == 0.2
    assert "1 groupe en compte moins de 5 (20,0 %)" in run.reports[-1]["warning"]
    assert "14001" not in run.reports[-1]["warning"]


def test_sums_that_are_crossed_afterwards_stay_small(tmp_path: Path) -> None:
    """The names of the communes beside them hide nobody."""
    tables = {"left": "sommes", "right": "communes"}
    cross = step("cross", tables, "nommees", left_key="commune", right_key="code")
    communes = b"code;nom\n14118;Caen\n14119;Cagny\n14001;Ablon\n"
    verdict = verdict_of(
        treat(tmp_path, {"personnes": persons(), "communes": communes}, SUMS, cross)
    )
    assert (verdict.verdict, verdict.k, verdict.rows_below) == ("quasi", 2, 1)


def test_trial_is_judged_by_the_whole_table(tmp_path: Path) -> None:
    """Every group of a sample of a few rows is small."""
    runs: list[Any] = [
        treat(tmp_path / str(rare), {"personnes": persons(rare)}, SUMS, sample_rows=10)
        for rare in (0, 9, 2)
    ]
    assert [verdict_of(run).verdict for run in runs] == ["none", "none", "quasi"]


def test_sums_of_places_may_be_small(tmp_path: Path) -> None:
    """A commune with two stations tells of nobody."""
    rows = [f"14{118 + at % 3};{at}" for at in range(8)]
    stations = "\n".join(["commune;puissance", *rows]).encode()
    sums = step("aggregate", PERSONS, "sommes", by=["commune"], sums=["puissance"])
    assert verdict_of(treat(tmp_path, {"personnes": stations}, sums)).verdict == "none"
