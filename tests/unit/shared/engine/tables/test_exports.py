"""The format that a file's name asks for."""

from pathlib import Path

import pytest

from shared.engine.tables.exports import format_of


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("communes.xlsx", "xlsx"),
        ("downloads/a.b/Communes.CSV", "csv"),
        ("communes.parquet", "parquet"),
        ("communes.ods", ""),
        ("xlsx", ""),
        ("communes.csv.gz", ""),
    ],
)
def test_suffix_names_the_format(file: str, expected: str) -> None:
    """Whatever its case; one that tables are not saved in names none."""
    assert format_of(Path(file)) == expected
