"""Reads GeoParquet: Parquet that says which column holds geometries, and in which system.

Source: https://geoparquet.org, version 1.1 (metadata `geo`). Geometries are WKB, longitude first.
Who writes the bytes and not the metadata has geometries as well, in a system that nobody tells.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely
from pyarrow import parquet

from shared.engine.reading.formats.table import MOST_CELLS
from shared.engine.reading.formats.vector.geometries import parsed
from shared.engine.reading.formats.vector.source import KIND, WKB, GeographicFile, rows_at_once
from shared.errors import Rejected

_KEY = b"geo"
_WGS84 = "EPSG:4326"
_DEFAULT = ("OGC", "CRS84")
"""What no system means: degrees of WGS84."""


_LOOKED_AT = 100
"""Rows whose bytes tell whether a column holds geometries."""


class ParquetLayer:
    """The features of a Parquet file with geometries."""

    name = ""
    has_curves = False
    """WKB of GeoParquet has none."""

    def __init__(self, path: Path) -> None:
        self._file = parquet.ParquetFile(path)
        schema = self._file.schema_arrow
        metadata = _told(self._file) or {}
        self._geometry = str(metadata.get("primary_column"))
        self.system = _system(metadata["columns"][self._geometry])
        self.features = self._file.metadata.num_rows
        if self.features * len(schema) > MOST_CELLS:
            raise Rejected(
                f"{self.features} lignes et {len(schema)} colonnes : plus de"
                f" {MOST_CELLS // 10**6} millions de cases, pour un fichier à géométries"
            )
        at = schema.get_field_index(self._geometry)
        self._schema = schema.set(at, schema.field(at).with_metadata({KIND: WKB}))
        footer = self._file.metadata
        size = sum(
            footer.row_group(group).total_byte_size for group in range(footer.num_row_groups)
        )
        self._rows = rows_at_once(size, self.features)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield its features in batches; raises Rejected, in French, where the file breaks off."""
        try:
            for batch in self._file.iter_batches(self._rows):
                yield pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
        except (pa.ArrowException, OSError) as error:
            raise Rejected("ce fichier Parquet est abîmé") from error


def look_at_geoparquet(path: Path) -> GeographicFile | None:
    """Describe a Parquet file with geometries in WKB; None for any other Parquet file."""
    try:
        metadata = _told(parquet.ParquetFile(path))
    except (pa.ArrowException, OSError):
        return None
    if metadata is None:
        return None
    boxes = frozenset(_boxes(metadata["columns"][metadata["primary_column"]]))
    return GeographicFile("geoparquet", path, "binary", drawn=boxes)


def _told(file: parquet.ParquetFile) -> dict[str, Any] | None:
    """Return the metadata of geometries, or guess it from the bytes; None without a WKB column."""
    schema = file.schema_arrow
    try:
        metadata = json.loads((schema.metadata or {}).get(_KEY, b"null"))
        name = metadata["primary_column"]
        is_wkb = metadata["columns"][name]["encoding"] == "WKB" and _is_bytes(schema.field(name))
    except (ValueError, KeyError, TypeError, RecursionError):
        is_wkb = False
    return metadata if is_wkb else _seen(file)


def _seen(file: parquet.ParquetFile) -> dict[str, Any] | None:
    """Return such metadata for the first column whose bytes are WKB, without a system."""
    for name in (field.name for field in file.schema_arrow if _is_bytes(field)):
        batch = next(file.iter_batches(_LOOKED_AT, columns=[name]), None)
        values = batch.column(0).drop_null() if batch else ()
        if len(values) and not shapely.is_missing(parsed(values)).any():
            return {"primary_column": name, "columns": {name: {"crs": None}}}
    return None


def _is_bytes(field: pa.Field) -> bool:
    return bool(pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type))


def _system(column: dict[str, Any]) -> str | None:
    """Return the coordinate system: WGS84 where the key lacks, None where it is null."""
    system = column.get("crs", _WGS84)
    if not isinstance(system, dict):
        return system if system == _WGS84 else None
    identifier = system.get("id")
    if (
        isinstance(identifier, dict)
        and (identifier.get("authority"), identifier.get("code")) == _DEFAULT
    ):
        return _WGS84
    return json.dumps(system)


def _boxes(column: dict[str, Any]) -> Iterator[str]:
    """Return the columns that hold only the bounding boxes of geometries."""
    covering = column.get("covering")
    for corners in covering.values() if isinstance(covering, dict) else ():
        for path in corners.values() if isinstance(corners, dict) else ():
            if isinstance(path, list) and path:
                yield str(path[0])
