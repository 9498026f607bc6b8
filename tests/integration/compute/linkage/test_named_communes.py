"""A column that names communes is told, so that its codes can be added."""

from pathlib import Path

import pytest

from tests.integration.compute.jobs import ingest
from tests.integration.compute.profiles import profile_of


@pytest.mark.parametrize(
    ("name", "values", "names"),
    [
        ("commune", "CAEN;Vire Normandie;ST LO;AIGLE (L');Saint-Martin", "commune"),
        ("Ville du club", "Caen;Bayeux;Lisieux;Alençon;Caenn", "commune"),
        ("ville", "Berlin;Madrid;Caen;Oslo;Rome", ""),
        ("nom", "Caen;Bayeux;Lisieux;Rouen;Évreux", ""),
        ("commune", "14118;14047;14366;14258;14715", ""),
    ],
)
def test_columns_that_name_communes_are_told(
    tmp_path: Path, name: str, values: str, names: str
) -> None:
    """By their name and most of their values; neither codes nor what may be surnames."""
    content = "\n".join((f'"{name}";n', *(f'"{word}";1' for word in values.split(";"))))
    [column, _n] = profile_of(ingest(tmp_path, content.encode())).columns
    assert column.names == names
