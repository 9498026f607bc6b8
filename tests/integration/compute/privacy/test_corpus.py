"""What was judged by hand before the rules is told so: the half that rules are tuned on."""

import pytest

from tests.benchmarks.judged.privacy import Judged, judged


@pytest.fixture(scope="module")
def tables() -> list[Judged]:
    """The judged tables, as they are screened."""
    return list(judged("tuning"))


def test_no_table_that_tells_of_persons_is_missed(tables: list[Judged]) -> None:
    """Nor any of its columns, nor is it called another kind."""
    assert [column.name for column in tables if column.is_missed] == []
    assert [f"{table.name}: {column}" for table in tables for column in table.missed()] == []
    assert [f"{table.name}: {column}" for table in tables for column in table.otherwise()] == []


def test_no_other_table_is_told_to_be_about_persons(tables: list[Judged]) -> None:
    """However much it looks so; and rows are counted as they are."""
    assert [column.name for column in tables if column.is_false] == []
    assert [f"{table.name}: {column}" for table in tables for column in table.miscounted()] == []
