"""What a treatment reads and shows is found from its steps."""

from typing import Any

import pytest

from shared.engine.analysis.lineage import Reading, readings_of
from shared.errors import Invalid
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

BUSES, TOWNS = "dts_buses", "dts_towns"
COLUMNS: dict[str, tuple[str, ...] | None] = {
    BUSES: ("stop", "commune", "boardings", "revenue"),
    TOWNS: ("code", "nom", "population", "boardings"),
}
SIDES = {"left": "buses", "right": "towns"}
CROSS = step("cross", SIDES, "crossed", left_key="commune", right_key="code")


def treatment(*steps: dict[str, Any]) -> Treatment:
    """A treatment of both tables."""
    inputs = {"buses": BUSES, "towns": TOWNS}
    return Treatment.model_validate({"inputs": inputs, "steps": steps})


def summed(table: str, **parameters: Any) -> Any:
    """A step that adds up."""
    asked = {"by": ["commune"], "sums": ["boardings"], **parameters}
    return step("aggregate", {"table": table}, "summed", **asked)


def reading_of(*steps: dict[str, Any]) -> Reading:
    """What the steps read of the buses."""
    return readings_of(treatment(*steps), COLUMNS)[BUSES]


def test_columns_are_followed_through_renaming() -> None:
    """The right table's `boardings` becomes `boardings_2`: that one is the towns'."""
    readings = readings_of(treatment(CROSS, summed("crossed", sums=["boardings_2"])), COLUMNS)
    assert readings[BUSES].columns == ("commune",)
    assert readings[TOWNS].columns == ("boardings", "code")


def test_crossing_lists_keys_without_a_match_with_their_weight() -> None:
    """The report of a crossing tells of keys: that comes out too."""
    weighed = {**CROSS, "parameters": {**CROSS["parameters"], "weight": "revenue"}}
    reading = reading_of(weighed, summed("crossed"))
    assert reading.columns == ("boardings", "commune", "revenue")
    assert "sum(revenue)" in {figure for figures in reading.shown for figure in figures.figures}


def test_unused_table_is_not_read() -> None:
    """A dataset that no step takes is read in no column."""
    assert readings_of(treatment(summed("buses")), COLUMNS)[TOWNS] == Reading(columns=())


def test_unknown_columns_are_those_that_the_treatment_names() -> None:
    """Of a dataset that nobody has read yet, the treatment's names are what is known."""
    steps = treatment(CROSS, summed("crossed", sums=["boardings", "passengers"]))
    readings = readings_of(steps, COLUMNS | {BUSES: None})
    assert readings[BUSES].columns == ("boardings", "commune", "passengers")
    assert readings_of(treatment(CROSS), COLUMNS | {BUSES: None})[BUSES].columns is None


def test_chart_of_an_earlier_step_comes_out() -> None:
    """A chart shows figures that the last table may not hold."""
    chart = {"value": "boardings", "label": "commune", "title": "Montées"}
    again = {**summed("summed", by=["boardings"], counts=["commune"], sums=[]), "output": "last"}
    reading = reading_of(summed("buses", chart=chart), again)
    assert ("commune", "sum(boardings)") in {figures.figures for figures in reading.shown}


def test_treatment_that_cannot_run_is_refused() -> None:
    """Nobody can say what it reads."""
    with pytest.raises(Invalid):
        reading_of({**CROSS, "application": "divine"})


INNER = {**CROSS, "parameters": {**CROSS["parameters"], "how": "inner"}}
BY_STOP = summed("buses", by=["commune", "stop"])


