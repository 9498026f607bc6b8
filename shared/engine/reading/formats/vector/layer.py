"""Reads the fullest layer of a file of geographic data into a table, its geometries as WKT."""

from pathlib import Path

import pyarrow as pa

from shared.engine.reading.formats.header import name_columns
from shared.engine.reading.formats.table import Table, schema_of
from shared.engine.reading.formats.vector.attribute_cells import is_cells, text_of
from shared.engine.reading.formats.vector.gdal import Layer, layers_of
from shared.engine.reading.formats.vector.geometries import (
    ALTITUDE,
    GEOMETRY,
    LATITUDE,
    LONGITUDE,
    Geometries,
    Overview,
    Reference,
    parsed,
)
from shared.engine.reading.formats.vector.geoparquet import ParquetLayer
from shared.engine.reading.formats.vector.shapefile import look_at_shapefile
from shared.engine.reading.formats.vector.source import (
    KIND,
    WKB,
    GeographicFile,
    look_at_geopackage,
    look_at_markup,
)
from shared.engine.reading.repairs import Repairs
from shared.engine.tables.column_names import unique
from shared.errors import Rejected

_MOST_LAYERS = 100
"""Each is looked at by itself, and XML is read anew for that."""

_OWN_ID = ("fid", "ogc_fid")
"""What GDAL calls the number of a feature; what is called otherwise, its maker named."""


def read_geoparquet(source: GeographicFile, repairs: Repairs) -> Table:
    """Read the table of a GeoParquet file that was looked at."""
    return _table(source, ParquetLayer(source.path), repairs)


def read_layer(path: Path, kind: str, filename: str, repairs: Repairs) -> Table:
    """Read the table of the layer with most features; note the other layers.

    Attributes are text, geometries WKT in WGS84 in a column `geometry`; points have `longitude`
    and `latitude` besides, and `altitude` where one is told. Raises Rejected, in French, for a
    file that is broken, empty or in parts.
    """
    source = _look(path, kind, filename, repairs)
    return _table(source, _fullest(source, repairs), repairs)


def _table(source: GeographicFile, layer: Layer | ParquetLayer, repairs: Repairs) -> Table:
    plan = _Plan(source, layer, repairs)
    return Table(
        columns=plan.names,
        batches=(plan.table(batch) for batch in layer.batches()),
        format=source.kind,
        encoding=source.encoding,
        sheet=source.title or layer.name or None,
    )


def _look(path: Path, kind: str, filename: str, repairs: Repairs) -> GeographicFile:
    if kind == "shp":
        return look_at_shapefile(path, filename, repairs)
    if kind == "gpkg":
        return look_at_geopackage(path, repairs)
    return look_at_markup(path, kind, repairs)


def _fullest(source: GeographicFile, repairs: Repairs) -> Layer:
    """Return the layer with most features; the first of several."""
    names = [name for name in layers_of(source) if source.layers is None or name in source.layers]
    if len(names) > _MOST_LAYERS:
        raise Rejected(f"plus de {_MOST_LAYERS} couches ({len(names)}) : rassemblez-les d'abord")
    filled = [layer for layer in (Layer(source, name) for name in names) if layer.features]
    if not filled:
        raise Rejected(source.emptiness)
    best = max(filled, key=lambda layer: layer.features)
    others = [layer.name for layer in filled if layer is not best]
    repairs.note_each("other_layers", others)
    return best


class _Plan:
    """The columns of the table: attributes first, then where features are."""

    def __init__(
        self, source: GeographicFile, layer: Layer | ParquetLayer, repairs: Repairs
    ) -> None:
        try:
            schema, filled, overview = _survey(layer)
        except NotImplementedError:  # what shapely says of curves
            repairs.note("straight_curves")
            layer.has_curves = True
            schema, filled, overview = _survey(layer)
        self._shape = _shape_in(schema)
        self._attributes = [
            at
            for at in _attributes(schema, source, repairs)
            if at != self._shape and (source.has_schema or at in filled)
        ]
        attributes = [str(schema.field(at).name) for at in self._attributes]
        attributes = name_columns(attributes, len(attributes), None, repairs)
        reference = Reference(layer.system, overview)
        reference.tell(overview, repairs)
        self._geometries = Geometries(reference, overview, repairs)
        self._added = _added(overview, reference, attributes)
        self.names = [*attributes, *unique(self._added, attributes)]
        if not self.names:
            raise Rejected(source.emptiness)

    def table(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return some features as rows of text."""
        columns = [text_of(batch.column(at)) for at in self._attributes]
        if self._shape is not None and self._added:
            texts = self._geometries.texts(batch.column(self._shape))
            columns += [texts[name] for name in self._added]
        return pa.record_batch(columns, schema=schema_of(self.names))


def _survey(layer: Layer | ParquetLayer) -> tuple[pa.Schema, set[int], Overview]:
    """Read all features once: their columns, which of these hold something, and the geometries."""
    schema, filled, overview = pa.schema([]), set[int](), Overview()
    for batch in layer.batches():
        schema = batch.schema
        filled |= {at for at, column in enumerate(batch.columns) if column.null_count < len(column)}
        shape = _shape_in(schema)
        if shape is not None:
            overview = overview.with_these(parsed(batch.column(shape)))
    return schema, filled, overview


def _shape_in(schema: pa.Schema) -> int | None:
    """Return the position of the geometry column, if there is one."""
    metadata_by_field = [field.metadata or {} for field in schema]
    return next(
        (at for at, metadata in enumerate(metadata_by_field) if metadata.get(KIND) == WKB), None
    )


def _attributes(schema: pa.Schema, source: GeographicFile, repairs: Repairs) -> list[int]:
    """Return the positions of the attributes that can be text; note the others."""
    positions = [
        at
        for at, field in enumerate(schema)
        if field.name not in source.drawn and not (at == 0 and field.name.lower() in _OWN_ID)
    ]
    blobs = [schema.field(at) for at in positions if at != _shape_in(schema)]
    blobs = [field.name for field in blobs if not is_cells(field.type)]
    repairs.note_each("binary_fields", blobs)
    return [at for at in positions if schema.field(at).name not in blobs]


def _added(overview: Overview, reference: Reference, attributes: list[str]) -> list[str]:
    """Return the names of the coordinate columns that no attribute has already."""
    if not overview.have_shapes:
        return []
    taken = {name.lower() for name in attributes}
    added = []
    if overview.are_points:
        if reference.is_known and not taken & {LONGITUDE, LATITUDE}:
            added += [LONGITUDE, LATITUDE]
        if overview.have_heights and ALTITUDE not in taken:
            added.append(ALTITUDE)
    return [*added, GEOMETRY]
