"""Reads GeoParquet: Parquet that says which column holds geometries, and in which system.

Source: https://geoparquet.org, version 1.1 (metadata `geo`). Geometries are WKB, longitude first.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from services.compute.runner.formats.table import MOST_CELLS
from services.compute.runner.formats.vector.source import KIND, WKB, GeographicFile, rows_at_once
from shared.errors import Rejected

_KEY = b"geo"
_WGS84 = "EPSG:4326"
_DEFAULT = ("OGC", "CRS84")
"""What no system means: degrees of WGS84."""


class ParquetLayer:
    """The features of a GeoParquet file."""

    name = ""
    has_curves = False
    """WKB of GeoParquet has none."""

    def __init__(self, path: Path) -> None:
        self._file = parquet.ParquetFile(path)
        schema = self._file.schema_arrow
        told = _told(schema) or {}
        self._geometry = str(told.get("primary_column"))
        self.system = _system(told["columns"][self._geometry])
        self.features = self._file.metadata.num_rows
        if self.features * len(schema) > MOST_CELLS:
            raise Rejected(
                f"{self.features} lignes et {len(schema)} colonnes : plus de"
                f" {MOST_CELLS // 10**6} millions de cases, pour un fichier à géométries"
            )
        at = schema.get_field_index(self._geometry)
        self._schema = schema.set(at, schema.field(at).with_metadata({KIND: WKB}))
        footer = self._file.metadata
        size = sum(footer.row_group(one).total_byte_size for one in range(footer.num_row_groups))
        self._rows = rows_at_once(size, self.features)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Its features, some at a time; raises Rejected, in French, where the file breaks off."""
        try:
            for batch in self._file.iter_batches(self._rows):
                yield pa.RecordBatch.from_arrays(batch.columns, schema=self._schema)
        except (pa.ArrowException, OSError) as error:
            raise Rejected("ce fichier Parquet est abîmé") from error


def look_at_geoparquet(path: Path) -> GeographicFile | None:
    """What is known of a Parquet file with geometries in WKB; None for any other Parquet."""
    try:
        schema = parquet.read_schema(path)
    except (pa.ArrowException, OSError):
        return None
    told = _told(schema)
    if told is None:
        return None
    boxes = frozenset(_boxes(told["columns"][told["primary_column"]]))
    return GeographicFile("geoparquet", path, "binary", drawn=boxes)


def _told(schema: pa.Schema) -> dict[str, Any] | None:
    """The metadata of geometries; None where they tell of no column in WKB."""
    try:
        told = json.loads((schema.metadata or {}).get(_KEY, b"null"))
        name = told["primary_column"]
        column = told["columns"][name]
        is_wkb = column["encoding"] == "WKB" and pa.types.is_binary(schema.field(name).type)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return told if is_wkb else None


def _system(column: dict[str, Any]) -> str | None:
    """The system of coordinates: WGS84 where none is told, none where that is said."""
    told = column.get("crs", _WGS84)
    if not isinstance(told, dict):
        return told if told == _WGS84 else None
    known = told.get("id")
    if isinstance(known, dict) and (known.get("authority"), known.get("code")) == _DEFAULT:
        return _WGS84
    return json.dumps(told)


def _boxes(column: dict[str, Any]) -> Iterator[str]:
    """The columns that only say how far geometries reach."""
    covering = column.get("covering")
    for corners in covering.values() if isinstance(covering, dict) else ():
        for path in corners.values() if isinstance(corners, dict) else ():
            if isinstance(path, list) and path:
                yield str(path[0])
