"""Figures of groups against naive ones, and periods of dates."""

import statistics
from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.applications import effect_of
from shared.engine.applications.aggregate import run as aggregate
from shared.engine.applications.aggregate.application import AggregateParameters
from shared.engine.applications.effect import Part, Source
from shared.engine.contract.result import Report
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid
from shared.events import Step
from tests.unit.shared.engine.running.steps.benches import bench, made_column, result_rows


def _run(workbench: Workbench, **parameters: Any) -> Report:
    return aggregate.run(workbench, AggregateParameters.model_validate(parameters))


_ROW = st.tuples(
    st.sampled_from(["a", "b", None]), st.one_of(st.none(), st.integers(-50, 50)), st.integers(1, 9)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_ROW, min_size=1, max_size=30))
def test_figures_are_those_of_a_naive_reference(rows: list[tuple[Any, Any, int]]) -> None:
    """Empty cells count as rows and as nothing else; empty groups are a group."""
    schema = pa.schema({"g": pa.string(), "v": pa.int64(), "w": pa.int64()})
    given_rows = [dict(zip("gvw", row, strict=True)) for row in rows]
    workbench = bench(table=pa.Table.from_pylist(given_rows, schema))
    _run(
        workbench,
        by=["g"],
        rows="lignes",
        distinct=["v"],
        medians=["w"],
        mins=["w"],
        maxs=["w"],
        quantiles=[{"column": "w", "p": 0.25}],
        weighted_means=[{"column": "v", "weight": "w", "name": "ponderee"}],
        shares=[{"of": "lignes", "percent": False, "digits": 10}],
    )
    groups: dict[Any, list[tuple[Any, int]]] = defaultdict(list)
    for group, value, weight in rows:
        groups[group].append((value, weight))
    values_by_cell = result_rows(workbench)
    assert {row["g"] for row in values_by_cell} == set(groups)
    for row in values_by_cell:
        mine = groups[row["g"]]
        weights, filled = [w for _, w in mine], [(v, w) for v, w in mine if v is not None]
        assert (row["lignes"], row["v_distincts"]) == (len(mine), len({v for v, _ in filled}))
        assert (row["w_min"], row["w_max"]) == (min(weights), max(weights))
        assert row["w_mediane"] == statistics.median(weights)
        assert row["w_q25"] == pytest.approx(float(np.quantile(weights, 0.25)))
        assert row["lignes_part"] == pytest.approx(len(mine) / len(rows))
        if filled:
            mean = sum(v * w for v, w in filled) / sum(w for _, w in filled)
            assert row["ponderee"] == pytest.approx(mean)
        else:
            assert row["ponderee"] is None


def test_shares_are_of_the_groups_that_are_alike() -> None:
    """Each year has its 100 %."""
    cells = [("2020", "a", 1), ("2020", "b", 3), ("2021", "a", 5)]
    workbench = bench(table=[{"an": an, "g": g, "n": n} for an, g, n in cells])
    _run(workbench, by=["an", "g"], sums=["n"], shares=[{"of": "n", "within": ["an"]}])
    assert made_column(workbench, "n_part") == [25, 75, 100]


@pytest.mark.parametrize(
    ("step", "period"),
    [
        ("day", "2024-12-31"),
        ("week", "2025-W01"),
        ("month", "2024-12"),
        ("quarter", "2024-T4"),
        ("year", "2024"),
    ],
)
def test_dates_make_groups_of_periods(step: str, period: str) -> None:
    """Stored as days or written as texts; the week of 31 December 2024 is the next year's."""
    for cell in (date(2024, 12, 31), "31/12/2024", "2024-12-31"):
        workbench = bench(table=[{"d": cell, "n": 1}, {"d": None, "n": 2}])
        report = _run(
            workbench, by=[], times=[{"column": "d", "step": step, "name": "p"}], sums=["n"]
        )
        assert {(row["p"], row["n"]) for row in result_rows(workbench)} == {(period, 1), (None, 2)}
        assert report["rows"]["without_group"] == 1


