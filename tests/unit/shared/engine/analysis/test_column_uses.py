"""Why each column is read, as a reviewer reads it."""

from typing import Any

from shared.engine.analysis.column_uses import uses_of
from shared.engine.analysis.lineage import Reading, Shown, readings_of
from shared.events.event import Treatment
from tests.unit.shared.engine.analysis.steps import step

HOMES, AREAS = "dts_homes", "dts_areas"
COLUMNS: dict[str, tuple[str, ...] | None] = {
    HOMES: ("com", "homes", "vacant", "owner"),
    AREAS: ("code", "epci"),
}


def _uses(dataset_id: str, *steps: dict[str, Any]) -> dict[str, str]:
    fields = {"inputs": {"homes": HOMES, "areas": AREAS}, "steps": steps}
    reading = readings_of(Treatment.model_validate(fields), COLUMNS)[dataset_id]
    return {use.name: use.why for use in uses_of(reading, {}) or ()}


HOW = {"left_key": "com", "right_key": "code", "how": "inner", "many_to_many": "refused"}
CROSSED = step("cross", {"left": "homes", "right": "areas"}, "crossed", **HOW)


def test_each_column_is_read_for_something() -> None:
    """To cross, to group, for a figure: what is not needed is not read."""
    summed = step("aggregate", {"table": "crossed"}, "summed", by=["epci"], sums=["vacant"])
    homes = _uses(HOMES, CROSSED, summed)
    assert homes["com"].startswith("sert à croiser avec « code »")
    assert homes["vacant"] == "entre dans la somme de « vacant »"
    assert homes.keys() == {"com", "vacant"}
    assert "regroupe le résultat" in _uses(AREAS, CROSSED, summed)["epci"]


def test_column_that_only_chooses_rows_is_told_so() -> None:
    """A filter is a use, too."""
    sql = "SELECT vacant FROM homes WHERE owner = 'x'"
    assert _uses(HOMES, step("query", {"homes": "homes"}, "asked", sql=sql)) == {
        "owner": "sert à choisir des lignes ou à calculer",
        "vacant": "figure au résultat",
    }


def test_what_comes_out_about_persons_is_marked() -> None:
    """A column of persons that only chooses rows does not come out."""
    reading = Reading(
        columns=("com", "owner"), shown=(Shown(by=(f"{HOMES}.com",), figures=("sum(homes)",)),)
    )
    uses = uses_of(reading, {"owner": "noms", "com": "lieu"}) or ()
    assert [(use.name, use.is_shown, use.person) for use in uses] == [
        ("com", True, "lieu"),
        ("owner", False, "noms"),
    ]