@pytest.mark.parametrize(
    ("granted", "wanted_steps", "covered"),
    [
        ([summed("buses")], [summed("buses")], True),
        ([BY_STOP], [summed("buses")], True),
        ([summed("buses")], [BY_STOP], False),
        ([summed("buses")], [summed("buses", sums=["revenue"])], False),
        ([summed("buses")], [summed("buses", means=["boardings"])], False),
        ([summed("buses", means=["boardings"])], [summed("buses")], True),
        ([CROSS], [CROSS, summed("crossed")], True),
        ([CROSS, summed("crossed")], [CROSS], False),
        ([summed("buses")], [CROSS, summed("crossed")], False),
        ([CROSS, summed("crossed")], [summed("buses")], False),
        ([CROSS, summed("crossed")], [INNER, summed("crossed")], False),
        ([CROSS, summed("crossed")], [CROSS, summed("crossed", by=["nom"])], False),
    ],
)
def test_grant_covers_what_reads_no_more_and_shows_nothing_finer(
    granted: list[dict[str, Any]], wanted_steps: list[dict[str, Any]], *, covered: bool
) -> None:
    """Coarser groups and fewer columns are covered; another column, grain or crossing is not."""
    assert reading_of(*granted).covers(reading_of(*wanted_steps)) is covered


def asked(sql: str) -> Any:
    """A query of the buses."""
    return step("query", {"buses": "buses"}, "asked", sql=sql)


ROW_BY_ROW = asked("SELECT stop, revenue * 2 FROM buses")
PSEUDONYMS = step("pseudonymise", {"table": "buses"}, "asked", columns=["stop"])
LOCATED = step(
    "geo",
    {"table": "buses"},
    "asked",
    position={"latitude": "boardings", "longitude": "revenue"},
    areas=["commune"],
)


@pytest.mark.parametrize(
    "steps",
    [
        [ROW_BY_ROW],
        [asked("SELECT * FROM (UNPIVOT buses ON boardings, revenue INTO NAME what VALUE much)")],
        [asked("SELECT unnest(struct_pack(a := stop, b := revenue)) FROM buses")],
        [PSEUDONYMS],
        [LOCATED],
        [ROW_BY_ROW, summed("asked", by=["stop"], sums=["(revenue * 2)"])],
        [CROSS, summed("crossed", by=[], times=[{"column": "stop", "step": "year"}])],
    ],
)
def test_what_was_asked_for_is_covered_by_itself(steps: list[dict[str, Any]]) -> None:
    """Whatever is worked out of each row: else no trial of it could ever run."""
    reading = reading_of(*steps)
    assert any(figures.figures for figures in reading.shown)
    assert reading.covers(reading)


@pytest.mark.parametrize(
    ("granted", "wanted_step"),
    [
        (LOCATED, {**LOCATED, "parameters": {**LOCATED["parameters"], "coordinates": ["wgs84"]}}),
        (ROW_BY_ROW, asked("SELECT stop, revenue + 0 FROM buses")),
        (
            summed("buses", by=[], times=[{"column": "stop", "step": "year"}]),
            summed("buses", by=[], times=[{"column": "stop", "step": "day"}]),
        ),
    ],
)
def test_another_calculation_on_the_same_columns_is_not_covered(
    granted: dict[str, Any], wanted_step: dict[str, Any]
) -> None:
    """The commune of a point is not the point, nor is a year a day."""
    assert not reading_of(granted).covers(reading_of(wanted_step))


def test_whole_dataset_is_covered_by_no_list_of_columns() -> None:
    """All of it, whatever it turns out to be, is more than any columns."""
    assert not Reading(columns=("a",)).covers(Reading(columns=None))
    assert Reading(columns=None).covers(Reading(columns=("a",)))


def test_codes_that_follow_others_are_listed_in_the_report() -> None:
    """The table of communes is crossed too, and its codes come out."""
    steps = {**CROSS, "inputs": {**CROSS["inputs"], "successors": "cog"}}
    inputs = {"buses": BUSES, "towns": TOWNS, "cog": "dts_cog"}
    asked = Treatment.model_validate({"inputs": inputs, "steps": [steps, summed("crossed")]})
    columns = COLUMNS | {"dts_cog": ("code", "type", "chefLieu", "anciensCodes", "nom")}
    reading = readings_of(asked, columns)["dts_cog"]
    assert reading.columns == ("anciensCodes", "chefLieu", "code", "type")
    assert any("listed(code)" in figures.figures for figures in reading.shown)
    assert {key.other for key in reading.keys} == {f"{BUSES}.commune"}