def test_what_is_no_date_is_no_period() -> None:
    """The failure counts the values, and says none."""
    workbench = bench(table=[{"d": "2024-01-01"}, {"d": "ZZTOP"}])
    with pytest.raises(Invalid, match="1 valeur n'est pas une date lisible ;") as refused:
        _run(workbench, by=[], times=[{"column": "d", "step": "year"}], rows="n")
    assert refused.value.field == "times.0.column"
    assert "ZZTOP" not in refused.value.args[0]
    workbench = bench(table=[{"d": day} for day in ("2024-01-01", "ZZTOP", "ZZ")])
    with pytest.raises(Invalid, match="2 valeurs ne sont pas des dates lisibles ;"):
        _run(workbench, by=[], times=[{"column": "d", "step": "year"}], rows="n")


def _effect(**parameters: Any) -> Any:
    step = Step(application="aggregate", inputs={"table": "t"}, parameters=parameters, output="o")
    return effect_of(step, "steps.0", {"table": ("g", "d", "v", "w")})


def test_effect_says_what_each_figure_is_made_of() -> None:
    """Groups by the dates themselves; weights are told apart from means."""
    effect = _effect(
        by=["g"],
        times=[{"column": "d", "step": "month"}],
        rows="n",
        weighted_means=[{"column": "v", "weight": "w"}],
        shares=[{"of": "n"}],
        quantiles=[{"column": "v", "p": 0.9}],
    )
    group, day = Source("table", "g"), Source("table", "d")
    assert effect.by == (group, day)
    assert list(effect.columns) == ["g", "d_mois", "n", "v_q90", "v_moyenne_ponderee", "n_part"]
    assert effect.columns["n"].of == (Part(group, "count"), Part(day, "count"))
    assert {part.how for part in effect.columns["n_part"].of} == {"share"}
    weighed = {part.source.column for part in effect.columns["v_moyenne_ponderee"].of}
    assert weighed == {"v", "w"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"by": [], "rows": "n"},
        {"by": ["g"], "medians": ["v"], "shares": [{"of": "v_mediane"}]},
        {"by": ["g"], "rows": "n", "shares": [{"of": "n", "within": ["v"]}]},
        {"by": ["g"], "rows": "G"},
        {"by": ["g"], "quantiles": [{"column": "v", "p": 1.5}]},
        {"by": ["g"], "times": [{"column": "d", "step": "hour"}], "rows": "n"},
    ],
)
def test_figures_that_mean_nothing_are_refused(parameters: dict[str, Any]) -> None:
    """No groups, shares of medians, names that are taken."""
    with pytest.raises(ValueError, match="validation error"):
        AggregateParameters.model_validate(parameters)


def test_value_that_is_no_number_is_none_among_others_restricted_data() -> None:
    """To fail for it would tell of one person."""
    rows = [{"g": "a", "v": cell} for cell in ("1", "2,5", "non renseigné")]
    with pytest.raises(Invalid, match="1 valeur n'est pas un nombre"):
        _run(bench(table=rows), by=["g"], sums=["v"])
    protected = replace(bench(table=rows), is_protected=True)
    _run(protected, by=["g"], sums=["v"])
    assert made_column(protected, "v") == [3.5]


def test_sums_of_others_restricted_data_are_all_written_alike() -> None:
    """Half an hour of one person would make the sums of all others decimals."""
    for hours in ("17", "17.5"):
        rows = [{"g": "a", "v": "8"}, {"g": "b", "v": hours}]
        workbench = replace(bench(table=rows), is_protected=True)
        _run(workbench, by=["g"], sums=["v"])
        assert {type(cell) for cell in made_column(workbench, "v")} == {float}


@pytest.mark.parametrize(
    ("cells", "first", "last"),
    [
        (["31/12/2023", "01/02/2024", "15/01/2024"], date(2023, 12, 31), date(2024, 2, 1)),
        (["2024-02-01", "2023-12-31", None], date(2023, 12, 31), date(2024, 2, 1)),
        (["mai 2024", "avril 2024", "juin 2023"], "2023-06", "2024-05"),
        ([date(2024, 2, 1), date(2023, 12, 31)], date(2023, 12, 31), date(2024, 2, 1)),
    ],
)
def test_first_and_last_of_dates_are_dates(cells: list[Any], first: Any, last: Any) -> None:
    """Whatever they are written like: not the first text, and no failure."""
    rows = [{"g": "a", "d": cell} for cell in cells for _ in range(5)]
    workbench = bench(table=rows)
    _run(workbench, by=["g"], mins=["d"], maxs=["d"])
    assert result_rows(workbench) == [{"g": "a", "d_min": first, "d_max": last}]
