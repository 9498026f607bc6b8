"""What is known of a file of geographic data before GDAL opens it."""

from dataclasses import dataclass
from pathlib import Path

KIND, WKB = b"ARROW:extension:name", b"geoarrow.wkb"
"""How a column says that it holds geometries."""


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
