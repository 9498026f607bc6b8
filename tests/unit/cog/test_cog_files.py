"""The lists that are made anew lie where they are read."""

from pathlib import Path

import pytest

from deploy.cog.cog_files import CODES, DEPARTMENTS, FOLDER, FORMER_NAMES, PLACES


@pytest.mark.parametrize(
    "path",
    [
        FOLDER / "outlines.csv.gz",
        FOLDER / "borders.csv.gz",
        CODES / "communes.csv.gz",
        CODES / "cedex.csv.gz",
        PLACES,
        FORMER_NAMES,
        DEPARTMENTS,
    ],
    ids=lambda path: path.name,
)
def test_list_is_written_in_place_of_the_one_that_is_read(path: Path) -> None:
    """A file that moved was written beside it."""
    assert path.is_file()
