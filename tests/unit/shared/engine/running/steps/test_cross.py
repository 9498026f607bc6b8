"""Crossings of one and several keys, of either side, against a naive reference."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.engine.applications import effect_of
from shared.engine.applications.cross.application import CrossParameters
from shared.engine.applications.cross.run import cross
from shared.engine.applications.effect import Source
from shared.engine.contract.result import Report
from shared.engine.running.steps.workbench import Workbench
from shared.errors import Invalid
from shared.events import Step
from tests.unit.shared.engine.running.steps.benches import bench, made_column, result_rows

HOWS = ("left", "inner", "right", "full", "anti")
_CELL = st.sampled_from(["a", " a", "b", "\x1f", "a\x1f", "\x1e", "", None])
_SIDE = st.lists(st.tuples(_CELL, _CELL), max_size=6)


def _run(workbench: Workbench, **parameters: Any) -> Report:
    fields = {"left_key": "k", "right_key": "k", **parameters}
    return cross.run(workbench, CrossParameters.model_validate(fields))


def _table(rows: list[tuple[Any, Any]], number: str) -> pa.Table:
    schema = pa.schema({"k": pa.string(), "m": pa.string(), number: pa.int64()})
    listed = [{"k": k, "m": m, number: n} for n, (k, m) in enumerate(rows)]
    return pa.Table.from_pylist(listed, schema)


def _naive(
    left: list[tuple[Any, ...]], right: list[tuple[Any, ...]], how: str
) -> Counter[tuple[Any, Any]]:
    """Pairs of numbers of rows; keys are compared without spaces around, and none meets none."""

    def key(row: tuple[Any, ...]) -> tuple[str, ...] | None:
        parts = tuple((part or "").strip(" ") for part in row)
        return parts if all(parts) else None

    met = [
        (n, m)
        for n, mine in enumerate(left)
        for m, other in enumerate(right)
        if key(mine) and key(mine) == key(other)
    ]
    alone = [(n, None) for n in range(len(left)) if n not in {number for number, _ in met}]
    others = [(None, m) for m in range(len(right)) if m not in {number for _, number in met}]
    matched_rows: list[tuple[Any, Any]] = [] if how == "anti" else list(met)
    matched_rows += alone if how in ("left", "full", "anti") else []
    matched_rows += others if how in ("right", "full") else []
    return Counter(matched_rows)


@settings(max_examples=50, deadline=None)
@given(left=_SIDE, right=_SIDE, how=st.sampled_from(HOWS), is_double=st.booleans())
def test_rows_are_those_of_a_naive_reference(
    left: list[tuple[Any, Any]], right: list[tuple[Any, Any]], how: str, is_double: bool
) -> None:
    """One key or two, with what parts them in them, from either side; counts before are exact."""
    workbench = bench(left=_table(left, "l"), right=_table(right, "r"))
    keys = [{"left": "m", "right": "m"}] if is_double else []
    report = _run(workbench, how=how, keys=keys, many_to_many="kept")
    rows = result_rows(workbench)
    width = 2 if is_double else 1
    naive = _naive([row[:width] for row in left], [row[:width] for row in right], how)
    assert Counter((row["l"], row.get("r")) for row in rows) == naive
    assert report["rows"]["out"] == len(rows)
    numbers = [row["l"] for row in rows if row["l"] is not None]
    assert numbers == sorted(numbers)


@settings(max_examples=15, deadline=None)
@given(
    codes=st.lists(st.sampled_from(["14118", "14011", "14581", "x"]), min_size=1, max_size=5),
    years=st.lists(st.sampled_from(["1", "2"]), min_size=5, max_size=5),
    how=st.sampled_from(HOWS),
)
def test_crosswalk_leads_the_first_of_several_keys(
    codes: list[str], years: list[str], how: str
) -> None:
    """Communes meet their département, if the year is the same, too."""
    left = list(zip(codes, years, strict=False))
    right = [("14", "1"), ("14", "2"), ("76", "1")]
    workbench = bench(left=_table(left, "l"), right=_table(right, "r"))
    keys = [{"left": "m", "right": "m"}]
    report = _run(workbench, how=how, keys=keys, left_via="commune_departement")
    led = [("14" if code.startswith("14") else "", year) for code, year in left]
    counts = Counter((row["l"], row.get("r")) for row in result_rows(workbench))
    assert counts == _naive(led, right, how)
    assert report["passages"]["left"]["via"] == "commune_departement"


def test_gone_communes_follow_with_several_keys() -> None:
    """A former code leads to its successor of the same year."""
    successors = [
        {"code": "14581", "type": "commune-actuelle", "chefLieu": "", "anciensCodes": "14011"}
    ]
    left, right = [("14011", "1"), ("14011", "2")], [("14581", "1")]
    workbench = bench(left=_table(left, "l"), right=_table(right, "r"), successors=successors)
    report = _run(workbench, keys=[{"left": "m", "right": "m"}])
    assert made_column(workbench, "r") == [0, None]
    assert [(orphan["key"], orphan["crossed"]) for orphan in report["orphans"]] == [
        ("14011 | 1", True),
        ("14011 | 2", False),
    ]


def test_report_lists_no_persons_of_several_keys() -> None:
    """A part that is a person's hides the key."""
    left = [("Caen", f"marie.martin{n}@exemple.fr") for n in range(3)]
    workbench = bench(left=_table(left, "l"), right=_table([("Eu", "x")], "r"))
    report = _run(workbench, keys=[{"left": "m", "right": "m"}])
    assert {orphan["key"] for orphan in report["orphans"]} == {None}


def test_anti_join_has_the_columns_of_the_left_alone() -> None:
    """What was met is told to those whose data it is, and none of it stands in the result."""

    def effect(how: str) -> Any:
        keys = [{"left": "m", "right": "n"}]
        parameters = {"left_key": "k", "right_key": "k", "how": how, "keys": keys}
        inputs = {"left": "a", "right": "b"}
        step = Step(application="cross", inputs=inputs, parameters=parameters, output="o")
        return effect_of(step, "steps.0", {"left": ("k", "m"), "right": ("k", "n")})

    assert list(effect("anti").columns) == ["k", "m"]
    assert list(effect("full").columns) == ["k", "m", "k_2", "n"]
    for how in ("anti", "full"):
        assert [(meeting.how, meeting.right[0]) for meeting in effect(how).met] == [
            (how, Source("right", "k")),
            (how, Source("right", "n")),
        ]
        assert {Source("left", "m"), Source("right", "n")} <= effect(how).reads


def test_column_of_a_further_key_is_named_where_it_is_missing() -> None:
    """By its place among the keys."""
    workbench = bench(left=_table([], "l"), right=_table([], "r"))
    with pytest.raises(Invalid) as refused:
        _run(workbench, keys=[{"left": "m", "right": "zz"}])
    assert refused.value.field == "keys.0.right"
