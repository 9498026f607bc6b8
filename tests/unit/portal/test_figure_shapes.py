"""Bars and the map: lengths, what stands in place of a value, and places beyond the map."""

from typing import Any

import pytest

from services.portal.figure_shapes import FULL, bars_of, beyond_map, map_of, said_of


def row(group: str, value: float | None, **more: str) -> dict[str, Any]:
    """A row as notify tells it."""
    return {"group": group, "code": "", "value": value, "hidden": "", **more}


def test_longest_bar_is_full_and_others_are_parts_of_it() -> None:
    """What is hidden has none."""
    bars = bars_of([row("a", 4), row("b", 1), row("c", 0), row("d", None, hidden="moins de 5")])
    assert [(bar.text, bar.length) for bar in bars] == [
        ("4", FULL),
        ("1", FULL / 4),
        ("0", 0),
        ("moins de 5", 0),
    ]


def test_bars_are_called_without_ids() -> None:
    """The committee reads titles; a dataset that was never published has none."""
    groups = ("Communes, 2026 (dts_01M8)", "dts_01M8", "Froid (prj_1)", "Aides (2024)")
    assert [bar.label for bar in bars_of([row(group, 1) for group in groups])] == [
        "Communes, 2026",
        "jeu jamais publié",
        "Froid",
        "Aides (2024)",
    ]


@pytest.mark.parametrize("rows", [[], [row("a", 0)], [row("a", None)]])
def test_nothing_has_no_bar(rows: list[dict[str, Any]]) -> None:
    """No division by nothing."""
    assert [bar.length for bar in bars_of(rows)] == [0] * len(rows)


@pytest.mark.parametrize(
    ("value", "cell_text"), [(12345, "12\u202f345"), (2.5, "2,5"), (3.0, "3"), (None, "rien")]
)
def test_values_are_written_in_french(value: float | None, cell_text: str) -> None:
    """Whole numbers without a comma, others with one digit after it."""
    assert said_of(row("a", value)) == cell_text


def test_map_has_the_five_departments_within_its_frame() -> None:
    """Their names stand inside."""
    places = map_of([row("département 14", 3, code="14"), row("département 50", 1, code="50")])
    assert [area.code for area in places] == ["14", "27", "50", "61", "76"]
    # As large as the template draws it.
    assert all(0 < area.across < 320 and 0 < area.down < 250 for area in places)
    assert all(area.path.startswith("M") and area.path.endswith("Z") for area in places)
    by_code = {area.code: area for area in places}
    assert by_code["14"].strength > by_code["50"].strength > by_code["27"].strength == 0
    assert (by_code["14"].value, by_code["27"].value) == (3, 0)


def test_places_that_the_map_lacks_are_told() -> None:
    """A project may be about Paris, or overseas; a place without any is not told."""
    rows = [row(code, 1, code=code) for code in ("14", "75", "974")] + [row("2A", 0, code="2A")]
    assert [row["code"] for row in beyond_map(rows)] == ["75", "974"]
    assert {area.strength for area in map_of(rows[1:])} == {0}
