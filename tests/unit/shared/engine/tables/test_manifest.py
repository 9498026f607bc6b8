"""A job's manifest tells everything about it, and survives the file store."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.engine.tables.manifest import Column, Input, Manifest, Meaning, Output, Profile
from shared.engine.tables.misleading import ColumnWarning, ranges_of
from shared.events import FileRef, Step

TABLE, CHART = (FileRef(sha256=digit * 64, size=10) for digit in "ab")
MANIFEST = Manifest(
    job_id="job_1",
    kind="full",
    project_id="prj_1",
    inputs=(Input(name="homes", dataset_id="dts_1", version=2, sha256="c" * 64),),
    steps=(Step(application="cross", inputs={"left": "homes"}, output="crossed"),),
    outputs=(Output(name="result.parquet", file=TABLE), Output(name="chart.png", file=CHART)),
    reports=({"rows": 71},),
    software={"duckdb": "1.4"},
    started=datetime(2026, 3, 1, 12, tzinfo=UTC),
    ended=datetime(2026, 3, 1, 12, 1, tzinfo=UTC),
)


def column(name: str, key: str | None) -> Column:
    """A text column."""
    return Column(name=name, kind="text", filled=1, distinct=1, key=key)


def test_output_is_found_by_its_name() -> None:
    """The catalogue asks for the file it knows."""
    assert MANIFEST.output("chart.png") == CHART
    assert MANIFEST.output("nothing.csv") is None


def test_fields_of_a_later_version_are_ignored() -> None:
    """Compute may be newer than the catalogue."""
    document = MANIFEST.model_dump(mode="json") | {"carbon": 1}
    assert Manifest.model_validate(document) == MANIFEST


def test_time_without_a_zone_is_refused() -> None:
    """Nobody has to guess when a job ran."""
    document = MANIFEST.model_dump(mode="json") | {"started": "2026-03-01T12:00:00"}
    with pytest.raises(ValidationError, match="started"):
        Manifest.model_validate(document)


def test_profile_lists_each_kind_of_key_once() -> None:
    """Two commune columns are one way to cross this table with another."""
    columns = (
        column("siren", "siren"),
        column("com", "commune"),
        column("label", None),
        column("former", "commune"),
    )
    profile = Profile(rows=1, encoding="utf-8", delimiter=";", columns=columns)
    assert profile.keys == ("commune", "siren")


def test_profile_without_values_still_counts() -> None:
    """Who may not see the data learns how good it is, and nothing of what it says."""
    meaning = Meaning(type="commune", confidence=1, valid=0.5, invalid=("1411X",))
    column_warning = ColumnWarning(
        kind="mixed_conventions", convention="codes", rows=7, examples=("1411X",), first_rows=(9,)
    )
    fields = {"meaning": meaning, "warnings": (column_warning,)}
    seen = column("com", "commune").model_copy(update=fields)
    columns = (seen, column("label", None))
    profile = Profile(rows=1, encoding="utf-8", columns=columns).without_values()
    assert "1411X" not in profile.model_dump_json()
    assert profile.columns[0].meaning == meaning.model_copy(update={"invalid": ()})
    (warning,) = profile.columns[0].warnings
    assert (warning.rows, warning.first_rows, "codes" in warning.message) == (0, (), True)
    assert profile.columns[1] == columns[1]


@pytest.mark.parametrize(
    ("rows", "ranges"),
    [
        ([4, 5, 6], [(4, 6, 1)]),
        ([3, 6, 9, 10], [(3, 9, 3), (10, 10, 1)]),
        ([1, 2, 4, 6, 20], [(1, 2, 1), (4, 6, 2), (20, 20, 1)]),
    ],
)
def test_rows_are_kept_as_ranges(rows: list[int], ranges: list[tuple[int, int, int]]) -> None:
    """Regular ones as one, whatever their number."""
    assert [
        (row_range.first, row_range.last, row_range.step) for row_range in ranges_of(rows)
    ] == ranges


@given(st.sets(st.integers(1, 300)))
def test_ranges_hold_the_rows_that_they_were_made_of(rows: set[int]) -> None:
    """No other, and each once."""
    rows_found = [
        row
        for row_range in ranges_of(sorted(rows))
        for row in range(row_range.first, row_range.last + 1, row_range.step)
    ]
    assert rows_found == sorted(rows)


def test_scattered_rows_are_too_many_to_be_kept() -> None:
    """A document stays small."""
    assert ranges_of([row * row for row in range(1, 5000)]) == ()
