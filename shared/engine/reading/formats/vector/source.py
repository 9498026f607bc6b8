"""What is known of a file of geographic data before GDAL opens it."""

from dataclasses import dataclass
from pathlib import Path

KIND, WKB = b"ARROW:extension:name", b"geoarrow.wkb"
"""How a column says that it holds geometries."""

_BATCH_BYTES, _MOST_ROWS = 1 << 23, 20_000
"""Of a file, how much is read at once: as text it takes several times as many."""


@dataclass(frozen=True)
class GeographicFile:
    """A file whose form was looked at; `layers` None for all that GDAL finds."""

    kind: str
    path: Path
    encoding: str
    recoded: str | None = None
    """The encoding by GDAL's name, where a file may have several."""

    title: str = ""
    """Of its only layer, where the file's own name is not to be seen any more."""

    layers: frozenset[str] | None = None
    drawn: frozenset[str] = frozenset()
    """Columns that say how features are drawn, and nothing of them."""

    has_schema: bool = True
    """Whether its columns are its maker's: else those that hold nothing are left out."""

    deleted: int = 0
    """Features that are still in the file, marked as deleted."""

    emptiness: str = "ce fichier ne contient aucun objet"
    """Why there is no table, where no layer has features."""


def rows_at_once(size: int, features: int) -> int:
    """Return how many features to read at a time, where all of them take `size` bytes."""
    bytes_per_row = size // max(1, features)
    return max(1, min(_MOST_ROWS, _BATCH_BYTES // max(1, bytes_per_row)))
