"""What leaves of a new version is compared with what left of those before."""

from pathlib import Path
from typing import Any

import pytest

from shared.engine.tables.release import ReleaseRecord
from tests.unit.shared.engine.release.test_checking import ENOUGH, Lab, Rows, enterprises

Results = list[dict[str, Any]]


def renewed(lab: Lab, rows: Rows) -> None:
    """Let the table have these rows in its next version."""
    lab.rows, lab.version = rows, lab.version + 1


def left(folder: Path, before: Rows, after: Rows, **parameters: Any) -> ReleaseRecord:
    """The record of the sums by town of the second of two versions."""
    lab = Lab(folder, before)
    record, _ = lab.aggregate("ville", **parameters)
    assert not record.is_held
    renewed(lab, after)
    return lab.aggregate("ville", **parameters)[0]


def test_the_same_rows_in_another_order_leave(tmp_path: Path) -> None:
    """Nothing differs."""
    rows = enterprises(1, 40)
    assert not left(tmp_path, rows, rows[::-1]).is_held


@pytest.mark.parametrize("number", [1, ENOUGH - 1])
def test_a_few_new_units_are_for_a_reviewer(tmp_path: Path, number: int) -> None:
    """Who reads from which version, and by what, and no value."""
    rows = enterprises(1, 40)
    record = left(tmp_path, rows, [*rows, *_more("A", number)])
    assert record.is_held
    (reason,) = [
        rule_outcome.told
        for output_release in record.outputs
        for rule_outcome in output_release.rules
        if rule_outcome.rule == "versions"
    ]
    assert "1 groupe" in reason
    assert "version 1 (ville)" in reason
    assert not record.for_holder().outputs[0].rules


def test_enough_new_units_leave(tmp_path: Path) -> None:
    """Their sum is one of many."""
    rows = enterprises(1, 40)
    assert not left(tmp_path, rows, [*rows, *_more("A", 12)]).is_held


def test_changed_value_is_for_a_reviewer_where_it_is_shown(tmp_path: Path) -> None:
    """Another turnover of the same enterprise; numbers of rows tell nothing of it."""
    first, *others = enterprises(1, 40)
    assert left(tmp_path, [first, *others], [(*first[:3], 5), *others]).is_held
    rows = [[first, *others], [(*first[:3], 5), *others]]
    assert not left(tmp_path / "counted", *rows, sums=[], rows="n").is_held


def test_what_a_reviewer_let_leave_is_not_held_again(tmp_path: Path) -> None:
    """The difference is known; another grouping of the same rows adds nothing."""
    rows = enterprises(1, 40)
    lab = Lab(tmp_path, rows)
    lab.aggregate("ville")
    renewed(lab, [*rows, *_more("A", 1)])
    lab.decides_release = True
    assert lab.aggregate("ville")[0].is_held
    assert not lab.aggregate("ville")[0].is_held


def test_versions_without_units_are_for_a_reviewer(tmp_path: Path) -> None:
    """Nobody can tell which rows are the same."""
    rows = enterprises(1, 40)
    lab = Lab(tmp_path, rows)
    lab.unit = ""
    assert not lab.aggregate("ville", counts=[], sums=[], rows="n")[0].is_held
    renewed(lab, rows)
    assert lab.aggregate("ville", counts=[], sums=[], rows="n")[0].is_held


def _more(town: str, number: int) -> Rows:
    return [(f"9{at:08}", town, "x", 100 + at) for at in range(number)]
