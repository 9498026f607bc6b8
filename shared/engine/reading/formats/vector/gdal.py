"""GDAL, held to the formats that are read here: none that opens other files, none of networks."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pyarrow as pa
import pyogrio
from pyogrio.core import _register_drivers
from pyogrio.raw import open_arrow, read

from shared.engine.reading.formats.vector.source import KIND, WKB, GeographicFile, rows_at_once
from shared.errors import Rejected

DRIVERS = {"shp": "ESRI Shapefile", "gpkg": "GPKG", "kml": "LIBKML", "gpx": "GPX"}
"""What GDAL calls the formats."""

_CALLED = {
    "shp": "ce Shapefile",
    "gpkg": "ce GeoPackage",
    "kml": "ce fichier KML",
    "gpx": "ce fichier GPX",
}
_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "LIBKML_EXTERNAL_STYLE": "NO",
    "LIBKML_RESOLVE_STYLE": "NO",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
    "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO",
}


class Layer:
    """A layer of a file, and how many features it has."""

    has_curves = False
    """Whether they are to be made straight lines, which takes longer."""

    def __init__(self, source: GeographicFile, name: str) -> None:
        self.name, self._source = name, source
        with _explained(source.kind):
            info = pyogrio.read_info(
                source.path, layer=name, encoding=source.recoded, force_feature_count=True
            )
        self.features, self.system = int(info["features"]) - source.deleted, info["crs"]
        self._number = str(info["fid_column"] or "fid")

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield its features in batches: the number, the attributes and the geometry as WKB.

        Times are texts. Raises Rejected, in French, where the file breaks off.
        """
        rows = rows_at_once(self._source.path.stat().st_size, self.features)
        count = 0
        for batch in self._straightened(rows) if self.has_curves else self._as_they_are(rows):
            count += len(batch)
            yield batch
        if count != self.features:
            raise Rejected(
                f"{_CALLED[self._source.kind]} annonce {self.features} objets et en a {count} : il"
                " est abîmé ou coupé"
            )

    def _as_they_are(self, rows: int) -> Iterator[pa.RecordBatch]:
        source = self._source
        with ExitStack() as stack:
            with _explained(source.kind):
                opened = open_arrow(
                    source.path,
                    layer=self.name,
                    encoding=source.recoded,
                    batch_size=rows,
                    return_fids=True,
                    datetime_as_string=True,
                    use_pyarrow=True,
                )
                _, reader = stack.enter_context(opened)
            while (batch := _next(reader, source.kind)) is not None:
                yield batch

    def _straightened(self, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the same through GDAL's older interface, which turns curves into lines."""
        source = self._source
        for at in range(0, self.features, rows):
            with _explained(source.kind):
                metadata, numbers, shapes, columns = read(
                    source.path,
                    layer=self.name,
                    skip_features=at,
                    max_features=rows,
                    return_fids=True,
                    datetime_as_string=True,
                )
                arrays = [
                    pa.array(values, from_pandas=True) for values in (numbers, *columns, shapes)
                ]
            names = [self._number, *metadata["fields"], "wkb_geometry"]
            fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
            schema = pa.schema([*fields[:-1], fields[-1].with_metadata({KIND: WKB})])
            yield pa.record_batch(arrays, schema=schema)


def _next(reader: pa.RecordBatchReader, kind: str) -> pa.RecordBatch | None:
    with _explained(kind):
        return next(reader, None)


def layers_of(source: GeographicFile) -> list[str]:
    """The names of the layers of a file, in order."""
    _hold_to_drivers()
    with _explained(source.kind):
        return [str(name) for name, _ in pyogrio.list_layers(source.path)]


def _hold_to_drivers() -> None:
    """Take all other drivers out of GDAL: it reads which to skip when it registers them."""
    if others := set(pyogrio.list_drivers()) - set(DRIVERS.values()):
        pyogrio.set_gdal_config_options({"OGR_SKIP": ",".join(sorted(others)), **_OPTIONS})
        _register_drivers()
    assert set(pyogrio.list_drivers()) == set(DRIVERS.values())  # noqa: S101 - or nothing is read


@contextmanager
def _explained(kind: str) -> Iterator[None]:
    """Raise Rejected, in French, for any GDAL error: its own message may hold values."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, RuntimeError, ValueError) as error:
        raise Rejected(f"{_CALLED[kind]} est abîmé, ou écrit d'une façon inconnue ici") from error
